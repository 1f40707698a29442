from datetime import timedelta
from pathlib import Path

import pytest

from graphrec_core.errors import ConfigError, ConflictError
from graphrec_core.lake import Lake
from graphrec_core.lake.release import (
    Release,
    ReleasedRegion,
    champion,
    go_live,
    list_releases,
    read_live,
    released_region,
    roll_back,
    store_release,
)
from graphrec_core.types import ArtifactId, Region, format_instant
from tests.support.snapshots import AS_OF, tiny_config

EAST, WEST = Region("east"), Region("west")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tiny_config(tmp_path))


def _entry(shard: str, day: int, *, passed: bool = True, serves: str = "model") -> ReleasedRegion:
    as_of = format_instant(AS_OF + timedelta(days=day))
    return ReleasedRegion.model_validate(
        {"shard_id": shard, "as_of": as_of, "serves": serves, "passed": passed}
    )


def _release(day: int, name: str = "", mode: str = "auto", **regions: ReleasedRegion) -> Release:
    return Release(
        id=ArtifactId(name or f"r{day}"),
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
    assert read_live(lake).regions[WEST].release_id == "r0"


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
    assert (live.withdrawn, live.release_id) == (["r1"], "r0")
    assert live.high_water == format_instant(AS_OF + timedelta(days=1))


def test_a_withdrawn_release_needs_force(lake: Lake) -> None:
    release = _release(1, east=_entry("e1", 1))
    _publish(lake, _release(0, east=_entry("e0", 0)))
    _publish(lake, release)
    roll_back(lake)
    assert _publish(lake, release) == {"east": "e0"}
    forced = _release(1, "forced", "force", east=_entry("e1", 1, passed=False))
    assert _publish(lake, forced) == {"east": "e1"}


def test_rollback_to_a_named_release_withdraws_all_later_ones(lake: Lake) -> None:
    for day in range(3):
        _publish(lake, _release(day, east=_entry(f"e{day}", day)))
    live = roll_back(lake, ArtifactId("r0"))
    assert _live(lake) == {"east": "e0"}
    assert live.withdrawn == ["r1", "r2"]


@pytest.mark.parametrize("to", [None, ArtifactId("r0"), ArtifactId("nobody")])
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
        _release(2, east=_entry("e1", 1, passed=False)),
        _release(3, mode="never", east=_entry("e3", 3)),
    ):
        store_release(lake, release)

    def best(day: int, *withdrawn: str) -> str | None:
        as_of = AS_OF + timedelta(days=day)
        names = [ArtifactId(name) for name in withdrawn]
        found = champion(list_releases(lake), names, EAST, as_of)
        return found[0].id if found else None

    assert [best(day) for day in range(5)] == [None, "r0", "r1", "r1", "r1"]
    assert best(4, "r1") == "r0"


def test_what_a_release_lists() -> None:
    candidate, kept = _entry("new", 1), _entry("old", 0)
    refused = candidate.model_copy(update={"passed": False})
    missing = refused.model_copy(update={"shard_id": None, "as_of": None})
    listed = [
        released_region(candidate, kept, forced=False),
        released_region(refused, kept, forced=False),
        released_region(refused, kept, forced=True),
        released_region(refused, None, forced=False),
        released_region(missing, kept, forced=True),
        released_region(missing, None, forced=False),
    ]
    assert [(entry.shard_id, entry.serves) for entry in listed] == [
        ("new", "model"),
        ("old", "model"),
        ("new", "model"),
        ("new", "popular"),
        ("old", "model"),
        (None, "popular"),
    ]


def test_two_writers_at_once_conflict(lake: Lake) -> None:
    release = _release(0, east=_entry("e0", 0))
    with lake.storage.lock(f"{lake.layout.live}.lock"), pytest.raises(ConflictError):
        go_live(lake, release)
    assert _publish(lake, release) == {"east": "e0"}
