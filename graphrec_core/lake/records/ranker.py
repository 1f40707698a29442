"""The figures of a fitted ranker."""

from typing import ClassVar

from pydantic import Field

from graphrec_core.config.steps import StepName
from graphrec_core.lake.records.figures import Figures, Record
from graphrec_core.lake.records.window import PairCounts
from graphrec_core.types import Region


class ChanceBin(Record):
    """Pairs of about one chance, by queries that were not fitted to.

    Attributes:
        chance: Their mean chance.
        rate: The share of them that was met.
        num_clicks: How many were met.
        num_pairs: How many of them were kept, a share of those that were not met.
    """

    chance: float
    rate: float
    num_clicks: int
    num_pairs: int


class RankerFigures(Figures):
    """What a ranker was fitted to.

    Attributes:
        regions: Those that it was fitted on, sorted; none: there was too little to fit to.
        left_out: Region -> why it is in no window.
        why_none: Why nothing was fitted, and lists are merged by reciprocal rank; None: it was.
        windows: Instant of a window's view -> how much was in it.
        num_queries: Queries with a click among what the sources propose, of all windows.
        num_clicks: Their clicks there.
        num_pairs: Pairs that it was fitted to, clicks and sampled others.
        importance: Feature -> its share of the trees' gain, in [0, 1].
        num_trees: How many trees there are.
        reliability: Chances against what was met, the least first; none: no query was held out.
        dependence: Feature -> its values, and the mean chance there; of the strongest features.
    """

    step: ClassVar[StepName] = StepName.RANKER
    shown: ClassVar[tuple[str, ...]] = (
        "windows", "num_queries", "num_clicks", "left_out", "why_none",
    )  # fmt: skip

    regions: tuple[Region, ...]
    left_out: dict[Region, str] = Field(default_factory=dict)
    why_none: str | None = None
    windows: dict[str, PairCounts] = Field(default_factory=dict)
    num_queries: int
    num_clicks: int
    num_pairs: int
    importance: dict[str, float] = Field(default_factory=dict)
    num_trees: int | None = None
    reliability: tuple[ChanceBin, ...] = ()
    dependence: dict[str, tuple[tuple[float, float], ...]] = Field(default_factory=dict)
