"""What each region brings to a release, with damaged artefacts left out and named.

One damaged region stops no other: it counts as one that brings nothing, and keeps what serves it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from graphrec_core.day import Day
from graphrec_core.errors import DamagedError
from graphrec_core.lake import Lake, find_artifact
from graphrec_core.lake.records import EvaluationFigures, ShardFigures
from graphrec_core.ledger.past import Past
from graphrec_core.ledger.release import Release
from graphrec_core.publishing.deciding import Brought, find_brought
from graphrec_core.types import ArtifactId, Region


@dataclass(frozen=True)
class Sound:
    """What one region brings, undamaged.

    Attributes:
        brought: Its artefacts; a damaged one is None.
        fault: What is damaged; empty: nothing.
    """

    brought: Brought
    fault: str = ""


def find_sound(day: Day, past: Past, region: Region) -> Sound:
    """Looks up what a region brings, and reads every file of it.

    Raises:
        LakeError: The storage does not answer.
    """
    try:
        brought = find_brought(day, past, region)
        if (evaluation := brought.evaluation) is not None:
            evaluation.manifest.figures(EvaluationFigures)
            evaluation.checked.check()
        if (shard := brought.shard) is not None:
            shard.manifest.figures(ShardFigures)
            shard.checked.check()
    except DamagedError as error:
        kept, number = past.kept(region, day.as_of), past.next_number(day.as_of)
        return Sound(Brought(None, None, kept, number), one_line(error))
    return Sound(brought)


def without_damaged_kept(
    lake: Lake, release: Release, sound: Mapping[Region, Sound]
) -> dict[Region, Sound]:
    """Leaves out the kept shards that a release lists and that are damaged.

    Args:
        lake: The lake.
        release: Made of ``sound``.
        sound: What every region of the snapshot brings.
    """
    checked = dict(sound)
    for region, entry in release.regions.items():
        if entry.shard_id is None or entry.shard_id == entry.candidate_shard_id:
            continue
        if fault := fault_of_shard(lake, region, entry.shard_id):
            fault = f"the shard that it keeps: {fault}"
            brought = replace(sound[region].brought, kept=None)
            checked[region] = Sound(brought, "; ".join(filter(None, [sound[region].fault, fault])))
    return checked


def fault_of_shard(lake: Lake, region: Region, shard_id: ArtifactId) -> str:
    """Reads every file of a shard and says in one line what is damaged; empty: nothing."""
    try:
        shard = find_artifact(lake.storage, lake.layout.shard(region, shard_id))
        if shard is None:
            return f"shard {shard_id} is gone"
        shard.checked.check()
    except DamagedError as error:
        return one_line(error)
    return ""


def one_line(error: DamagedError) -> str:
    """Says in one line what must hold and what was found."""
    return f"{error.must} Found: {error.found}"
