"""Releases of one region that passed, and publishing them."""

from datetime import timedelta

from graphrec_core.lake import Lake
from graphrec_core.ledger.live import Live
from graphrec_core.ledger.release import Release, ReleasedRegion
from graphrec_core.ledger.storing import store_release
from graphrec_core.publishing.going_live import go_live
from graphrec_core.types import ArtifactId, Region, format_instant
from tests.support.snapshots import AS_OF

EAST = Region("east")


def one_region_release(day: int, shard: str, region: Region = EAST) -> Release:
    """A release of the day ``AS_OF`` + ``day``, which brings one shard."""
    as_of = format_instant(AS_OF + timedelta(days=day))
    entry = ReleasedRegion(shard_id=ArtifactId(shard), as_of=as_of, serves="model", passed=True)
    return Release(
        id=ArtifactId(f"{day:016x}"),
        as_of=as_of,
        snapshot_id=ArtifactId("s"),
        mode="auto",
        regions={region: entry},
    )


def publish(lake: Lake, release: Release) -> Live:
    """Stores a release and lets it go live."""
    return go_live(lake, store_release(lake, release))
