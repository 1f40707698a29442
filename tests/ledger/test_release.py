from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from graphrec_core.errors import ConfigError, ConflictError, DamagedError, LakeError
from graphrec_core.lake import Lake
from graphrec_core.ledger.live import Live, read_live
from graphrec_core.ledger.past import read_past
from graphrec_core.ledger.release import (
    Release,
    ReleasedRegion,
    list_releases,
    named_release,
    read_release,
    released_region,
    scan_releases,
)
from graphrec_core.ledger.replay import LiveRegion, Replayed
from graphrec_core.ledger.storing import store_release
from graphrec_core.publishing.going_live import go_live, roll_back
from graphrec_core.types import ArtifactId, Region, format_instant
from tests.support.snapshots import AS_OF, tiny_config

EAST, WEST = Region("east"), Region("west")
FORCED = ArtifactId("f" * 16)


def _id(day: int) -> ArtifactId:
    return ArtifactId(f"{day:016x}")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tiny_config(tmp_path))


def _entry(shard: str, day: int, *, passed: bool = True, serves: str = "model") -> ReleasedRegion:
    as_of = format_instant(AS_OF + timedelta(days=day))
    return ReleasedRegion.model_validate(
        {
            "shard_id": shard,
            "as_of": as_of,
            "serves": serves,
            "passed": passed,
            "candidate_shard_id": shard,
        }
    )


def _release(
    day: int, name: str | None = None, mode: str = "auto", **regions: ReleasedRegion
) -> Release:
    return Release(
        id=ArtifactId(name or _id(day)),
        as_of=format_instant(AS_OF + timedelta(days=day)),
        snapshot_id=ArtifactId("s"),
        mode=mode,
        regions={Region(region): entry for region, entry in regions.items()},
        is_whole=True,
    )


def _publish(lake: Lake, release: Release) -> dict[str, str]:
    go_live(lake, store_release(lake, release))
    return _live(lake)


def _live(lake: Lake) -> dict[str, str]:
    return {region: live.shard_id for region, live in read_live(lake).regions.items()}


def test_passed_regions_move_and_refused_ones_keep_their_shard(lake: Lake) -> None:
    _publish(lake, _release(0, east=_entry("e0", 0), west=_entry("w0", 0)))
    refused = _entry("w0", 0, passed=False)
    live = _publish(lake, _release(1, east=_entry("e1", 1), west=refused))
    assert live == {"east": "e1", "west": "w0"}
    assert read_live(lake).regions[WEST].release_id == _id(0)


def test_a_popular_list_is_renewed_and_replaced_by_the_first_model(lake: Lake) -> None:
    for day in (0, 1):
        popular = _entry(f"e{day}", day, passed=False, serves="popular")
        assert _publish(lake, _release(day, east=popular)) == {"east": f"e{day}"}
    assert _publish(lake, _release(2, east=_entry("e2", 2))) == {"east": "e2"}
    assert read_live(lake).regions[EAST].serves == "model"


def test_an_older_day_does_not_go_live_even_after_a_rollback(lake: Lake) -> None:
    _publish(lake, _release(0, east=_entry("e0", 0)))
    _publish(lake, _release(2, east=_entry("e2", 2)))
    before = lake.storage.read(lake.layout.live)
    _publish(lake, _release(1, east=_entry("e1", 1)))
    assert lake.storage.read(lake.layout.live) == before
    roll_back(lake)
    _publish(lake, _release(1, east=_entry("e1", 1)))
    assert _live(lake) == {"east": "e0"}


def test_the_same_release_twice_leaves_the_same_bytes(lake: Lake) -> None:
    release = _release(0, east=_entry("e0", 0))
    _publish(lake, release)
    before = lake.storage.read(lake.layout.live)
    _publish(lake, release)
    assert lake.storage.read(lake.layout.live) == before


def test_a_day_on_which_every_region_is_refused_leaves_live_alone(lake: Lake) -> None:
    _publish(lake, _release(0, east=_entry("e0", 0)))
    before = lake.storage.read(lake.layout.live)
    _publish(lake, _release(1, east=_entry("e0", 0, passed=False)))
    assert lake.storage.read(lake.layout.live) == before


def test_rollback_restores_what_served_and_withdraws(lake: Lake) -> None:
    _publish(lake, _release(0, east=_entry("e0", 0), west=_entry("w0", 0)))
    old = read_live(lake).regions
    _publish(lake, _release(1, east=_entry("e1", 1), west=_entry("w0", 0, passed=False)))
    live = roll_back(lake)
    assert live.regions == old
    assert (live.withdrawn, live.release_id) == ([_id(1)], _id(0))
    assert live.high_water == format_instant(AS_OF + timedelta(days=1))


def test_a_withdrawn_release_needs_force(lake: Lake) -> None:
    release = _release(1, east=_entry("e1", 1))
    _publish(lake, _release(0, east=_entry("e0", 0)))
    _publish(lake, release)
    roll_back(lake)
    assert _publish(lake, release) == {"east": "e0"}
    forced = _release(1, FORCED, "force", east=_entry("e1", 1, passed=False))
    assert _publish(lake, forced) == {"east": "e1"}


def test_rollback_to_a_named_release_withdraws_all_later_ones(lake: Lake) -> None:
    for day in range(3):
        _publish(lake, _release(day, east=_entry(f"e{day}", day)))
    live = roll_back(lake, _id(0))
    assert _live(lake) == {"east": "e0"}
    assert live.withdrawn == [_id(1), _id(2)]


@pytest.mark.parametrize("to", [None, _id(0), ArtifactId("nobody")])
def test_rollback_needs_an_earlier_release(lake: Lake, to: ArtifactId | None) -> None:
    _publish(lake, _release(0, east=_entry("e0", 0)))
    with pytest.raises(ConfigError, match="live before"):
        roll_back(lake, to)
    assert _live(lake) == {"east": "e0"}


def test_a_retired_region_goes_only_when_all_pass(lake: Lake) -> None:
    _publish(lake, _release(0, east=_entry("e0", 0)))
    north, refused = _entry("n1", 1), _entry("s1", 1, passed=False, serves="popular")
    assert _publish(lake, _release(1, north=north, south=refused)) == {"east": "e0"}
    assert _publish(lake, _release(2, north=north, south=_entry("s2", 2))) == {
        "north": "n1",
        "south": "s2",
    }


def test_a_new_region_or_an_empty_one_retires_nobody(lake: Lake) -> None:
    _publish(lake, _release(0, east=_entry("e0", 0)))
    grown = _release(1, east=_entry("e0", 0, passed=False), west=_entry("w1", 1))
    assert _publish(lake, grown) == {"east": "e0", "west": "w1"}
    without = _release(2, west=_entry("w2", 2)).model_copy(update={"empty_regions": [EAST]})
    assert _publish(lake, without) == {"east": "e0", "west": "w2"}
    part = _release(3, west=_entry("w3", 3)).model_copy(update={"is_whole": False})
    assert _publish(lake, part) == {"east": "e0", "west": "w3"}


def test_the_champion_is_the_newest_passed_release_before_the_day(lake: Lake) -> None:
    for release in (
        _release(0, east=_entry("e0", 0)),
        _release(1, east=_entry("e1", 1)),
        _release(2, east=_entry("e2", 2, passed=False)),
        _release(3, mode="never", east=_entry("e3", 3)),
    ):
        store_release(lake, release)

    def best(day: int, *withdrawn: ArtifactId) -> str | None:
        live = Live(withdrawn=list(withdrawn))
        past = replace(read_past(lake), live=live)
        found = past.champion(EAST, AS_OF + timedelta(days=day))
        return found.shard_id if found else None

    assert [best(day) for day in range(5)] == [None, "e0", "e1", "e1", "e1"]
    assert best(4, _id(1)) == "e0"


def test_a_rolled_back_shard_is_no_champion_under_another_releases_name(lake: Lake) -> None:
    _publish(lake, _release(0, east=_entry("e0", 0)))
    _publish(lake, _release(1, east=_entry("e1", 1)))
    roll_back(lake)
    store_release(lake, _release(1, FORCED, east=_entry("e1", 1)))
    found = read_past(lake).champion(EAST, AS_OF + timedelta(days=2))
    assert found is not None
    assert found.shard_id == "e0"


def test_a_rolled_back_shard_needs_force_under_any_releases_name(lake: Lake) -> None:
    _publish(lake, _release(0, east=_entry("e0", 0), west=_entry("w0", 0)))
    _publish(lake, _release(1, east=_entry("e1", 1), west=_entry("w1", 1)))
    roll_back(lake)
    before = lake.storage.read(lake.layout.live)
    part = _release(1, "a" * 16, east=_entry("e1", 1)).model_copy(update={"is_whole": False})
    _publish(lake, part)
    assert lake.storage.read(lake.layout.live) == before
    forced = _release(1, FORCED, "force", east=_entry("e1", 1))
    forced = forced.model_copy(update={"is_whole": False})
    assert _publish(lake, forced) == {"east": "e1", "west": "w0"}
    assert _publish(lake, part) == {"east": "e1", "west": "w0"}  # revived: nothing new
    assert _publish(lake, _release(2, east=_entry("e2", 2), west=_entry("w2", 2))) == {
        "east": "e2",
        "west": "w2",
    }


def test_only_files_named_as_releases_are_releases(lake: Lake) -> None:
    release = store_release(lake, _release(0, east=_entry("e0", 0)))
    folder = lake.layout.releases
    for name in (
        f".{_id(1)}.json.0123abcd",
        "notes.json",
        f"{_id(1)}.json.bak",
        f"a/{_id(1)}.json",
    ):
        lake.storage.write(f"{folder}/{name}", b"{")
    assert list_releases(lake) == [release]
    assert not lake.layout.release_run(release.id).startswith(folder)
    assert lake.storage.exists(lake.layout.release_run(release.id))


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff", b'{"regions": 1}'])
def test_damaged_json_is_a_fault_that_names_the_file(lake: Lake, damage: bytes) -> None:
    release = store_release(lake, _release(0, east=_entry("e0", 0)))
    for path in (lake.layout.live, lake.layout.release(release.id)):
        lake.storage.write(path, damage)
    with pytest.raises(LakeError, match=r"LIVE\.json must hold"):
        read_live(lake)
    with pytest.raises(DamagedError, match=rf"{release.id}\.json must hold"):
        read_release(lake, release.id)


def test_a_damaged_release_stops_no_other(lake: Lake, caplog: pytest.LogCaptureFixture) -> None:
    for day in range(3):
        _publish(lake, _release(day, east=_entry(f"e{day}", day)))
    lake.storage.write(lake.layout.release(_id(1)), b"{")
    releases, damaged = scan_releases(lake)
    assert ([release.id for release in releases], list(damaged)) == ([_id(0), _id(2)], [_id(1)])
    champion = read_past(lake).champion(EAST, AS_OF + timedelta(days=2))
    assert champion is not None
    assert champion.shard_id == "e0"
    assert _publish(lake, _release(3, east=_entry("e3", 3))) == {"east": "e3"}
    assert f"{_id(1)}.json must hold" in caplog.text
    # What served after it is not known, so no rollback may guess it; one to before it need not.
    before = lake.storage.read(lake.layout.live)
    with pytest.raises(DamagedError):
        roll_back(lake)
    assert lake.storage.read(lake.layout.live) == before
    roll_back(lake, _id(0))
    assert _live(lake) == {"east": "e0"}


def test_a_release_under_another_ones_name_is_damaged(lake: Lake) -> None:
    release = store_release(lake, _release(0, east=_entry("e0", 0)))
    lake.storage.write(lake.layout.release(_id(1)), release.to_bytes())
    with pytest.raises(DamagedError, match=f"{_id(1)}.json must hold the release"):
        read_release(lake, _id(1))


@pytest.mark.parametrize("text", ["{}", '{"high_water": "20260101T000000Z", "regions": {}}'])
def test_a_pointer_that_lacks_a_part_is_damaged(lake: Lake, text: str) -> None:
    lake.storage.write(lake.layout.live, text.encode())
    with pytest.raises(DamagedError, match=r"no .*history"):
        read_live(lake)


@pytest.mark.parametrize("name", ["../LIVE", "e0", "0" * 15, "A" * 16, "0" * 17, "9" * 16])
def test_a_name_that_is_no_release_is_answered_with_the_newest(lake: Lake, name: str) -> None:
    for day in range(7):
        store_release(lake, _release(day, east=_entry("e0", day)))
    with pytest.raises(ConfigError) as caught:
        named_release(lake, name)
    assert caught.value.found.endswith(
        f"there are {', '.join(_id(day) for day in (6, 5, 4, 3, 2))} and 2 older"
    )
    assert named_release(lake, _id(0)).id == _id(0)


def test_what_a_release_lists() -> None:
    kept = _entry("old", 0)
    passed, refused, undecided, missing = (
        _entry("new", 1).model_copy(update={"verdict": verdict})
        for verdict in ("passed", "refused", "undecided", None)
    )
    missing = missing.model_copy(update={"shard_id": None, "as_of": None})
    for candidate, champion, policy, forced, expected in (
        (passed, kept, "popular", False, ("new", "model", "live", True)),
        (refused, kept, "live", False, ("old", "model", "keep", False)),
        (refused, kept, "keep", True, ("new", "model", "live", False)),
        (refused, None, "live", False, ("new", "popular", "keep", False)),
        (missing, kept, "live", True, ("old", "model", "keep", False)),
        (missing, None, "live", False, (None, "popular", "keep", False)),
        (undecided, kept, "live", False, ("new", "model", "live", True)),
        (undecided, kept, "keep", False, ("old", "model", "keep", False)),
        (undecided, None, "keep", False, ("new", "popular", "keep", False)),
        (undecided, kept, "popular", False, ("new", "popular", "popular", False)),
        (undecided, kept, "popular", True, ("new", "model", "live", False)),
    ):
        entry = released_region(candidate, champion, undecided=policy, forced=forced)
        assert (entry.shard_id, entry.serves, entry.follows, entry.passed) == expected


def test_an_undecided_region_follows_what_the_gate_says(lake: Lake) -> None:
    """`keep` leaves the model that serves, `popular` takes it off, `live` replaces it."""
    live = {EAST: LiveRegion(shard_id="e0", as_of="x", serves="model", release_id="r")}
    candidate = _entry("e1", 1).model_copy(update={"verdict": "undecided"})
    for policy, expected in (
        ("keep", ("e0", "model")),
        ("popular", ("e1", "popular")),
        ("live", ("e1", "model")),
    ):
        entry = released_region(candidate, _entry("e0", 0), undecided=policy, forced=False)
        after = Replayed(live).then(_release(1, east=entry)).regions
        assert (after[EAST].shard_id, after[EAST].serves) == expected
        if policy != "keep":  # and where nothing serves
            assert Replayed().then(_release(1, east=entry)).regions[EAST].shard_id == "e1"


def test_an_entry_of_an_older_release_is_read() -> None:
    """It knew passed and refused only; one without its parts was not judged."""
    ids = {"evaluation_id": "e", "candidate_shard_id": "c"}
    stored = {"shard_id": "s", "as_of": "x", "serves": "model", "passed": True, **ids}
    assert ReleasedRegion.model_validate(stored).verdict == "passed"
    assert ReleasedRegion.model_validate({**stored, "passed": False}).verdict == "refused"
    missing = {**stored, "passed": False, "evaluation_id": None}
    assert ReleasedRegion.model_validate(missing).verdict is None


def test_two_writers_at_once_conflict(lake: Lake) -> None:
    release = _release(0, east=_entry("e0", 0))
    with lake.storage.swap(lake.layout.live), pytest.raises(ConflictError):
        go_live(lake, release)
    assert _publish(lake, release) == {"east": "e0"}
