"""Releases are found by name as a full scan finds them, whatever happened, reading a few files."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from graphrec_core.errors import ConfigError
from graphrec_core.lake import Lake
from graphrec_core.lake.storage import Storage
from graphrec_core.ledger.catalogue import Catalogue, announce, complete
from graphrec_core.ledger.live import NOTHING, read_live
from graphrec_core.ledger.past import Past, read_past
from graphrec_core.ledger.release import Release, ReleasedRegion, list_releases
from graphrec_core.ledger.revisions import Acceptance, Revision, record_revision
from graphrec_core.ledger.state import state_of
from graphrec_core.ledger.storing import store_release
from graphrec_core.publishing.going_live import go_live, roll_back
from graphrec_core.types import ArtifactId, format_instant
from tests.ledger.naive_past import NaivePast
from tests.ledger.random_releases import (
    LACKS,
    NUM_DAYS,
    NUM_MOVES,
    NUM_SEEDS,
    REGIONS,
    REVISED,
    draw_release,
    id_of,
)
from tests.support.object_store import ObjectStore
from tests.support.snapshots import AS_OF, tiny_config


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tiny_config(tmp_path / "lake"))


def naive(lake: Lake) -> NaivePast:
    def order(release: Release) -> tuple[str, int, int, str]:
        return release.as_of, int(release.snapshot_id == REVISED), release.number, release.id

    return NaivePast(sorted(list_releases(lake), key=order), read_live(lake))


def revise_all_days(lake: Lake) -> None:
    for day in range(NUM_DAYS):
        revision = Revision(
            number=1,
            snapshot_id=ArtifactId(REVISED),
            revises=ArtifactId("s"),
            accepted=Acceptance(by="ada", why="a test"),
            changes=[],
        )
        record_revision(lake, AS_OF + timedelta(days=day), ArtifactId("s"), revision)


def check_all_days(lake: Lake, rng: np.random.Generator) -> None:
    """Compares every answer about some days with the full scan's."""
    past, slow = read_past(lake), naive(lake)
    for day in rng.integers(NUM_DAYS + 30, size=12):
        as_of = AS_OF + timedelta(days=int(day))
        assert past.next_number(as_of) == slow.next_number(as_of)
        assert past.barred(format_instant(as_of)) == {
            entry.candidate_shard_id
            for release in slow.releases
            if release.as_of == format_instant(as_of)
            for entry in release.regions.values()
            if entry.candidate_shard_id in slow.barred()
        }
        for region in REGIONS:
            for memory_days in (0, 7, 28):
                found = past.references(region, as_of, memory_days, ArtifactId("own"))
                assert found == slow.references(region, as_of, memory_days), (region, day)


def check_state(lake: Lake) -> None:
    """What serves follows from the claims of a few releases as from a replay of all."""
    past, slow = read_past(lake), naive(lake)
    whole = slow.state()
    for release in slow.releases:
        short = state_of(past, past.live.history, release.as_of)
        assert dict(short.regions) == dict(whole.regions)
        late = {key: day for key, day in whole.superseded.items() if day >= release.as_of}
        assert {k: day for k, day in short.superseded.items() if day >= release.as_of} == late
        others = [name for name in past.live.history if name != release.id]
        reduced = NaivePast(slow.releases, past.live.model_copy(update={"history": others}))
        assert dict(state_of(past, others, release.as_of).regions) == dict(reduced.state().regions)


def move(lake: Lake, rng: np.random.Generator, place: int) -> None:
    kind = rng.random()
    try:
        if kind < 0.75:
            go_live(lake, store_release(lake, draw_release(rng, lake, place)))
        elif kind < 0.85 and (made := list_releases(lake)):
            go_live(lake, made[int(rng.integers(len(made)))])
        elif kind < 0.98:
            roll_back(lake)
        else:
            roll_back(lake, NOTHING)
    except ConfigError:
        pass


@pytest.mark.parametrize("is_older", [False, True])
@pytest.mark.parametrize("seed", range(NUM_SEEDS))
def test_any_history_is_found_as_a_full_scan_finds_it(
    lake: Lake, seed: int, *, is_older: bool
) -> None:
    """Backfills, reruns, force, rollbacks, parts of regions; a catalogue from the start or not."""
    rng = np.random.default_rng(seed)
    revise_all_days(lake)
    for place in range(NUM_MOVES):
        move(lake, rng, place)
        if is_older and place == NUM_MOVES // 2:
            lake.storage.remove(lake.layout.catalogue)  # what an earlier version left
        if place % 10 == 9:
            check_all_days(lake, rng)
            check_state(lake)


def test_a_wrong_name_would_be_seen(lake: Lake) -> None:
    """The comparison can fail: a release whose names are lost is not found."""
    rng = np.random.default_rng(0)
    for place in range(NUM_MOVES):
        move(lake, rng, place)
    for path in lake.storage.files(lake.layout.catalogued_days):
        lake.storage.remove(path)
    with pytest.raises(AssertionError):
        check_all_days(lake, rng)


def passed_release(day: int, shard: str = "", **changed: object) -> Release:
    as_of = format_instant(AS_OF + timedelta(days=day))
    regions = {
        one: ReleasedRegion.model_validate(
            {
                "shard_id": f"{one}{day}{shard}",
                "as_of": as_of,
                "serves": "model",
                "passed": True,
                "verdict": "passed",
                "candidate_shard_id": f"{one}{day}{shard}",
            }
        )
        for one in REGIONS
    }
    fields = {"id": id_of(day, shard), "as_of": as_of, "snapshot_id": "s", "mode": "auto"}
    return Release.model_validate({**fields, "regions": regions, **changed})


def models(lake: Lake, day: int) -> dict[str, str]:
    past = read_past(lake)
    return dict(past.references(REGIONS[0], AS_OF + timedelta(days=day), 28, ArtifactId("own")))


def test_a_later_day_that_starts_anew_hides_nothing_from_a_backfill(lake: Lake) -> None:
    for day in range(3):
        store_release(lake, passed_release(day))
    before = models(lake, 2)
    anew = passed_release(5, mode="force")
    entry = anew.regions[REGIONS[0]]
    entry = entry.model_copy(update={"verdict": "undecided", "rules": (LACKS,)})
    store_release(lake, anew.model_copy(update={"regions": {REGIONS[0]: entry}}))
    assert models(lake, 2) == before == {
        "champion": "east1",
        "same_day": "east2",
        "elder": "east0",
    }  # fmt: skip
    assert models(lake, 9) == {"champion": "east5", "elder": "east5"}


def write_earlier(lake: Lake, *releases: Release) -> None:
    """Stores releases as an earlier version did, without names."""
    for one in releases:
        lake.storage.write(lake.layout.release(one.id), one.to_bytes())


def test_a_lake_of_an_earlier_version_gets_its_catalogue_when_it_is_first_read(
    lake: Lake,
) -> None:
    write_earlier(lake, *(passed_release(day) for day in range(40)))
    expected = {"champion": "east39", "elder": "east12"}
    assert models(lake, 40) == expected
    assert lake.storage.files(lake.layout.catalogue) == [lake.layout.older_releases]
    store_release(lake, passed_release(40))
    assert models(lake, 41) == {"champion": "east40", "elder": "east13"}
    assert models(lake, 40) == {"same_day": "east40", **expected}


def test_what_an_earlier_version_adds_later_is_taken_in_by_publishing(lake: Lake) -> None:
    store_release(lake, passed_release(0))
    assert models(lake, 3) == {"champion": "east0", "elder": "east0"}
    write_earlier(lake, passed_release(1))
    complete(lake)
    assert models(lake, 3) == {"champion": "east1", "elder": "east0"}
    older = lake.storage.read(lake.layout.older_releases)
    complete(lake)
    assert lake.storage.read(lake.layout.older_releases) == older


@pytest.mark.parametrize("damage", [b"", b"{", b'{"releases": 1}'])
def test_a_damaged_catalogue_is_built_anew(lake: Lake, damage: bytes) -> None:
    write_earlier(lake, *(passed_release(day) for day in range(3)))
    expected = models(lake, 3)
    lake.storage.write(lake.layout.older_releases, damage)
    assert models(lake, 3) == expected
    assert lake.storage.read(lake.layout.older_releases) != damage


def test_a_restored_release_counts_again(lake: Lake) -> None:
    """Damaged while the catalogue was built, or afterwards."""
    early, late = passed_release(0), passed_release(1)
    for one in (early, late):
        write_earlier(lake, one)
    lake.storage.write(lake.layout.release(late.id), b"{")
    assert models(lake, 2) == {"champion": "east0", "elder": "east0"}
    write_earlier(lake, late)
    assert models(lake, 2) == {"champion": "east1", "elder": "east0"}
    lake.storage.write(lake.layout.release(early.id), b"{")
    assert models(lake, 2) == {"champion": "east1", "elder": "east1"}
    write_earlier(lake, early)
    assert models(lake, 2) == {"champion": "east1", "elder": "east0"}


def test_names_without_a_release_count_for_nothing(lake: Lake) -> None:
    """A process that died before it stored what it had named; the next one decides otherwise."""
    store_release(lake, passed_release(0))
    before = models(lake, 2), read_past(lake).next_number(AS_OF + timedelta(days=1))
    announce(lake, passed_release(1))
    assert (models(lake, 2), read_past(lake).next_number(AS_OF + timedelta(days=1))) == before
    refused = passed_release(1)
    entry = refused.regions[REGIONS[0]].model_copy(update={"passed": False})
    store_release(lake, refused.model_copy(update={"regions": {REGIONS[0]: entry}}))
    assert models(lake, 2) == before[0]


def test_an_object_store_does_what_a_folder_does(store: ObjectStore, tmp_path: Path) -> None:
    lake = Lake(tiny_config(tmp_path, lake={"root": store.new_root()}))
    write_earlier(lake, passed_release(0))
    for day in (40, 41):
        store_release(lake, passed_release(day))
    assert models(lake, 41) == {
        "champion": "east40",
        "same_day": "east41",
        "elder": "east0",
    }
    newest = read_past(lake).catalogue.newest()
    assert newest is not None
    assert newest.id == passed_release(41).id
    before = lake.storage.files("")
    store_release(lake, passed_release(41))
    assert lake.storage.files("") == before


class Dying(Storage):
    """A storage whose process dies after some writes."""

    num_left = 0

    def write(self, path: str, data: bytes) -> None:
        self._spend()
        super().write(path, data)

    def write_if_absent(self, path: str, data: bytes) -> bool:
        self._spend()
        return super().write_if_absent(path, data)

    def _spend(self) -> None:
        if self.num_left == 0:
            raise KeyboardInterrupt
        self.num_left -= 1


def test_a_death_between_any_two_writes_leaves_the_past_right(lake: Lake, tmp_path: Path) -> None:
    store_release(lake, passed_release(0))
    models(lake, 2)
    before, after = {"champion": "east0", "elder": "east0"}, dict[str, str]()
    num_deaths = 0
    while not after:
        root = tmp_path / f"copy-{num_deaths}"
        shutil.copytree(tmp_path / "lake", root)
        copy, dying = Lake(tiny_config(root)), Dying(str(root))
        dying.num_left = num_deaths
        copy.__dict__["storage"] = dying
        try:
            store_release(copy, passed_release(1))
            after = {"champion": "east1", "elder": "east0"}
        except KeyboardInterrupt:
            num_deaths += 1
        copy = Lake(tiny_config(root))
        is_stored = copy.storage.exists(copy.layout.release(passed_release(1).id))
        assert models(copy, 2) == ({**before, "champion": "east1"} if is_stored else before)
        store_release(copy, passed_release(1))
        assert models(copy, 2) == {**before, "champion": "east1"}
    assert num_deaths == len(REGIONS) + 3  # the day's name, the regions', the release, its costs


class Counting(Storage):
    """A storage that counts what is read and listed."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.read_paths: list[str] = []
        self.listed_paths: list[str] = []

    def find(self, path: str) -> bytes | None:
        self.read_paths.append(path)
        return super().find(path)

    def files(self, path: str) -> list[str]:
        self.listed_paths.append(path)
        return super().files(path)


def counted(lake: Lake) -> Iterator[tuple[Past, Counting]]:
    while True:
        again, storage = Lake(lake.config), Counting(lake.config.lake.root)
        again.__dict__["storage"] = storage
        yield Past(Catalogue(again), read_live(again)), storage


@pytest.mark.parametrize("is_older", [False, True])
def test_a_champion_is_found_by_as_many_files_after_a_year_as_after_two_months(
    lake: Lake, *, is_older: bool
) -> None:
    """Also where it is a year old, since everything after it was refused or rolled back."""
    reads = []
    refused = {one: entry.model_copy(update={"passed": False}) for one, entry in
               passed_release(0).regions.items()}  # fmt: skip
    pasts = counted(lake)
    store = write_earlier if is_older else lambda lake, one: store_release(lake, one)
    for day in range(400):
        changed = {"regions": refused} if 70 <= day < 390 else {}
        store(lake, passed_release(day, **changed))
        if day in (60, 380):
            if is_older:
                lake.storage.remove(lake.layout.catalogue)
            models(lake, day)  # the first to read an older lake reads all of it
            past, storage = next(pasts)
            as_of = AS_OF + timedelta(days=day + 1)
            assert past.champion(REGIONS[0], as_of) is not None
            past.elder(REGIONS[0], as_of, 28)
            past.next_number(as_of)
            reads.append((len(storage.read_paths), len(storage.listed_paths)))
    (num_early, listed_early), (num_late, listed_late) = reads
    assert num_late <= num_early <= 5
    assert listed_late <= listed_early <= 6
