"""The figures of a choice between recommenders."""

from typing import ClassVar, Literal

from pydantic import Field

from graphrec_core.config.steps import StepName
from graphrec_core.lake.records.figures import Figures, Record
from graphrec_core.types import Region

ChosenBy = Literal["region", "pool", "default"]
"""By a region's own queries, by those of all regions, or the configured one for want of both."""


class ContenderFigures(Record):
    """How one recommender did on the fit holdout.

    Attributes:
        metrics: The metrics that the gate judges, each the mean over its queries.
        score: Their geometric mean, in [0, 1].
        ratio: Its score divided by the configured recommender's; None: one of them is 0.
        ratio_low: Lower bound of that; None: there is none.
        ratio_high: Upper bound.
    """

    metrics: dict[str, float]
    score: float
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None


class ContestFigures(Record):
    """How the contenders did on the same queries.

    Attributes:
        num_queries: The queries.
        contenders: Contender -> its figures.
    """

    num_queries: int
    contenders: dict[str, ContenderFigures] = Field(default_factory=dict)


class ChoiceFigures(Figures):
    """Which recommender was chosen for which region, and why.

    Attributes:
        chosen: Region -> contender.
        chosen_by: Region -> what chose it.
        regions: Region -> how the contenders did there.
        pool: How they did on the queries of the regions in which all of them competed. Of a region
            that lacks some, the best one is that of a pool of its own: where all of its did.
        unjudged: Contender -> why it could not compete anywhere.
        left_out: Region -> contender -> why it could not compete there.
    """

    step: ClassVar[StepName] = StepName.CHOICE
    shown: ClassVar[tuple[str, ...]] = ("chosen", "chosen_by", "unjudged")

    chosen: dict[Region, str]
    chosen_by: dict[Region, ChosenBy]
    regions: dict[Region, ContestFigures]
    pool: ContestFigures
    unjudged: dict[str, str] = Field(default_factory=dict)
    left_out: dict[Region, dict[str, str]] = Field(default_factory=dict)
