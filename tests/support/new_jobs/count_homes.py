"""count-homes: a step that a newcomer might write; how many home users a region has."""

from typing import ClassVar

from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.lake import Attempt, Manifest
from graphrec_core.lake.records import Figures, SnapshotFigures
from graphrec_core.types import Region

COUNT_HOMES: StepName = "count-homes"  # type: ignore[assignment]  # in the house it is a member


class HomeFigures(Figures):
    """How many users are at home in a region."""

    step: ClassVar[StepName] = COUNT_HOMES
    shown: ClassVar[tuple[str, ...]] = ("num_users",)

    num_users: int


def run(day: Day, region: Region) -> Manifest:
    """Counts the home users of ``region``."""
    ref = day.ref(COUNT_HOMES, region)

    def write(trial: Attempt) -> HomeFigures:
        snapshot = day.open(day.ref(StepName.SNAPSHOT)).manifest.figures(SnapshotFigures)
        figures = HomeFigures(num_users=snapshot.regions[region].serve.num_home_nodes["user"])
        trial.write_json("homes.json", figures.to_json())
        return figures

    return day.produce(ref, write).manifest
