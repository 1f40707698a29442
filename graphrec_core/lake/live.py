"""LIVE: the one mutable file, the pointer to what serves each region; changed by swapping.

What it says follows from the releases in its history alone, so that a rollback replays a shorter
history:

- a region that passed (or was forced) takes the release's shard;
- a refused or undecided region keeps what serves it; only one that no model serves takes the
  release's. `gate.undecided` says otherwise of an undecided one (``ReleasedRegion.follows``);
- a release of the whole map retires the regions that its map no longer has. Their queries moved
  to other regions, so such a change goes live only when every region passed, or by force.
"""

import logging
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from graphrec_core.errors import ConfigError
from graphrec_core.lake.identity import canonical_json
from graphrec_core.lake.lake import Lake
from graphrec_core.lake.release import (
    Release,
    Serves,
    list_releases,
    newest_first,
    read_release,
    read_stored,
)
from graphrec_core.types import ArtifactId, Region

logger = logging.getLogger(__name__)


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
    return read_stored(lake, path, Live)


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


def go_live(lake: Lake, release: Release) -> Live:
    """Swaps the pointer to ``release``, unless a newer day is live already.

    Returns:
        The pointer as it is afterwards; unchanged where ``release`` is older than the mark, was
        rolled back or brings back a shard that was, retires regions without being unanimous, or
        changes nothing.

    Raises:
        ConflictError: Another process is changing the pointer, or just has.
    """
    with lake.storage.swap(lake.layout.live) as put:
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
        put(updated.to_bytes())
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
        ConflictError: Another process is changing the pointer, or just has.
    """
    with lake.storage.swap(lake.layout.live) as put:
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
        put(updated.to_bytes())
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
        stays = not (entry.passed or release.is_forced or entry.follows == "popular")
        if served is not None and stays and served.serves == "model":
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


def _split_history(
    history: Sequence[ArtifactId], to: ArtifactId | None
) -> tuple[list[ArtifactId], list[ArtifactId]]:
    earlier = list(history[:-1])
    if not earlier or (to is not None and to not in earlier):
        raise ConfigError(
            must="A rollback must go to a release that was live before the present one.",
            found=f"{to or 'no earlier release'}; live before: {newest_first(earlier)}",
            fix="Name one of these with --to, or publish another day.",
        )
    last = len(earlier) if to is None else len(earlier) - earlier[::-1].index(to)
    return list(history[:last]), list(history[last:])
