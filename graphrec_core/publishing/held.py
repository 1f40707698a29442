"""Why a release is not live, or not in every region, and what a person can do about it."""

from dataclasses import dataclass

from graphrec_core.ledger.live import Live
from graphrec_core.ledger.past import Past
from graphrec_core.ledger.release import Release
from graphrec_core.ledger.replay import Replayed
from graphrec_core.ledger.state import newest_live, state_of

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


def held_back(past: Past, release: Release) -> Held | None:
    """Says what keeps a release, or a part of it, from being live now; None: nothing.

    Args:
        past: The pointer and the stored releases.
        release: The release.
    """
    if not is_replayed(past.live, release) and (held := obstacle(past, release)):
        return held
    return _superseded(state_of(past, past.live.history, release.as_of), release)


def is_replayed(live: Live, release: Release) -> bool:
    """Tells whether publishing a release again is to change nothing: it is live already."""
    return release.id in live.history and not release.is_forced


def obstacle(past: Past, release: Release) -> Held | None:
    """Says what forbids a release to go live at all.

    Args:
        past: The pointer and the stored releases.
        release: The release.
    """
    live = past.live
    if release.as_of < live.high_water:
        return _below_the_mark(past, release)
    if release.is_forced:
        return None
    if release.id in live.withdrawn:
        return Held(
            "it was rolled back",
            "Only publish.mode=force, with who and why, revives it. If the source has changed "
            "since, build-snapshot --rebuild --accept starts the day anew.",
        )
    before = state_of(past, live.history, release.as_of)
    after = before.then(release).regions
    revived = [
        region
        for region, served in after.items()
        if served != live.regions.get(region) and served.shard_id in past.barred(served.as_of)
    ]
    if revived:
        return Held(
            f"its shards of {', '.join(revived)} were rolled back",
            "Publish the other regions with --region, or revive these with publish.mode=force.",
        )
    return _retires(before, release)


def stuck_mark(past: Past) -> str:
    """Says so where the high-water mark is of a day that is not live; empty: it is not."""
    live, newest = past.live, newest_live(past)
    if (not live.history and not live.withdrawn) or newest >= live.high_water:
        return ""
    return (
        f"nothing before {live.high_water} goes live, which was rolled back; live is "
        f"{newest or 'nothing'}. If {live.high_water} was a mistake: {LOWER}"
    )


def _below_the_mark(past: Past, release: Release) -> Held:
    newest, mark = newest_live(past), past.live.high_water
    if release.as_of < newest:
        return Held(
            f"it is of {release.as_of}, and the later day {newest} is live",
            f"That is right for a backfill. If {newest} was a mistake, roll it back.",
            is_ordinary=not release.is_forced,
        )
    return Held(
        f"it is of {release.as_of}, and {mark} was live before it was rolled back: "
        "the high-water mark stays there",
        f"If {mark} was a mistake: {LOWER}; then publish again.",
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
