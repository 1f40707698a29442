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
import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from graphrec_core.errors import ConfigError, LakeError
from graphrec_core.lake.identity import ID_LENGTH, canonical_json
from graphrec_core.lake.lake import Lake
from graphrec_core.lake.meter import process_meter
from graphrec_core.types import ArtifactId, Region

logger = logging.getLogger(__name__)

Serves = Literal["model", "popular"]
Stored = TypeVar("Stored", bound=BaseModel)

RELEASE_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")
NUM_SHOWN = 5
"""Releases that a message names, the newest."""


class ReleasedRegion(BaseModel):
    """One region of a release.

    Attributes:
        shard_id: The shard that serves the region; None where it has none at all.
        as_of: The instant of that shard; older than the release's for a kept shard.
        serves: ``model``, or ``popular`` where no model ever passed: the popular list, labelled.
        passed: Whether this release's own candidate passed the gate.
        rules: Every rule of the gate as judged for this release (see GateDecision).
        evaluation_id: The evaluation of this release's own candidate.
        champion_model_id: The champion's model, an input of that evaluation.
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
    champion_model_id: ArtifactId | None = None
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
        pooled: The evaluations that regions with few queries were judged on together.
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
    pooled: dict[Region, ArtifactId] = {}

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
    """Reads the pointer; an empty one where nothing was ever published.

    Raises:
        LakeError: The file is damaged.
    """
    path = lake.layout.live
    if not lake.storage.exists(path):
        return Live()
    return _read(lake, path, Live)


def read_release(lake: Lake, release_id: ArtifactId) -> Release:
    """Reads one release.

    Raises:
        LakeError: There is no such release, or its file is damaged.
    """
    return _read(lake, lake.layout.release(release_id), Release)


def named_release(lake: Lake, text: str) -> Release:
    """Reads the release that a person named.

    Raises:
        ConfigError: The text is no release's id, or there is no such release.
        LakeError: A release's file is damaged.
    """
    releases = list_releases(lake)
    known = {release.id: release for release in releases}
    if RELEASE_ID.fullmatch(text) is None or text not in known:
        raise ConfigError(
            must=f"A release is named by its id, {ID_LENGTH} hexadecimal digits.",
            found=f"{text!r}; there are {_newest(known)}",
            fix="Copy the id from `graphrec status` or from publish-release's output.",
        )
    return known[ArtifactId(text)]


def read_release_run(lake: Lake, release_id: ArtifactId) -> dict[str, Any]:
    """Returns seconds and peak memory (MB) of publishing a release; empty where unknown."""
    path = lake.layout.release_run(release_id)
    if not lake.storage.exists(path):
        return {}
    info: dict[str, Any] = json.loads(lake.storage.read(path))
    return info


def list_releases(lake: Lake) -> list[Release]:
    """Reads all releases, by as_of and then by id; other files beside them are not looked at.

    Raises:
        LakeError: A release's file is damaged.
    """
    folder = lake.layout.releases
    names = [name.removeprefix(f"{folder}/") for name in lake.storage.files(folder)]
    ids = [name.removesuffix(".json") for name in names if name.endswith(".json")]
    releases = [read_release(lake, ArtifactId(name)) for name in ids if RELEASE_ID.fullmatch(name)]
    return sorted(releases, key=lambda release: (release.as_of, release.id))


def withdrawn_shards(releases: Iterable[Release], live: Live) -> set[ArtifactId]:
    """Returns the candidates of rolled-back releases, but for those that were revived."""
    own: dict[ArtifactId, set[ArtifactId]] = {
        release.id: {
            entry.candidate_shard_id
            for entry in release.regions.values()
            if entry.candidate_shard_id is not None
        }
        for release in releases
    }
    withdrawn = set().union(*(own.get(name, set()) for name in live.withdrawn))
    return withdrawn.difference(*(own.get(name, set()) for name in live.history))


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
        rolled back or brings back a shard that was, retires regions without being unanimous, or
        changes nothing.

    Raises:
        ConflictError: Another process is changing the pointer.
    """
    with lake.storage.lock(f"{lake.layout.live}.lock"):
        live = read_live(lake)
        regions = regions_after(live.regions, release)
        if reason := _obstacle(lake, live, release, regions):
            logger.warning("release %s does not go live: %s", release.id, reason)
            return live
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


def _obstacle(lake: Lake, live: Live, release: Release, regions: dict[Region, LiveRegion]) -> str:
    if release.as_of < live.high_water:
        return f"it is of {release.as_of}, and {live.high_water} was live already"
    if release.id in live.withdrawn and not release.is_forced:
        return "it was rolled back; only publish.mode=force revives it"
    if revived := _revived(lake, live, release, regions):
        return (
            f"its shards of {', '.join(revived)} were rolled back; "
            "only publish.mode=force revives them"
        )
    retired = retired_regions(live.regions, release)
    if retired and not release.is_unanimous:
        return f"it retires {', '.join(retired)}, so every region must pass, or publish.mode=force"
    return ""


def _revived(
    lake: Lake, live: Live, release: Release, regions: dict[Region, LiveRegion]
) -> list[Region]:
    """Names the regions that would get back a shard that was rolled back."""
    if release.is_forced or not live.withdrawn:
        return []
    served = {entry.shard_id for entry in live.regions.values()}
    barred = withdrawn_shards(list_releases(lake), live) - served
    return sorted(region for region, entry in regions.items() if entry.shard_id in barred)


def _read(lake: Lake, path: str, kind: type[Stored]) -> Stored:
    try:
        return kind.model_validate_json(lake.storage.read(path))
    except ValidationError as error:
        raise LakeError(
            must=f"{lake.storage.uri(path)} must hold what graphrec wrote there.",
            found=str(error).replace("\n", "; "),
            fix="Restore the file from a backup, or publish and roll back again.",
        ) from error


def _newest(names: Iterable[ArtifactId]) -> str:
    """Names the last few of ids that are in order, newest first."""
    every = list(names)
    shown = ", ".join(every[: -NUM_SHOWN - 1 : -1]) or "none"
    return shown if len(every) <= NUM_SHOWN else f"{shown} and {len(every) - NUM_SHOWN} older"


def _split_history(
    history: Sequence[ArtifactId], to: ArtifactId | None
) -> tuple[list[ArtifactId], list[ArtifactId]]:
    earlier = list(history[:-1])
    if not earlier or (to is not None and to not in earlier):
        raise ConfigError(
            must="A rollback must go to a release that was live before the present one.",
            found=f"{to or 'no earlier release'}; live before: {_newest(earlier)}",
            fix="Name one of these with --to, or publish another day.",
        )
    last = len(earlier) if to is None else len(earlier) - earlier[::-1].index(to)
    return list(history[:last]), list(history[last:])
