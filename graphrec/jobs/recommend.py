"""Batch recommendations: the top k of every active query node, as one Parquet file."""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

from graphrec_core.config import PipelineConfig
from graphrec_core.errors import AbsentError, ConfigError, LakeError, UnavailableError
from graphrec_core.index.ann import use_threads
from graphrec_core.lake import Lake
from graphrec_core.ledger.live import read_live
from graphrec_core.ledger.release import named_release
from graphrec_core.ledger.replay import LiveRegion
from graphrec_core.serving.batch import write_recommendations
from graphrec_core.serving.following import Served, open_served
from graphrec_core.types import ArtifactId, Region

logger = logging.getLogger(__name__)


def run(
    config: PipelineConfig,
    k: int,
    output: Path,
    release_id: ArtifactId | None = None,
    *,
    include_seen: bool = False,
) -> int:
    """Writes ``query_id, region, rank, candidate_id, score, sources``.

    Args:
        config: The pipeline.
        k: Candidates per query node.
        output: The Parquet file.
        release_id: A release; None or empty: what is live.
        include_seen: Keep candidates already interacted with.

    Returns:
        Rows written.

    Raises:
        ConfigError: There is no such release, or the file cannot be written.
        AbsentError: Nothing is live.
        UnavailableError: A region's shard is missing or damaged; the others are written.
    """
    _check_place(output)
    lake, faults = Lake(config), dict[Region, str]()
    use_threads(config.index.num_threads)
    shards = _shards(lake, release_id, faults)
    num_rows = write_recommendations(shards, k, output, include_seen=include_seen)
    logger.info("%d recommendations in %s", num_rows, output)
    if faults:
        raise UnavailableError(
            must="Every region's shard must be readable; the others are written.",
            found=f"{num_rows} rows in {output}, without "
            + "; ".join(f"{region}: {fault}" for region, fault in faults.items()),
            fix="Restore the shard, publish another day, or `graphrec rollback-release`.",
        )
    return num_rows


def _check_place(output: Path) -> None:
    """Refuses a place that no file can be written to, before an hour of work."""
    found = "a folder" if output.is_dir() else ""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        found = str(error)
    if found:
        raise ConfigError(
            must=f"--output must be a file that can be written: {output}.",
            found=found,
            fix="Give the path of a file in a folder of yours.",
        )


def _shards(
    lake: Lake, release_id: ArtifactId | None, faults: dict[Region, str]
) -> Iterator[Served]:
    """Opens shards, newest first; a damaged one is left out and told in ``faults``."""
    entries = _entries(lake, release_id)
    if not entries:
        raise AbsentError(
            must="A release with a shard must be live or named.",
            found=f"no shard in {release_id or 'LIVE'}",
            fix="Run a day and publish it first; `graphrec status` shows what is live.",
        )
    by_region = sorted(entries.items())
    for region, entry in sorted(by_region, key=lambda item: item[1].as_of, reverse=True):
        try:
            served = open_served(lake, region, entry.shard_id, entry.serves)
        except LakeError as error:
            logger.error("%s is left out: %s", region, error)
            faults[region] = " ".join(str(error).split())
        else:
            yield served


def _entries(lake: Lake, release_id: ArtifactId | None) -> dict[Region, LiveRegion]:
    if not release_id:
        return read_live(lake).regions
    return {
        region: LiveRegion(
            shard_id=entry.shard_id, as_of=entry.as_of, serves=entry.serves, release_id=release_id
        )
        for region, entry in named_release(lake, release_id).regions.items()
        if entry.shard_id is not None and entry.as_of is not None
    }
