"""Revisions: a record puts one to use, once, for one day and one configuration."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.errors import ConflictError
from graphrec_core.lake import Lake, artifact_id
from graphrec_core.lake.records import TableDigest
from graphrec_core.ledger.past import read_past
from graphrec_core.ledger.release import Release, ReleasedRegion
from graphrec_core.ledger.revisions import (
    Acceptance,
    Revision,
    TableChange,
    changed_tables,
    record_revision,
    refuse_other_rows,
    resized_tables,
    revision_numbers,
    scan_revisions,
)
from graphrec_core.ledger.storing import store_release
from graphrec_core.types import ALL_REGIONS, ArtifactId, Region, View, format_instant
from tests.support.object_store import ObjectStore
from tests.support.snapshots import AS_OF, SOURCE, tiny_config, write_tiny_snapshot

EAST = Region("east")
NEXT = AS_OF + timedelta(days=1)
LATE = TableChange(table="edges/visited", num_rows_before=120, num_rows=121)


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    return tiny_config(tmp_path)


def record(
    config: PipelineConfig, number: int, by: str = "eve", why: str = "late export"
) -> Revision:
    """Puts a revision of the day to use, as a rebuild does once its snapshot is committed."""
    day = Day(config, AS_OF).at_revision(number)
    revision = Revision(
        number=number,
        snapshot_id=day.ref(StepName.SNAPSHOT).id,
        revises=day.at_revision(number - 1).ref(StepName.SNAPSHOT).id,
        accepted=Acceptance(by=by, why=why),
        changes=[LATE],
    )
    return record_revision(Lake(config), AS_OF, day.first_snapshot_id, revision)


def all_ids(day: Day) -> list[ArtifactId]:
    views = [day.ref(StepName.EMBED, EAST, view, SOURCE).id for view in View]
    return [
        day.ref(StepName.CHECK).id,
        day.ref(StepName.TRAIN, EAST, source=SOURCE).id,
        *views,
        day.ref(StepName.SHARD, EAST).id,
    ]


def test_without_a_record_ids_are_what_they_were(config: PipelineConfig) -> None:
    day = Day(config, AS_OF)
    assert day.revision == 0
    assert day.ref(StepName.SNAPSHOT).inputs == {}
    first = artifact_id(StepName.SNAPSHOT, config, AS_OF, ALL_REGIONS, {})
    assert day.ref(StepName.SNAPSHOT).id == first == day.first_snapshot_id
    assert not Path(config.lake.root, "tiny").exists()


def test_a_record_changes_every_later_id_of_its_day(config: PipelineConfig) -> None:
    before = Day(config, AS_OF)
    ids = [before.ref(StepName.SNAPSHOT).id, *all_ids(before)]
    stored = record(config, 1)
    after = Day(config, AS_OF)
    assert (after.revision, after.ref(StepName.SNAPSHOT).inputs) == (1, {"revision": "1"})
    assert after.ref(StepName.SNAPSHOT).id == stored.snapshot_id
    assert not {after.ref(StepName.SNAPSHOT).id, *all_ids(after)} & set(ids)
    assert after.first_snapshot_id == stored.revises == ids[0]


def test_a_day_speaks_of_one_revision(config: PipelineConfig) -> None:
    running = Day(config, AS_OF)
    before = running.ref(StepName.SNAPSHOT).id
    record(config, 1)
    assert running.ref(StepName.SNAPSHOT).id == before
    assert all_ids(running) == all_ids(Day(config, AS_OF).at_revision(0))


def test_other_days_and_other_settings_are_left_alone(config: PipelineConfig) -> None:
    other = tiny_config(Path(config.lake.root), time={"window_days": 30})
    days = [Day(config, NEXT), Day(config, AS_OF - timedelta(days=1)), Day(other, AS_OF)]
    before = [day.ref(StepName.SNAPSHOT).id for day in days]
    record(config, 1)
    assert [Day(day.config, day.as_of).ref(StepName.SNAPSHOT).id for day in days] == before


def test_a_snapshot_says_which_revision_it_is(config: PipelineConfig) -> None:
    first = write_tiny_snapshot(config)
    record(config, 1)
    day = Day(config, AS_OF)
    assert day.of_snapshot(first.manifest).ref(StepName.SNAPSHOT).id == first.manifest.id
    inputs = {
        "inputs": day.ref(StepName.SNAPSHOT).inputs,
        "id": day.ref(StepName.SNAPSHOT).id,
    }
    revised = first.manifest.model_copy(update=inputs)
    assert Day(config, NEXT).of_snapshot(revised).revision == 1


def test_the_newest_number_counts_and_there_may_be_gaps(config: PipelineConfig) -> None:
    for number in (1, 2, 10):
        record(config, number)
    assert Day(config, AS_OF).revision == 10
    first_id = Day(config, AS_OF).first_snapshot_id
    found, damaged = scan_revisions(Lake(config), AS_OF, first_id)
    assert damaged == {}
    assert [revision.number for revision in found] == [1, 2, 10]
    assert str(found[0]) == (
        f"revision 1: snapshot {found[0].snapshot_id} instead of {first_id}, accepted by eve: "
        "late export (edges/visited: 120 rows then, 121 now)"
    )


def test_other_files_are_no_records(config: PipelineConfig) -> None:
    record(config, 1)
    lake, first_id = Lake(config), Day(config, AS_OF).first_snapshot_id
    folder = lake.layout.snapshot_revisions(AS_OF, first_id)
    for name in (".2.json.0a1b2c3d", "2.json~", "0.json", "02.json", "x2.json", "2/3.json"):
        lake.storage.write(f"{folder}/{name}", b"")
    assert Day(config, AS_OF).revision == 1
    lake.storage.write(f"{folder}/2.json", b"")
    assert Day(config, AS_OF).revision == 2


def test_a_damaged_record_is_named(
    config: PipelineConfig, caplog: pytest.LogCaptureFixture
) -> None:
    record(config, 1)
    second = record(config, 2)
    lake, first_id = Lake(config), Day(config, AS_OF).first_snapshot_id
    path = lake.layout.revision(AS_OF, first_id, 1)
    lake.storage.write(path, lake.storage.read(path)[:-9])
    found, damaged = scan_revisions(lake, AS_OF, first_id)
    assert found == [second]
    assert list(damaged) == [1]
    assert f"{first_id}/1.json must hold what graphrec wrote" in str(damaged[1])
    caplog.clear()
    numbers = revision_numbers(lake, format_instant(AS_OF))  # it stops its own day only
    assert numbers == {second.snapshot_id: 2}
    assert f"{first_id}/1.json must hold what graphrec wrote" in caplog.text


def test_of_many_writers_one_wins_and_all_agree(config: PipelineConfig) -> None:
    names = [f"person {number}" for number in range(8)]
    with ThreadPoolExecutor(len(names)) as pool:
        stored = list(pool.map(lambda name: record(config, 1, by=name), names))
    assert len({revision.accepted.by for revision in stored}) == 1
    assert stored[0].accepted.by in names


def test_an_object_store_does_what_a_folder_does(store: ObjectStore, tmp_path: Path) -> None:
    config = tiny_config(tmp_path, lake={"root": store.new_root()})
    assert Day(config, AS_OF).revision == 0
    stored = [record(config, 1, by=name) for name in ("ann", "ben")]
    assert [revision.accepted.by for revision in stored] == ["ann", "ann"]
    assert Day(config, AS_OF).ref(StepName.SNAPSHOT).id == stored[0].snapshot_id
    assert Day(config, NEXT).revision == 0


def test_an_overtaken_writer_is_told(config: PipelineConfig) -> None:
    record(config, 2)
    with pytest.raises(ConflictError, match="revision 2, accepted meanwhile"):
        record(config, 1)
    assert record(config, 3).number == 3


def test_other_rows_committed_meanwhile_are_refused() -> None:
    before, now = ({"edges/visited": TableDigest(digest=digest)} for digest in "ab")
    refuse_other_rows(AS_OF, before, dict(before))
    with pytest.raises(ConflictError, match="20260101T000000Z"):
        refuse_other_rows(AS_OF, before, now)


def test_changed_tables() -> None:
    before = {
        "nodes/user": TableDigest(num_rows=4, digest="1"),
        "nodes/place": TableDigest(num_rows=6, digest="2"),
        "edges/visited": TableDigest(num_rows=120, digest="3"),
        "region.areas": TableDigest(digest="4"),
    }
    now = {
        "nodes/user": TableDigest(num_rows=4, digest="5"),
        "nodes/place": TableDigest(num_rows=6, digest="2"),
        "edges/visited": TableDigest(num_rows=121, digest="6"),
        "region.areas": TableDigest(digest="7"),
    }
    assert changed_tables(before, dict(before)) == []
    assert [str(change) for change in changed_tables(before, now)] == [
        "edges/visited: 120 rows then, 121 now",
        "nodes/user: 4 rows as before, but not the same",
        "region.areas: not the same",
    ]
    assert resized_tables(before, now) == [LATE]


def test_the_champion_comes_from_the_newest_revision(config: PipelineConfig) -> None:
    """Ids are hashes: without the number, chance would choose between two releases of a day."""
    lake, day = Lake(config), Day(config, AS_OF)
    for number in (1, 2):
        record(config, number)
    for number, release_id in ((0, "f" * 16), (1, "0" * 16), (2, "8" * 16)):
        release = Release(
            id=ArtifactId(release_id),
            as_of=format_instant(AS_OF),
            snapshot_id=day.at_revision(number).ref(StepName.SNAPSHOT).id,
            mode="auto",
            regions={EAST: _entry(number)},
        )
        store_release(lake, release)
    champion = read_past(lake).champion(EAST, NEXT)
    assert champion is not None
    assert champion.candidate_shard_id == "shard 2"


def _entry(number: int) -> ReleasedRegion:
    return ReleasedRegion(
        shard_id=ArtifactId(f"shard {number}"),
        as_of=format_instant(AS_OF),
        serves="model",
        passed=True,
        candidate_shard_id=ArtifactId(f"shard {number}"),
    )
