"""Whether one run of one day counts as done: what it published, and what of that is live."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PUBLISHED = (0, 3)
"""Exit codes after which a release is stored; 3 names regions that the gate refused."""


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended.

    Attributes:
        problem: Why the day does not count as done; empty when it does.
        note: What a reader of a good end should know; mostly empty.
        is_served: Whether something is live that a query can be asked of.
    """

    problem: str = ""
    note: str = ""
    is_served: bool = False


def judge_run(publish_code: int | None, run: Mapping[str, Any]) -> RunOutcome:
    """Judges a run.

    Args:
        publish_code: How this run's ``publish-release`` ended; None where it did not run.
        run: The day as ``graphrec status --json --as-of`` gives it under ``run``.
    """
    if publish_code not in PUBLISHED:
        ended = "did not run" if publish_code is None else f"ended with exit code {publish_code}"
        return RunOutcome(f"publish-release {ended}")
    release, live = run["release"], run["live"]
    if release is None:
        return RunOutcome("no release is stored")
    is_forced, is_served = release["mode"] == "force", bool(live["regions"])
    taken = [row for row in run["regions"] if _is_taken(row["released"], is_forced=is_forced)]
    if not taken:
        return RunOutcome("no region passed the gate")
    if release["mode"] == "never":
        return RunOutcome(note="Released, not live: publish.mode is `never`.")
    if any(_is_live(row) for row in taken):
        return RunOutcome(is_served=is_served)
    if live["high_water"] > release["as_of"]:
        note = f"Released, not live: the newer day {live['high_water']} is live."
        return RunOutcome(note=note, is_served=is_served)
    return RunOutcome("no region is live from this release; the log of publish-release says why")


def _is_taken(released: Mapping[str, Any] | None, *, is_forced: bool) -> bool:
    """Tells whether a release means a region to be served by its own candidate."""
    if released is None or released["candidate_shard_id"] is None:
        return False
    own = released["shard_id"] == released["candidate_shard_id"]
    return bool(own and (released["passed"] or is_forced) and released["serves"] == "model")


def _is_live(row: Mapping[str, Any]) -> bool:
    live = row["live"]
    if live is None or live["serves"] != "model":
        return False
    return bool(live["shard_id"] == row["released"]["shard_id"])
