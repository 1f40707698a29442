"""Why a release is not live, or not in every region, and what a person can do about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from graphrec_core.ledger.live import Live, withdrawn_shards
from graphrec_core.ledger.release import Release
from graphrec_core.ledger.replay import Replayed, replay
from graphrec_core.types import ArtifactId

LOWER = "`graphrec rollback-release --lower-high-water --by NAME --reason TEXT`"


@dataclass(frozen=True)
class Held:
    """What holds a release back.

    Attributes:
        why: What was found.
        to_do: What a person should do.
        is_ordinary: Whether it is meant so and needs nobody: a backfill, or the replay of a
            decision that another one superseded.
    """

    why: str
    to_do: str
    is_ordinary: bool = False


def held_back(live: Live, releases: Sequence[Release], release: Release) -> Held | None:
    """Says what keeps a release, or a part of it, from being live now; None: nothing.

    Args:
        live: The pointer.
        releases: All stored releases.
        release: The release.
    """
    if not is_replayed(live, release) and (held := obstacle(live, releases, release)):
        return held
    return _superseded(state_of(live, live.history, releases), release)


def is_replayed(live: Live, release: Release) -> bool:
    """Tells whether publishing a release again is to change nothing: it is live already."""
    return release.id in live.history and not release.is_forced


def obstacle(live: Live, releases: Sequence[Release], release: Release) -> Held | None:
    """Says what forbids a release to go live at all.

    Args:
        live: The pointer.
        releases: All stored releases.
        release: The release.
    """
    if release.as_of < live.high_water:
        return _below_the_mark(live, releases, release)
    if release.is_forced:
        return None
    if release.id in live.withdrawn:
        return Held(
            "it was rolled back",
            "Only publish.mode=force, with who and why, revives it. If the source has changed "
            "since, build-snapshot --rebuild --accept starts the day anew.",
        )
    before = state_of(live, live.history, releases)
    after = before.then(release).regions
    barred = withdrawn_shards(releases, live)
    revived = [
        region
        for region, served in after.items()
        if served != live.regions.get(region) and served.shard_id in barred
    ]
    if revived:
        return Held(
            f"its shards of {', '.join(revived)} were rolled back",
            "Publish the other regions with --region, or revive these with publish.mode=force.",
        )
    return _retires(before, release)


def stuck_mark(live: Live, releases: Sequence[Release]) -> str:
    """Says so where the high-water mark is of a day that is not live; empty: it is not."""
    newest = max((one.as_of for one in releases if one.id in live.history), default="")
    if (not live.history and not live.withdrawn) or newest >= live.high_water:
        return ""
    return (
        f"nothing before {live.high_water} goes live, which was rolled back; live is "
        f"{newest or 'nothing'}. If {live.high_water} was a mistake: {LOWER}"
    )


def state_of(live: Live, history: Sequence[ArtifactId], releases: Sequence[Release]) -> Replayed:
    """Replays a history; a release whose file is damaged counts for nothing in it.

    Args:
        live: The pointer; the whole of its own history gives its own regions, damaged or not.
        history: Ids of releases, in order.
        releases: All stored releases that can be read.
    """
    by_id = {release.id: release for release in releases}
    known = [by_id[name] for name in history if name in by_id]
    state = replay(known, live.claims)
    if list(history) == live.history:
        return Replayed(live.regions, state.superseded)
    return state


def _below_the_mark(live: Live, releases: Sequence[Release], release: Release) -> Held:
    newest = max((one.as_of for one in releases if one.id in live.history), default="")
    if release.as_of < newest:
        return Held(
            f"it is of {release.as_of}, and the later day {newest} is live",
            f"That is right for a backfill. If {newest} was a mistake, roll it back.",
            is_ordinary=not release.is_forced,
        )
    return Held(
        f"it is of {release.as_of}, and {live.high_water} was live before it was rolled back: "
        "the high-water mark stays there",
        f"If {live.high_water} was a mistake: {LOWER}; then publish again.",
    )


def _retires(before: Replayed, release: Release) -> Held | None:
    retired = before.retired_by(release)
    if not retired or (release.is_unanimous and not before.superseded_in(release)):
        return None
    return Held(
        f"it retires {', '.join(retired)}, so every region must pass",
        "Mend the regions that were refused, or publish.mode=force, with who and why.",
    )


def _superseded(state: Replayed, release: Release) -> Held | None:
    if not (regions := state.superseded_in(release)):
        return None
    by = sorted({str(state.regions[one].release_id) for one in regions if one in state.regions})
    return Held(
        f"its shards of {', '.join(regions)} were superseded on the same day, "
        f"by {', '.join(by) or 'a release that retired them'}",
        "Nothing; to go back to this decision, publish.mode=force, with who and why.",
        is_ordinary=True,
    )
