"""Which earlier releases a candidate is held to; every case by hand."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from graphrec_core.lake import Lake
from graphrec_core.lake.records import GateDecision
from graphrec_core.ledger.catalogue import Catalogue
from graphrec_core.ledger.live import Live
from graphrec_core.ledger.past import Past
from graphrec_core.ledger.release import Release
from graphrec_core.ledger.storing import store_release
from graphrec_core.types import ArtifactId, Region, format_instant
from tests.ledger.random_releases import LACKS
from tests.support.snapshots import AS_OF, tiny_config

EAST = Region("east")
WITHDRAWN = ArtifactId("d" * 16)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tiny_config(tmp_path))


def release(day: int, model: str, *, passed: bool = True, **changed: object) -> Release:
    as_of = format_instant(AS_OF + timedelta(days=day))
    entry = {
        "shard_id": model,
        "as_of": as_of,
        "serves": "model",
        "passed": passed,
        "verdict": "passed" if passed else "refused",
        "evaluation_id": f"evaluation-{model}",
        "candidate_shard_id": model,
        "recommender_id": f"recommender {model}",
        **changed.pop("entry", {}),  # type: ignore[dict-item]
    }
    fields = {
        "id": hashlib.sha256(model.encode()).hexdigest()[:16],
        "as_of": as_of,
        "snapshot_id": "s",
        "mode": "auto",
    }
    return Release.model_validate({**fields, "regions": {EAST: entry}, **changed})


def past_of(lake: Lake, *releases: Release, live: Live = Live()) -> Past:  # noqa: B008
    for one in releases:
        store_release(lake, one)
    return Past(Catalogue(lake), live)


def references(
    lake: Lake,
    *releases: Release,
    day: int,
    own: str = "own",
    live: Live = Live(),  # noqa: B008
) -> dict[str, ArtifactId]:
    past = past_of(lake, *releases, live=live)
    return past.references(EAST, AS_OF + timedelta(days=day), 28, ArtifactId(own))


def test_the_newest_of_the_past_of_the_day_and_of_28_days_ago(lake: Lake) -> None:
    days = [release(day, f"m{day}") for day in (0, 1, 2, 29, 30)]
    assert references(lake, *days, day=30) == {"champion": "m29", "same_day": "m30", "elder": "m2"}
    assert references(lake, *days, day=29) == {"champion": "m2", "same_day": "m29", "elder": "m1"}
    assert references(lake, *days, day=31) == {"champion": "m30", "elder": "m2"}


def test_where_nothing_is_so_old_the_oldest_is_the_elder(lake: Lake) -> None:
    days = [release(day, f"m{day}") for day in range(4)]
    assert references(lake, *days, day=4) == {"champion": "m3", "elder": "m0"}
    assert references(lake, *days, day=0) == {"same_day": "m0"}


def test_a_model_is_no_reference_of_its_own(lake: Lake) -> None:
    assert references(lake, release(0, "m0"), release(1, "m1"), day=1, own="recommender m1") == {
        "champion": "m0",
        "elder": "m0",
    }


@pytest.mark.parametrize(
    "poor",
    [
        release(1, "poor", passed=False),
        release(1, "poor", mode="never"),
        release(1, "poor", looser=["gate.tolerance_frac is 9, the YAML says 0.05"]),
        release(1, "poor", passed=False, mode="force"),
        release(1, "poor", id=WITHDRAWN),
    ],
)
def test_what_did_not_pass_is_no_measure(lake: Lake, poor: Release) -> None:
    live = Live(withdrawn=[WITHDRAWN])
    found = references(lake, release(0, "m0"), poor, day=2, live=live)
    assert found == {"champion": "m0", "elder": "m0"}


@pytest.mark.parametrize(("rules", "elder"), [([], "m0"), ([LACKS], "new")])
def test_what_a_person_forced_though_undecided_is_the_new_measure(
    lake: Lake, rules: list[GateDecision], elder: str
) -> None:
    """The past is forgotten only where it can no longer be measured."""
    entry = {"verdict": "undecided", "rules": rules}
    forced = release(1, "new", passed=False, mode="force", entry=entry)
    assert references(lake, release(0, "m0"), forced, day=2) == {"champion": "new", "elder": elder}


def test_a_refused_region_keeps_what_passed_that_day_or_before(lake: Lake) -> None:
    made = release(0, "m0"), release(1, "m1"), release(1, "m2", passed=False)
    past = past_of(lake, *made)
    for day, kept in ((0, "m0"), (1, "m1"), (5, "m1")):
        found = past.kept(EAST, AS_OF + timedelta(days=day))
        assert found is not None
        assert found.candidate_shard_id == kept
    assert (past.next_number(AS_OF), past.next_number(AS_OF + timedelta(days=9))) == (2, 1)
