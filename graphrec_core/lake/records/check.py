"""The figures of the suites over a snapshot."""

from typing import ClassVar

from pydantic import Field

from graphrec_core.config.steps import StepName
from graphrec_core.lake.records.figures import Figures
from graphrec_core.types import ArtifactId, Region


class CheckFigures(Figures):
    """Which regions of a snapshot go on.

    Attributes:
        kept_regions: Regions that go on, sorted.
        broken_regions: Region -> what is wrong with it. One that vanished is broken too.
        history: Instant, as ``20100901T000000Z`` -> the snapshot of it that was compared with.
        notes: What was not judged, and why.
    """

    step: ClassVar[StepName] = StepName.CHECK
    shown: ClassVar[tuple[str, ...]] = ("kept_regions", "broken_regions", "history", "notes")

    kept_regions: tuple[Region, ...]
    broken_regions: dict[Region, str]
    history: dict[str, ArtifactId] = Field(default_factory=dict)
    notes: tuple[str, ...]
