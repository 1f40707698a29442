"""What a query gets back."""

from dataclasses import dataclass
from typing import Any

from graphrec_core.one_line import in_one_line


@dataclass(frozen=True)
class Neighbour:
    """One recommended candidate.

    Attributes:
        rank: 1 is best.
        candidate_id: Its id.
        title: Its display name; None where it has none.
        score: Comparable among candidates that sources proposed, and among those that filled up.
        sources: What proposed it; ``popular`` where the popular list filled up.
    """

    rank: int
    candidate_id: str
    title: str | None
    score: float
    sources: list[str]


@dataclass(frozen=True)
class Answer:
    """The recommendations of one query node.

    Attributes:
        query_id: The query node.
        title: Its display name; None where it has none.
        region: Its home region, or the one asked for.
        shard_id: The shard that answered.
        as_of: That shard's instant.
        serves: ``model``, or ``popular`` where no model ever passed the gate.
        items: Neighbours, best first.
    """

    query_id: str
    title: str | None
    region: str
    shard_id: str
    as_of: str
    serves: str
    items: list[Neighbour]

    def to_dict(self) -> dict[str, Any]:
        """Writes the answer as JSON values."""
        return {**vars(self), "items": [dict(vars(item)) for item in self.items]}

    def to_text(self) -> str:
        """Writes the answer as lines for a person."""
        name = f"{self.query_id} ({self.title})" if self.title else self.query_id
        head = f"{name} · region {self.region} · shard {self.shard_id} of {self.as_of}"
        sources = [", ".join(item.sources) for item in self.items]
        width = max(map(len, sources), default=0)
        lines = [
            f"{item.rank:4d}  {item.candidate_id:<24}  {item.score:10.4f}  {names:<{width}}"
            f"  {item.title or ''}".rstrip()
            for item, names in zip(self.items, sources, strict=True)
        ]
        return "\n".join(map(in_one_line, [head, *lines]))
