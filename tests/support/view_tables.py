"""A view's tables in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa


@dataclass(frozen=True)
class GivenTables:
    """See ``ViewTables``: nodes of the candidates' type, and pairs by edge type."""

    of_nodes: pa.Table
    of_edges: Mapping[str, pa.Table] = field(default_factory=dict)

    def nodes(self, columns: Sequence[str]) -> pa.Table:
        return self.of_nodes.select(["node_id", *columns])

    def edges(self, etype: str) -> pa.Table:
        return self.of_edges[etype]
