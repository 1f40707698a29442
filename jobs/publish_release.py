"""Publishes the regions that passed the gate; ends visibly where any was refused."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.errors import ConfigError, ExpectationError, GateRefusedError, RefusedError
from graphrec_core.evaluation.deciding import (
    decide,
    describe_held,
    describe_undecided,
    find_brought,
    pooled_evaluations,
    release_inputs,
)
from graphrec_core.lake import Artifact, Chain, Lake, artifact_id, open_artifact
from graphrec_core.lake.identity import canonical_json
from graphrec_core.lake.live import go_live
from graphrec_core.lake.past import read_past
from graphrec_core.lake.release import Release, read_release, store_release
from graphrec_core.lake.verdict import Verdict, describe_broken, read_verdict
from graphrec_core.lake.verify import verify_shards
from graphrec_core.types import ALL_REGIONS, Region, format_instant

logger = logging.getLogger(__name__)


def run(config: PipelineConfig, as_of: datetime, regions: tuple[Region, ...] = ()) -> Release:
    """Judges, stores the release, swaps LIVE last; the same decision whenever it runs again.

    Args:
        config: The pipeline.
        as_of: The day.
        regions: Regions to publish; none: all of the snapshot.

    Raises:
        RefusedError: A region's evaluation or shard is missing; the others are published.
        GateRefusedError: The gate refused a region; the others are published.
        ExpectationError: A region of the snapshot is broken; the others are published.
        LakeError: A listed shard is damaged; nothing is published.
    """
    lake, chain = Lake(config), Chain(config, as_of)
    snapshot = open_artifact(lake.storage, lake.layout.snapshot(as_of, chain.snapshot_id()))
    verdict, past = read_verdict(lake, chain), read_past(lake)
    verdict.refuse(
        config.quality.on_broken_region, lake.storage.uri(lake.layout.snapshot_docs(as_of))
    )
    known = list(verdict.kept)
    names = _names(known, regions)
    brought = {region: find_brought(lake, chain, past, region) for region in known}
    inputs = release_inputs(chain, names, brought, whole=not regions)
    if verdict.broken:
        inputs["broken"] = canonical_json(sorted(verdict.broken))
    release_id = artifact_id(StepName.PUBLISH, config, as_of, ALL_REGIONS, inputs)
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
            regions=decide(config, chain, names, brought),
            is_whole=not regions,
            empty_regions=_without_shard(snapshot, verdict),
            pooled=pooled_evaluations(brought),
        )
    verify_shards(lake, release)
    release = store_release(lake, release)
    if config.publish.mode != "never":
        go_live(lake, release)
    missing = [region for region in names if not brought[region].is_complete]
    _end(release, missing, {} if regions else verdict.broken, config.gate.undecided)
    return release


def _without_shard(snapshot: Artifact, verdict: Verdict) -> list[Region]:
    """Names the regions that bring nothing: they keep what serves them."""
    return sorted({*snapshot.manifest.stats["empty_regions"], *verdict.broken})


def _names(known: Sequence[Region], regions: tuple[Region, ...]) -> list[Region]:
    if unknown := sorted(set(regions) - set(known)):
        raise ConfigError(
            must="Only regions of the snapshot that are not broken can be published.",
            found=f"{', '.join(unknown)}; the snapshot has {', '.join(known)}",
            fix="Name regions of the snapshot, or none for all.",
        )
    return sorted(set(regions)) or list(known)


def _end(
    release: Release, missing: list[Region], broken: Mapping[Region, str], undecided: str
) -> None:
    refused = describe_held(release)
    for region, why in refused.items():
        logger.warning("%s: %s%s", region, "forced although " if release.is_forced else "", why)
    for region, why in describe_undecided(release).items():
        logger.warning("%s: goes live undecided (gate.undecided is live): %s", region, why)
    if missing:
        raise RefusedError(
            must="Every region must have its evaluation and its shard; the others are published.",
            found=f"missing for {', '.join(missing)}; refused: {', '.join(refused) or 'none'}; "
            f"broken: {', '.join(broken) or 'none'}",
            fix="Run evaluate-model and build-shard of these regions, then publish-release again.",
        )
    if broken:
        logger.warning("broken: %s", describe_broken(broken))
    if broken and (release.is_forced or not refused):
        raise ExpectationError(
            must="Every region must look like the last days' (quality); the others are published.",
            found=describe_broken(broken),
            fix="A broken region keeps its live shard. Correct the source, or change the limits "
            "in quality and start again with check-snapshot.",
        )
    if refused and not release.is_forced:
        raise GateRefusedError(
            must="Every region must pass the gate; those that passed are published.",
            found=" | ".join(f"{region}: {why}" for region, why in {**refused, **broken}.items()),
            fix="See the report and docs/gate.md. A refused region keeps its live shard, or its "
            f"popular list; an undecided one follows gate.undecided, here {undecided}.",
        )
