from typing import Any

import pytest

from graphrec.local.run_verdict import RunOutcome, judge_run

AS_OF, NEWER = "20260101T000000Z", "20260201T000000Z"


def region(
    *, passed: bool = True, live: str | None = "new", serves: str = "model", built: bool = True
) -> dict[str, Any]:
    """One region whose candidate is the shard `new`; a refused one keeps the shard `old`."""
    candidate = "new" if built else None
    return {
        "released": {
            "passed": passed,
            "candidate_shard_id": candidate,
            "shard_id": candidate if passed else "old",
            "serves": "model",
        },
        "live": None if live is None else {"shard_id": live, "serves": serves},
    }


def run(*regions: dict[str, Any], mode: str = "auto", high_water: str = AS_OF) -> dict[str, Any]:
    live = {
        "high_water": high_water,
        "regions": {str(i): r["live"] for i, r in enumerate(regions)},
    }
    live["regions"] = {name: entry for name, entry in live["regions"].items() if entry}
    return {"release": {"as_of": AS_OF, "mode": mode}, "regions": list(regions), "live": live}


REFUSED = region(passed=False, live="old")
FORCED = region(passed=False)
FORCED["released"]["shard_id"] = "new"
POPULAR = region(passed=False, serves="popular")
POPULAR["released"].update(shard_id="new", serves="popular")
STORED = {**run(region()), "release": None}


@pytest.mark.parametrize("code", [0, 3])
def test_a_region_that_is_live_from_this_release_is_enough(code: int) -> None:
    assert judge_run(code, run(region(), REFUSED)) == RunOutcome(is_served=True)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (None, "did not run"),
        (1, "exit code 1"),
        (2, "exit code 2"),
        (-9, "exit code -9"),
    ],
)
def test_an_earlier_release_of_the_day_does_not_count(code: int | None, problem: str) -> None:
    assert problem in judge_run(code, run(region())).problem


@pytest.mark.parametrize(
    ("lake", "problem"),
    [
        (STORED, "no release is stored"),
        (run(REFUSED, region(passed=False, live=None)), "no region passed"),
        (run(POPULAR), "no region passed"),
        (run(region(live="old")), "no region is live"),
        (run(region(live=None)), "no region is live"),
        (run(region(serves="popular")), "no region is live"),
        (run(REFUSED, high_water=NEWER), "no region passed"),
        (run(REFUSED, mode="never"), "no region passed"),
        (run(region(passed=False, built=False, live="old"), mode="force"), "no region passed"),
        (run(FORCED), "no region passed"),
    ],
)
def test_what_fails_a_day(lake: dict[str, Any], problem: str) -> None:
    assert problem in judge_run(3, lake).problem


def test_an_older_day_is_released_not_live() -> None:
    verdict = judge_run(0, run(region(live="newer"), high_water=NEWER))
    assert verdict.problem == ""
    assert verdict.note == f"Released, not live: the newer day {NEWER} is live."
    assert verdict.is_served


def test_a_day_that_is_never_published_says_so() -> None:
    verdict = judge_run(3, run(region(live=None), REFUSED, mode="never"))
    assert verdict.problem == ""
    assert "publish.mode is `never`" in verdict.note
    assert not verdict.is_served


def test_a_forced_region_counts_as_live() -> None:
    assert judge_run(0, run(FORCED, mode="force")) == RunOutcome(is_served=True)
