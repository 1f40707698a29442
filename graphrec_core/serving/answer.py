"""What a query gets back."""

from dataclasses import asdict, dataclass
from typing import Any

from graphrec_core.one_line import in_one_line
from graphrec_core.retrieval.explain import Why


@dataclass(frozen=True)
class Neighbour:
    """One recommended candidate.

    Attributes:
        rank: 1 is best.
        candidate_id: Its id.
        title: Its display name; None where it has none.
        score: Comparable among candidates that sources proposed, and among those that filled up.
        sources: What proposed it; ``popular`` where the popular list filled up.
        why: Why it stands there; None where nobody asked.
    """

    rank: int
    candidate_id: str
    title: str | None
    score: float
    sources: list[str]
    why: Why | None = None

    def to_dict(self) -> dict[str, Any]:
        """Writes it as JSON values; without ``why`` where nobody asked."""
        found = asdict(self)
        if self.why is None:
            del found["why"]
        return found

    def reasons(self) -> str:
        """Writes why it stands there, for a person; empty where nobody asked."""
        if self.why is None:
            return ""
        ranks = [f"{name} #{rank}" for name, rank in self.why.ranks.items()]
        effects = [
            f"{one.name} {'unknown' if one.value is None else format(one.value, '.4g')} "
            f"({one.effect:+.2f})"
            for one in self.why.features
        ]
        return "; ".join(", ".join(part) for part in (ranks, effects) if part)


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
        return {**vars(self), "items": [item.to_dict() for item in self.items]}

    def to_text(self) -> str:
        """Writes the answer as lines for a person."""
        name = f"{self.query_id} ({self.title})" if self.title else self.query_id
        head = f"{name} · region {self.region} · shard {self.shard_id} of {self.as_of}"
        sources = [", ".join(item.sources) for item in self.items]
        width = max(map(len, sources), default=0)
        lines = [head]
        for item, names in zip(self.items, sources, strict=True):
            line = f"{item.rank:4d}  {item.candidate_id:<24}  {item.score:10.4f}  {names:<{width}}"
            lines.append(f"{line}  {item.title or ''}".rstrip())
            if reasons := item.reasons():
                lines.append(f"      {reasons}")
        return "\n".join(map(in_one_line, lines))
