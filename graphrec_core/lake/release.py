"""Releases: immutable lists of shards, one per region; and LIVE, the pointer to what serves.

A release never changes; LIVE is the one mutable file and is swapped under a lock.
"""

import logging
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from graphrec_core.lake.identity import canonical_json
from graphrec_core.lake.lake import Lake
from graphrec_core.types import ArtifactId, Region, format_instant

logger = logging.getLogger(__name__)

Serves = Literal["model", "popular"]


class ReleasedRegion(BaseModel):
    """One region of a release.

    Attributes:
        shard_id: The shard that serves the region; None where it has none at all.
        as_of: The instant of that shard; older than the release's for a kept shard.
        serves: ``model``, or ``popular`` where no model ever passed: the popular list, labelled.
        passed: Whether this release's own candidate passed the gate.
        rules: Every rule of the gate as judged for this release (see GateDecision).
        evaluation_id: The evaluation of this release's own candidate.
        candidate_shard_id: This release's own candidate, live or refused.
        model_id: The model behind the candidate.
        embedding_id: The serve-view vectors behind the candidate.
    """

    model_config = ConfigDict(frozen=True)

    shard_id: ArtifactId | None
    as_of: str | None
    serves: Serves
    passed: bool
    rules: list[dict[str, Any]] = []
    evaluation_id: ArtifactId | None = None
    candidate_shard_id: ArtifactId | None = None
    model_id: ArtifactId | None = None
    embedding_id: ArtifactId | None = None


class Release(BaseModel):
    """An immutable list of shards.

    Attributes:
        id: The release's id.
        as_of: Its instant, as ``20100901T000000Z``.
        snapshot_id: The snapshot that it was built from.
        mode: How it was published: auto, never or force.
        forced_by: Who forced, else empty.
        forced_why: Why, else empty.
        regions: The regions by name.
    """

    model_config = ConfigDict(frozen=True)

    id: ArtifactId
    as_of: str
    snapshot_id: ArtifactId
    mode: str
    forced_by: str = ""
    forced_why: str = ""
    regions: dict[Region, ReleasedRegion]

    def to_bytes(self) -> bytes:
        """Writes the release as canonical JSON."""
        return (canonical_json(self.model_dump(mode="json")) + "\n").encode()


class LiveRegion(BaseModel):
    """What serves one region now."""

    model_config = ConfigDict(frozen=True)

    shard_id: ArtifactId
    as_of: str
    serves: Serves
    release_id: ArtifactId


class Live(BaseModel):
    """The pointer to what serves.

    Attributes:
        high_water: The greatest as_of that ever went live; rollback does not lower it.
        release_id: The release that last changed the pointer.
        regions: What serves each region.
        withdrawn: Ids of releases that were rolled back.
    """

    model_config = ConfigDict(frozen=True)

    high_water: str = ""
    release_id: ArtifactId | None = None
    regions: dict[Region, LiveRegion] = {}
    withdrawn: list[ArtifactId] = []

    def to_bytes(self) -> bytes:
        """Writes the pointer as canonical JSON."""
        return (canonical_json(self.model_dump(mode="json")) + "\n").encode()


def read_live(lake: Lake) -> Live:
    """Reads the pointer; an empty one where nothing was ever published."""
    path = lake.layout.live
    if not lake.storage.exists(path):
        return Live()
    return Live.model_validate_json(lake.storage.read(path))


def read_release(lake: Lake, release_id: ArtifactId) -> Release:
    """Reads one release.

    Raises:
        LakeError: There is no such release.
    """
    return Release.model_validate_json(lake.storage.read(lake.layout.release(release_id)))


def list_releases(lake: Lake) -> list[Release]:
    """Reads all releases, by as_of and then by id."""
    names = [name for name in lake.storage.files(lake.layout.releases) if name.endswith(".json")]
    releases = [Release.model_validate_json(lake.storage.read(name)) for name in names]
    return sorted(releases, key=lambda release: (release.as_of, release.id))


def champion(
    releases: list[Release], withdrawn: list[ArtifactId], region: Region, as_of: datetime
) -> tuple[Release, ReleasedRegion] | None:
    """Finds what a region's candidate must beat: its newest passed release before ``as_of``.

    Never read from LIVE, so that a backfill is judged as it would have been that night.
    """
    for release in sorted(releases, key=lambda release: (release.as_of, release.id), reverse=True):
        entry = release.regions.get(region)
        too_new = release.as_of >= format_instant(as_of)
        if entry is None or too_new or not entry.passed or release.id in withdrawn:
            continue
        return release, entry
    return None


def store_release(lake: Lake, release: Release) -> Release:
    """Puts the release if absent and returns the stored one."""
    lake.storage.write_if_absent(lake.layout.release(release.id), release.to_bytes())
    return read_release(lake, release.id)


def go_live(lake: Lake, release: Release) -> Live:
    """Swaps the pointer to ``release``, unless a newer day is live already.

    Regions of the release without a shard keep what serves them.

    Returns:
        The pointer as it is afterwards; unchanged where ``release`` is older than the mark.

    Raises:
        ConflictError: Another process is changing the pointer.
    """
    with lake.storage.lock(f"{lake.layout.live}.lock"):
        live = read_live(lake)
        if release.as_of < live.high_water:
            logger.warning(
                "release %s of %s does not go live: %s is live already",
                release.id, release.as_of, live.high_water,
            )  # fmt: skip
            return live
        if release.id in live.withdrawn and release.mode != "force":
            logger.warning("release %s was rolled back: only publish.mode=force revives it", release.id)
            return live
        updated = _with_release(live, release)
        lake.storage.write(lake.layout.live, updated.to_bytes())
        return updated


def _with_release(live: Live, release: Release) -> Live:
    regions = dict(live.regions)
    for region, entry in release.regions.items():
        if entry.shard_id is None or entry.as_of is None:
            continue
        kept = regions.get(region)
        if kept is not None and kept.shard_id == entry.shard_id and kept.serves == entry.serves:
            continue
        regions[region] = LiveRegion(
            shard_id=entry.shard_id,
            as_of=entry.as_of,
            serves=entry.serves,
            release_id=release.id,
        )
    return Live(
        high_water=max(live.high_water, release.as_of),
        release_id=release.id,
        regions=dict(sorted(regions.items())),
        withdrawn=[name for name in live.withdrawn if name != release.id],
    )
