"""Changing LIVE: going live, rolling back, lowering the high-water mark."""

import logging
from collections.abc import Sequence

from graphrec_core.errors import ConfigError
from graphrec_core.lake.lake import Lake
from graphrec_core.ledger.live import NOTHING, Live, Lowered, read_live
from graphrec_core.ledger.past import read_past
from graphrec_core.ledger.release import Release, list_releases, newest_first, read_release
from graphrec_core.ledger.replay import replay
from graphrec_core.ledger.state import state_of
from graphrec_core.publishing.held import is_replayed, obstacle
from graphrec_core.types import ArtifactId, Region

logger = logging.getLogger(__name__)


def go_live(lake: Lake, release: Release) -> Live:
    """Swaps the pointer to ``release``, unless something holds it back.

    Returns:
        The pointer as it is afterwards; unchanged where ``held_back`` says why.

    Raises:
        ConflictError: Another process is changing the pointer, or just has.
    """
    with lake.storage.swap(lake.layout.live) as put:
        past = read_past(lake)
        live = past.live
        if is_replayed(live, release) or obstacle(past, release):
            return live
        if not state_of(past, live.history, release.as_of).claims(release):
            logger.info("release %s leaves the live pointer as it is", release.id)
            return live
        others = [name for name in live.history if name != release.id]
        before = state_of(past, others, release.as_of)
        claims = before.claims(release)
        updated = live.model_copy(
            update={
                "high_water": max(live.high_water, release.as_of),
                "release_id": release.id,
                "regions": dict(before.then(release, claims).regions),
                "withdrawn": [name for name in live.withdrawn if name != release.id],
                "history": [*others, release.id],
                "claims": {**live.claims, release.id: claims},
            }
        )
        put(updated.to_bytes())
        return updated


def roll_back(lake: Lake, to: ArtifactId | None = None) -> Live:
    """Points LIVE at an earlier release and withdraws those that came after it.

    Args:
        lake: The lake.
        to: A release of the history; ``NOTHING``: before the first one; None: the one before
            the present one.

    Returns:
        The pointer afterwards; its high-water mark stays.

    Raises:
        ConfigError: There is no such earlier release.
        DamagedError: A release of the remaining history is damaged: what served is not known.
        ConflictError: Another process is changing the pointer, or just has.
    """
    with lake.storage.swap(lake.layout.live) as put:
        live = read_live(lake)
        kept, dropped = _split_history(live.history, to)
        releases = [read_release(lake, name) for name in kept]
        later = [one for one in list_releases(lake) if one.id in dropped]
        later.sort(key=lambda release: dropped.index(release.id))
        claims = _claims_left(live, releases, later)
        history = [name for name in kept if claims.get(name, ["by the rules"])]
        remaining = [release for release in releases if release.id in history]
        updated = live.model_copy(
            update={
                "release_id": history[-1] if history else None,
                "regions": dict(replay(remaining, claims).regions),
                "withdrawn": sorted({*live.withdrawn, *live.history} - {*history}),
                "history": history,
                "claims": {name: claims[name] for name in history if name in claims},
            }
        )
        put(updated.to_bytes())
        return updated


def lower_high_water(lake: Lake, by: str, why: str) -> Live:
    """Lowers the high-water mark to the newest day that is still live.

    For a release of a mistaken day, once it is rolled back: no earlier day could go live again.

    Args:
        lake: The lake.
        by: Who lowers it; recorded.
        why: Why; recorded.

    Raises:
        ConfigError: Nobody or no reason is named, or the mark's day is live.
        ConflictError: Another process is changing the pointer, or just has.
    """
    if not by.strip() or not why.strip():
        raise ConfigError(
            must="Lowering the high-water mark records who does it and why.",
            found=f"--by {by!r} --reason {why!r}",
            fix="Add --by NAME and --reason TEXT.",
        )
    with lake.storage.swap(lake.layout.live) as put:
        live = read_live(lake)
        newest = read_release(lake, live.history[-1]).as_of if live.history else ""
        if newest >= live.high_water:
            raise ConfigError(
                must="The high-water mark is lowered to the newest day that is live.",
                found=f"the mark and the newest live day are both {newest or 'none'}",
                fix="Roll the release of the mistaken day back first.",
            )
        record = Lowered(by=by, why=why, from_as_of=live.high_water, to_as_of=newest)
        changes = {"high_water": newest, "lowered": [*live.lowered, record]}
        updated = live.model_copy(update=changes)
        put(updated.to_bytes())
        return updated


def _claims_left(
    live: Live, kept: Sequence[Release], dropped: Sequence[Release]
) -> dict[ArtifactId, list[Region]]:
    """Returns the claims of kept releases, without those to what dropped ones had brought.

    What serves without the dropped releases is not taken back, whoever else had brought it.
    """
    target = replay(kept, live.claims)
    brought, state = set[tuple[Region, ArtifactId]](), target
    for release in dropped:
        state = state.then(release, live.claims.get(release.id))
        brought |= {
            (region, served.shard_id)
            for region, served in state.regions.items()
            if served.release_id == release.id
        }
    gone = brought - {(region, served.shard_id) for region, served in target.regions.items()}
    return {
        release.id: [
            region
            for region in live.claims[release.id]
            if (region, _shard_of(release, region)) not in gone
        ]
        for release in kept
        if release.id in live.claims
    }


def _shard_of(release: Release, region: Region) -> ArtifactId | None:
    entry = release.regions.get(region)
    return entry.shard_id if entry else None


def _split_history(
    history: Sequence[ArtifactId], to: ArtifactId | None
) -> tuple[list[ArtifactId], list[ArtifactId]]:
    earlier = list(history[:-1])
    if to == NOTHING and history:
        return [], list(history)
    if not earlier or (to is not None and to not in earlier):
        raise ConfigError(
            must="A rollback must go to a release that was live before the present one.",
            found=f"{to or 'no earlier release'}; live before: {newest_first(earlier)}",
            fix="Name one of these with --to, or publish another day. --to nothing takes down "
            "everything.",
        )
    last = len(earlier) if to is None else earlier.index(to) + 1
    return list(history[:last]), list(history[last:])
