"""How many pairs of a holdout are no targets, as manifests count them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


@dataclass(frozen=True)
class LeftOutPairs:
    """Pairs that no system may or can answer; each is counted once, by the first that holds.

    Attributes:
        num_self: A node paired with itself; it is never recommended to itself.
        num_seen: With ``task.exclude_seen``, pairs that the train view has already.
        num_missing_coverage: Pairs whose target is no candidate of the region.
    """

    num_self: int | None
    num_seen: int | None
    num_missing_coverage: int | None

    @classmethod
    def of(cls, stats: Mapping[str, Any]) -> Self:
        """Reads the counts from a manifest; None for what an older version did not count."""
        return cls(**{part.name: stats.get(part.name) for part in fields(cls)})

    def to_json(self) -> dict[str, int | None]:
        """Returns the counts by name."""
        return asdict(self)
