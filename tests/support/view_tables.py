"""A view's tables in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa


@dataclass(frozen=True)
class GivenTables:
    """See ``ViewTables``: nodes of the candidates' type, and pairs."""

    of_nodes: pa.Table
    of_edges: Mapping[str, pa.Table] = field(default_factory=dict)
    of_all_regions: pa.Table | None = None

    def nodes(self, columns: Sequence[str]) -> pa.Table:
        return self.of_nodes.select(["node_id", *columns])

    def edges(self, etype: str) -> pa.Table:
        return self.of_edges[etype]

    def pairs_of_all_regions(self) -> pa.Table:
        if self.of_all_regions is None:
            raise TypeError("no pairs of all regions were given")
        return self.of_all_regions
