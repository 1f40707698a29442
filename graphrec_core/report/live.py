"""What serves each region now, and how it was judged when it was published."""

from dataclasses import dataclass

from graphrec_core.config import PipelineConfig
from graphrec_core.lake import Lake, find_artifact
from graphrec_core.lake.release import LiveRegion, ReleasedRegion, list_releases, read_live
from graphrec_core.report.collect import evaluation_result, shard_result
from graphrec_core.report.day import EvaluationResult, Gate, ShardResult
from graphrec_core.types import ArtifactId, Region


@dataclass(frozen=True)
class LiveState:
    """What serves one region; None where its artefact is missing.

    Attributes:
        live: The pointer's entry.
        gate: How the release's own candidate was judged.
        evaluation: That judgement.
        shard: The shard that serves.
    """

    live: LiveRegion
    gate: Gate
    evaluation: EvaluationResult | None
    shard: ShardResult | None


@dataclass(frozen=True)
class LivePointer:
    """The pointer with figures.

    Attributes:
        pipeline: The pipeline.
        high_water: The greatest as_of that ever went live.
        release_id: The release that last changed the pointer.
        regions: What serves each region.
    """

    pipeline: str
    high_water: str
    release_id: ArtifactId | None
    regions: dict[Region, LiveState]


def collect_live(config: PipelineConfig) -> LivePointer:
    """Reads LIVE and, for each region, the evaluation and the shard behind it."""
    lake = Lake(config)
    pointer = read_live(lake)
    releases = {release.id: release for release in list_releases(lake)}
    regions = {}
    for region, live in pointer.regions.items():
        release = releases.get(live.release_id)
        entry = release.regions.get(region) if release else None
        regions[region] = _state(lake, region, live, entry)
    return LivePointer(config.pipeline, pointer.high_water, pointer.release_id, regions)


def _state(
    lake: Lake, region: Region, live: LiveRegion, entry: ReleasedRegion | None
) -> LiveState:
    shard = find_artifact(lake.storage, lake.layout.shard(region, live.shard_id))
    evaluation = None
    if entry is not None and entry.evaluation_id is not None:
        folder = lake.layout.evaluation(region, entry.evaluation_id)
        evaluation = find_artifact(lake.storage, folder)
    gate: Gate = "missing" if entry is None else "passed" if entry.passed else "refused"
    return LiveState(
        live=live,
        gate=gate,
        evaluation=evaluation_result(evaluation) if evaluation else None,
        shard=shard_result(shard) if shard else None,
    )
