"""build-shard: a region's self-contained shard, its index measured."""

from graphrec_core.day import Day
from graphrec_core.judging.build_shard import produce_shard
from graphrec_core.lake import Manifest
from graphrec_core.types import Region


def run(day: Day, region: Region) -> Manifest:
    """Builds the shard of ``region`` and returns its manifest."""
    return produce_shard(day, region).manifest
