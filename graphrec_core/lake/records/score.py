"""The figures of a release that was scored on what then happened."""

from typing import ClassVar

from graphrec_core.config.steps import StepName
from graphrec_core.lake.records.figures import Figures, Record
from graphrec_core.types import ArtifactId, Region


class ScoredRegion(Record):
    """One region of a release.

    Attributes:
        shard_id: What served it.
        serves: How: ``model``, or ``popular``.
        num_queries: Its queries that met something new.
        promised: Metric -> mean that the holdout had found for what served; None: what served was
            not judged there.
    """

    shard_id: ArtifactId
    serves: str
    num_queries: int
    promised: dict[str, float | None] | None = None


class ScoreFigures(Figures):
    """What a release was worth.

    Attributes:
        released: The release's instant.
        regions: Those that it served.
    """

    step: ClassVar[StepName] = StepName.SCORE
    shown: ClassVar[tuple[str, ...]] = ("released", "regions")

    released: str
    regions: dict[Region, ScoredRegion]
