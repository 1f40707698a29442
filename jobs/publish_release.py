"""Publishes the regions that passed the gate; ends visibly where any was refused."""

import logging
from dataclasses import dataclass
from datetime import datetime

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.errors import ConfigError, GateRefusedError, LakeError
from graphrec_core.evaluation.gates import GateDecision, judge, passes, pool_queries, settle
from graphrec_core.lake import Artifact, Chain, Lake, artifact_id, find_artifact, open_artifact
from graphrec_core.lake.identity import canonical_json
from graphrec_core.lake.release import (
    Release,
    ReleasedRegion,
    champion,
    go_live,
    list_releases,
    read_live,
    read_release,
    released_region,
    store_release,
)
from graphrec_core.lake.verify import verify_files
from graphrec_core.types import ALL_REGIONS, Region, View, format_instant

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """What one region brings: its evaluation and shard, and its champion's entry."""

    evaluation: Artifact | None
    shard: Artifact | None
    kept: ReleasedRegion | None


def run(config: PipelineConfig, as_of: datetime, regions: tuple[Region, ...] = ()) -> Release:
    """Judges, stores the release, swaps LIVE last; the same decision whenever it runs again.

    Args:
        config: The pipeline.
        as_of: The day.
        regions: Regions to publish; none: all of the snapshot.

    Raises:
        GateRefusedError: The gate refused a region; the others are published.
        LakeError: A region's evaluation or shard is missing (the others are published), or a
            listed shard is damaged (nothing is).
    """
    lake, chain = Lake(config), Chain(config, as_of)
    snapshot = open_artifact(lake.storage, lake.layout.snapshot(as_of, chain.snapshot_id()))
    names = _names(snapshot, regions)
    found = {region: _find(lake, chain, region) for region in names}
    release_id = artifact_id(
        StepName.PUBLISH, config, as_of, ALL_REGIONS, _inputs(chain, found, whole=not regions)
    )
    if lake.storage.exists(lake.layout.release(release_id)):
        logger.info("release %s is already there", release_id)
        release = read_release(lake, release_id)
    else:
        release = Release(
            id=release_id,
            as_of=format_instant(as_of),
            snapshot_id=chain.snapshot_id(),
            mode=config.publish.mode,
            forced_by=config.publish.forced_by,
            forced_why=config.publish.forced_why,
            regions=_judge(config, chain, found),
            is_whole=not regions,
            empty_regions=sorted(snapshot.manifest.stats["empty_regions"]),
        )
    _verify(lake, release)
    release = store_release(lake, release)
    if config.publish.mode != "never":
        go_live(lake, release)
    _end(release, found)
    return release


def _names(snapshot: Artifact, regions: tuple[Region, ...]) -> list[Region]:
    known = sorted(snapshot.manifest.stats["regions"])
    if unknown := sorted(set(regions) - set(known)):
        raise ConfigError(
            must="Only regions of the snapshot can be published.",
            found=f"{', '.join(unknown)}; the snapshot has {', '.join(known)}",
            fix="Name regions of the snapshot, or none for all.",
        )
    return sorted(set(regions)) or known


def _find(lake: Lake, chain: Chain, region: Region) -> Found:
    evaluation = lake.layout.evaluation(region, chain.evaluation_id(lake, region))
    shard = lake.layout.shard(region, chain.shard_id(region))
    best = champion(list_releases(lake), read_live(lake).withdrawn, region, chain.as_of)
    return Found(
        find_artifact(lake.storage, evaluation),
        find_artifact(lake.storage, shard),
        best[1] if best else None,
    )


def _inputs(chain: Chain, found: dict[Region, Found], *, whole: bool) -> dict[str, str]:
    inputs = {
        "snapshot": chain.snapshot_id(),
        "regions": canonical_json([*found]),
        "whole": str(whole),
    }
    for region, brought in found.items():
        if brought.evaluation:
            inputs[f"evaluation:{region}"] = brought.evaluation.manifest.id
        if brought.shard:
            inputs[f"shard:{region}"] = brought.shard.manifest.id
        if brought.kept:
            inputs[f"kept:{region}"] = str(brought.kept.shard_id)
    return inputs


def _judge(
    config: PipelineConfig, chain: Chain, found: dict[Region, Found]
) -> dict[Region, ReleasedRegion]:
    tables = [
        brought.evaluation.read_table("queries.parquet")
        for brought in found.values()
        if brought.evaluation
    ]
    pool = []
    if tables:
        pool = judge(pool_queries(tables), config.evaluation, config.gate, pooled=True)
    return {region: _entry(chain, region, found[region], pool) for region in found}


def _entry(chain: Chain, region: Region, found: Found, pool: list[GateDecision]) -> ReleasedRegion:
    rules, passed = [], False
    if found.evaluation and found.shard:
        own = [GateDecision.from_json(rule) for rule in found.evaluation.manifest.stats["rules"]]
        index = [GateDecision.from_json(rule) for rule in found.shard.manifest.stats["rules"]]
        rules = [*settle(own, pool), *index]
        passed = passes(rules)
    shard_id = found.shard.manifest.id if found.shard else None
    candidate = ReleasedRegion(
        shard_id=shard_id,
        as_of=format_instant(chain.as_of) if shard_id else None,
        serves="model",
        passed=passed,
        rules=[rule.to_json() for rule in rules],
        evaluation_id=found.evaluation.manifest.id if found.evaluation else None,
        candidate_shard_id=shard_id,
        model_id=chain.model_id(region),
        embedding_id=chain.embedding_id(region, View.SERVE),
    )
    forced = chain.config.publish.mode == "force" and found.evaluation is not None
    return released_region(candidate, found.kept, forced=forced)


def _verify(lake: Lake, release: Release) -> None:
    for region, entry in release.regions.items():
        if entry.shard_id is not None:
            verify_files(open_artifact(lake.storage, lake.layout.shard(region, entry.shard_id)))


def _end(release: Release, found: dict[Region, Found]) -> None:
    missing = [
        name for name, brought in found.items() if not (brought.evaluation and brought.shard)
    ]
    refused = {
        region: "; ".join(
            rule.describe() for rule in map(GateDecision.from_json, entry.rules) if not rule.passed
        )
        for region, entry in release.regions.items()
        if not entry.passed and region not in missing
    }
    for region, why in refused.items():
        logger.warning(
            "%s: %s %s", region, "forced although" if release.is_forced else "refused:", why
        )
    if missing:
        raise LakeError(
            must="Every region must have its evaluation and its shard; the others are published.",
            found=f"missing for {', '.join(missing)}; refused: {', '.join(refused) or 'none'}",
            fix="Run evaluate-model and build-shard of these regions, then publish-release again.",
        )
    if refused and not release.is_forced:
        raise GateRefusedError(
            must="Every region must pass the gate; those that passed are published.",
            found=" | ".join(f"{region}: {why}" for region, why in refused.items()),
            fix="See the report; a refused region keeps its live shard, or its popular list.",
        )
