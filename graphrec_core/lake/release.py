"""Releases: immutable lists of shards, one per region; and LIVE, the pointer to what serves.

A release never changes; LIVE is the one mutable file and is swapped under a lock. What LIVE
says follows from the releases in its history alone, so that a rollback replays a shorter one:

- a region that passed (or was forced) takes the release's shard;
- a refused region keeps what serves it; only one that no model serves takes the release's;
- a release of the whole map retires the regions that its map no longer has. Their queries moved
  to other regions, so such a change goes live only when every region passed, or by force.
"""

import json
import logging
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from graphrec_core.errors import ConfigError
from graphrec_core.lake.identity import canonical_json
from graphrec_core.lake.lake import Lake
from graphrec_core.lake.meter import process_meter
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
        is_whole: Whether it covers every region of its snapshot.
        empty_regions: Regions of the snapshot without rows; they keep what serves them.
    """

    model_config = ConfigDict(frozen=True)

    id: ArtifactId
    as_of: str
    snapshot_id: ArtifactId
    mode: str
    forced_by: str = ""
    forced_why: str = ""
    regions: dict[Region, ReleasedRegion]
    is_whole: bool = False
    empty_regions: list[Region] = []

    @property
    def is_forced(self) -> bool:
        """Whether the gate was overruled."""
        return self.mode == "force"

    @property
    def is_unanimous(self) -> bool:
        """Whether every region goes live."""
        return self.is_forced or all(entry.passed for entry in self.regions.values())

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
        history: Ids of the releases that changed the pointer and were not rolled back, in order.
    """

    model_config = ConfigDict(frozen=True)

    high_water: str = ""
    release_id: ArtifactId | None = None
    regions: dict[Region, LiveRegion] = {}
    withdrawn: list[ArtifactId] = []
    history: list[ArtifactId] = []

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


def read_release_run(lake: Lake, release_id: ArtifactId) -> dict[str, Any]:
    """Returns seconds and peak memory (MB) of publishing a release; empty where unknown."""
    path = lake.layout.release_run(release_id)
    if not lake.storage.exists(path):
        return {}
    info: dict[str, Any] = json.loads(lake.storage.read(path))
    return info


def list_releases(lake: Lake) -> list[Release]:
    """Reads all releases, by as_of and then by id."""
    runs = f"{lake.layout.releases}/runs/"
    names = [n for n in lake.storage.files(lake.layout.releases) if not n.startswith(runs)]
    releases = [Release.model_validate_json(lake.storage.read(name)) for name in names]
    return sorted(releases, key=lambda release: (release.as_of, release.id))


def champion(
    releases: list[Release], withdrawn: list[ArtifactId], region: Region, as_of: datetime
) -> tuple[Release, ReleasedRegion] | None:
    """Finds what a region's candidate must beat: its newest passed release before ``as_of``.

    Never read from LIVE, so that a backfill is judged as it would have been that night. A
    release of mode `never` was not meant to serve, so it is nobody's champion.
    """
    for release in sorted(releases, key=lambda release: (release.as_of, release.id), reverse=True):
        entry = release.regions.get(region)
        barred = release.as_of >= format_instant(as_of) or release.mode == "never"
        if entry is None or barred or not entry.passed or release.id in withdrawn:
            continue
        return release, entry
    return None


def released_region(
    candidate: ReleasedRegion, kept: ReleasedRegion | None, *, forced: bool
) -> ReleasedRegion:
    """Decides which shard a release lists for one region.

    Args:
        candidate: This day's own; its ``shard_id`` and ``as_of`` are None where it is missing.
        kept: The champion's entry, if any.
        forced: Whether the gate is overruled.

    Returns:
        The candidate where it passed or is forced; else the champion's shard; else the
        candidate's popular list.
    """
    if candidate.shard_id is not None and (candidate.passed or forced):
        return candidate.model_copy(update={"serves": "model"})
    if kept is not None:
        update = {"shard_id": kept.shard_id, "as_of": kept.as_of, "serves": kept.serves}
        return candidate.model_copy(update=update)
    return candidate.model_copy(update={"serves": "popular"})


def store_release(lake: Lake, release: Release) -> Release:
    """Puts the release if absent, notes what that took, and returns the stored one."""
    lake.storage.write_if_absent(lake.layout.release(release.id), release.to_bytes())
    run = (canonical_json(process_meter().read()) + "\n").encode()
    lake.storage.write_if_absent(lake.layout.release_run(release.id), run)
    return read_release(lake, release.id)


def go_live(lake: Lake, release: Release) -> Live:
    """Swaps the pointer to ``release``, unless a newer day is live already.

    Returns:
        The pointer as it is afterwards; unchanged where ``release`` is older than the mark, was
        rolled back, retires regions without being unanimous, or changes nothing.

    Raises:
        ConflictError: Another process is changing the pointer.
    """
    with lake.storage.lock(f"{lake.layout.live}.lock"):
        live = read_live(lake)
        if reason := _obstacle(live, release):
            logger.warning("release %s does not go live: %s", release.id, reason)
            return live
        regions = regions_after(live.regions, release)
        if regions == live.regions:
            logger.info("release %s leaves the live pointer as it is", release.id)
            return live
        updated = Live(
            high_water=max(live.high_water, release.as_of),
            release_id=release.id,
            regions=regions,
            withdrawn=[name for name in live.withdrawn if name != release.id],
            history=[*live.history, release.id],
        )
        lake.storage.write(lake.layout.live, updated.to_bytes())
        return updated


def roll_back(lake: Lake, to: ArtifactId | None = None) -> Live:
    """Points LIVE at an earlier release and withdraws those that came after it.

    Args:
        lake: The lake.
        to: A release that was live; None: the one before the present one.

    Returns:
        The pointer afterwards; its high-water mark stays.

    Raises:
        ConfigError: There is no such earlier release.
        ConflictError: Another process is changing the pointer.
    """
    with lake.storage.lock(f"{lake.layout.live}.lock"):
        live = read_live(lake)
        kept, dropped = _split_history(live.history, to)
        regions: dict[Region, LiveRegion] = {}
        for release_id in kept:
            regions = regions_after(regions, read_release(lake, release_id))
        updated = Live(
            high_water=live.high_water,
            release_id=kept[-1],
            regions=regions,
            withdrawn=sorted({*live.withdrawn, *dropped} - {kept[-1]}),
            history=kept,
        )
        lake.storage.write(lake.layout.live, updated.to_bytes())
        return updated


def retired_regions(regions: dict[Region, LiveRegion], release: Release) -> list[Region]:
    """Names the served regions that a release of the whole map no longer has."""
    if not release.is_whole:
        return []
    return sorted(set(regions) - set(release.regions) - set(release.empty_regions))


def regions_after(regions: dict[Region, LiveRegion], release: Release) -> dict[Region, LiveRegion]:
    """Returns what serves each region once ``release`` is live."""
    retired = retired_regions(regions, release)
    after = {region: served for region, served in regions.items() if region not in retired}
    for region, entry in release.regions.items():
        if entry.shard_id is None or entry.as_of is None:
            continue
        served = after.get(region)
        refused = not (entry.passed or release.is_forced)
        if served is not None and refused and served.serves == "model":
            continue
        if served is None or (served.shard_id, served.serves) != (entry.shard_id, entry.serves):
            after[region] = LiveRegion(
                shard_id=entry.shard_id,
                as_of=entry.as_of,
                serves=entry.serves,
                release_id=release.id,
            )
    return dict(sorted(after.items()))


def _obstacle(live: Live, release: Release) -> str:
    if release.as_of < live.high_water:
        return f"it is of {release.as_of}, and {live.high_water} was live already"
    if release.id in live.withdrawn and not release.is_forced:
        return "it was rolled back; only publish.mode=force revives it"
    retired = retired_regions(live.regions, release)
    if retired and not release.is_unanimous:
        return f"it retires {', '.join(retired)}, so every region must pass, or publish.mode=force"
    return ""


def _split_history(
    history: list[ArtifactId], to: ArtifactId | None
) -> tuple[list[ArtifactId], list[ArtifactId]]:
    earlier = history[:-1]
    if not earlier or (to is not None and to not in earlier):
        raise ConfigError(
            must="A rollback must go to a release that was live before the present one.",
            found=f"{to or 'no earlier release'}; live before: {', '.join(earlier) or 'none'}",
            fix="Name one of these with --to, or publish another day.",
        )
    last = len(earlier) if to is None else len(earlier) - earlier[::-1].index(to)
    return history[:last], history[last:]
