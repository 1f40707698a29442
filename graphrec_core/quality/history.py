"""What a snapshot is compared with: the snapshots of the last days, found by their ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.lake import Artifact
from graphrec_core.lake.records import RegionFigures, SnapshotFigures
from graphrec_core.ledger.verdict import verdict_of
from graphrec_core.types import ArtifactId, Region, format_instant

LOOK_BACK = 4
"""Times ``quality.history_days`` that are looked through for days on which a region was good."""


@dataclass(frozen=True)
class PastDay:
    """An earlier day's snapshot.

    Attributes:
        age: How many days ago it was.
        as_of: Its instant, as ``20100901T000000Z``.
        snapshot_id: Its id.
        regions: Region -> its figures; without regions that were found broken then.
        broken: Regions that were found broken then.
        merged: Tiny region -> the region it was part of.
    """

    age: int
    as_of: str
    snapshot_id: ArtifactId
    regions: Mapping[Region, RegionFigures]
    broken: frozenset[Region] = frozenset()
    merged: Mapping[Region, Region] = field(default_factory=dict)


def last_days(day: Day) -> list[PastDay]:
    """Reads the committed snapshots of the days before ``day``, the nearest first.

    Their ids follow from the configuration, so whatever else the lake holds is not looked at.
    Where a region was broken, earlier days are read in place of those: a fault that lasts must
    not become what is usual.
    """
    num_days, found = day.config.quality.history_days, list[PastDay]()
    for age in range(1, LOOK_BACK * num_days + 1):
        if age > num_days and not any(past.broken for past in found):
            break
        earlier = Day(day.config, day.as_of - timedelta(days=age))
        if (snapshot := earlier.find(earlier.ref(StepName.SNAPSHOT))) is not None:
            found.append(_past_day(earlier, snapshot, age))
    return found


def _past_day(day: Day, snapshot: Artifact, age: int) -> PastDay:
    verdict = day.find(day.ref(StepName.CHECK))
    broken = verdict_of(verdict).broken if verdict else {}
    figures = snapshot.manifest.figures(SnapshotFigures)
    return PastDay(
        age,
        format_instant(day.as_of),
        snapshot.manifest.id,
        {name: one for name, one in figures.regions.items() if name not in broken},
        frozenset(broken),
        figures.merged_regions,
    )
