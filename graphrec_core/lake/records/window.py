"""The figures of a ranker's window."""

from typing import ClassVar

from pydantic import Field

from graphrec_core.config.steps import StepName
from graphrec_core.lake.records.figures import Figures, Record
from graphrec_core.types import Region


class PairCounts(Record):
    """How much there is to fit to.

    Attributes:
        num_queries: Queries with a click among what the sources propose.
        num_clicks: Their clicks there.
        num_pairs: Pairs that are fitted to, clicks and sampled others.
    """

    num_queries: int
    num_clicks: int
    num_pairs: int


class WindowFigures(Figures):
    """What a ranker may be fitted to, of the fit view and fit holdout of one day.

    Attributes:
        regions: Region -> how much there is of it.
        left_out: Region -> why there is nothing of it.
    """

    step: ClassVar[StepName] = StepName.WINDOW
    shown: ClassVar[tuple[str, ...]] = ("left_out",)

    regions: dict[Region, PairCounts]
    left_out: dict[Region, str] = Field(default_factory=dict)
