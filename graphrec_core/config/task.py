"""What is recommended to whom."""

from typing import Literal

from pydantic import Field

from graphrec_core.config.base import Section
from graphrec_core.config.source import EdgeConfig, Name

TaskKind = Literal["recommend"]
"""What is to be predicted; each kind has its objective in training."""


class TaskConfig(Section):
    """What is recommended (candidate) to whom (query), learned from which edges."""

    kind: TaskKind = Field(
        "recommend", description="What is learned: to rank candidates for queries (recommend)."
    )
    query: Name = Field(description="Node type that receives recommendations.")
    candidate: Name = Field(description="Node type that is recommended.")
    edge: Name = Field(description="Edge type to predict, from query to candidate.")
    exclude_seen: bool = Field(
        True, description="Leave out candidates the query node interacted with before."
    )

    @property
    def recommends_peers(self) -> bool:
        """Whether query nodes and candidates are of one node type, such as friends."""
        return self.query == self.candidate

    def ends_of(self, edge: EdgeConfig) -> tuple[str, str]:
        """Returns the node types that an edge type joins: (src, dst)."""
        return edge.src or self.query, edge.dst or self.candidate
