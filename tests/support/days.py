"""Days of the tiny pipeline from their vectors on: evaluated, sharded, published or refused."""

import contextlib
from datetime import datetime

from graphrec.jobs import build_shard, evaluate_model
from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.errors import GateRefusedError
from graphrec_core.lake import Lake
from graphrec_core.ledger.release import Release, list_releases
from graphrec_core.publishing.publish import publish
from graphrec_core.types import Region, format_instant
from tests.support.snapshots import AS_OF, write_tiny_snapshot
from tests.support.vectors import write_vectors

EAST, WEST = Region("east"), Region("west")
BOTH = (EAST, WEST)


def prepare_day(
    config: PipelineConfig,
    as_of: datetime = AS_OF,
    bad: tuple[str, ...] = (),
    regions: tuple[str, ...] = BOTH,
) -> None:
    snapshot = write_tiny_snapshot(config, as_of, regions=regions)
    for region in regions:
        write_vectors(config, as_of, snapshot, region, good=region not in bad)


def run_day(
    config: PipelineConfig,
    as_of: datetime = AS_OF,
    bad: tuple[str, ...] = (),
    regions: tuple[str, ...] = BOTH,
) -> Release:
    """Runs a day from its vectors on and returns the release, published or refused."""
    prepare_day(config, as_of, bad, regions)
    for region in map(Region, regions):
        build_shard.run(Day(config, as_of), region)
        evaluate_model.run(Day(config, as_of), region)
    with contextlib.suppress(GateRefusedError):
        publish(Day(config, as_of))
    return _release(config, as_of)


def _release(config: PipelineConfig, as_of: datetime) -> Release:
    (release,) = (
        release
        for release in list_releases(Lake(config))
        if (release.as_of, release.mode) == (format_instant(as_of), config.publish.mode)
    )
    return release


def lake_bytes(config: PipelineConfig) -> dict[str, bytes]:
    """Everything that must be equal between two runs: manifests, releases, LIVE."""
    storage = Lake(config).storage
    names = [name for name in storage.files("") if name.endswith(("manifest.json", "LIVE.json"))]
    names += storage.files(Lake(config).layout.releases)
    return {name: storage.read(name) for name in names}
