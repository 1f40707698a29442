"""The lake on S3: one winner, no lost change, nothing half written, nothing stale."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pyarrow as pa
import pytest

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.errors import ConfigError, ConflictError, LakeError
from graphrec_core.lake import Artifact, Attempt, Lake, Storage, attempt, find_artifact
from graphrec_core.lake.sweep import sweep
from graphrec_core.ledger.live import read_live
from graphrec_core.ledger.release import list_releases
from graphrec_core.publishing.going_live import roll_back
from graphrec_core.types import Region
from tests.support.figures import MODEL_FIGURES
from tests.support.identities import tiny_id
from tests.support.object_store import ObjectStore
from tests.support.releases import EAST, one_region_release, publish
from tests.support.snapshots import AS_OF, SOURCE, tiny_config

ID = tiny_id(StepName.TRAIN, EAST)
RACERS = 6


@pytest.fixture
def config(store: ObjectStore, tmp_path: Path) -> PipelineConfig:
    return tiny_config(tmp_path, lake={"root": store.new_root()})


@pytest.fixture
def lake(config: PipelineConfig) -> Lake:
    return Lake(config)


@pytest.fixture
def storage(lake: Lake) -> Storage:
    return lake.storage


def _race(change: Callable[[int], bool]) -> list[bool]:
    """Runs ``change`` in several threads; a conflict counts as lost."""

    def run(index: int) -> bool:
        try:
            return change(index)
        except ConflictError:
            return False

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


def test_the_storage_does_what_a_folder_does(storage: Storage) -> None:
    for name in ("x/c", "x/a/1", "x/b/2"):
        storage.write(name, name.encode())
    assert storage.files("x") == ["x/a/1", "x/b/2", "x/c"]
    assert storage.folders("x") == ["a", "b"]
    assert storage.folders("y") == storage.files("y") == []
    assert storage.exists("x")
    found = storage.stat("x/c")
    assert found is not None
    assert found.num_bytes == 3
    assert abs(found.modified_s - time.time()) < 60
    assert storage.stats("x")["x/c"] == found
    assert storage.stat("y") is None
    assert storage.find("y") is None
    with pytest.raises(LakeError, match="nowhere/at-all"):
        storage.read("nowhere/at-all")
    with pytest.raises(LakeError, match="nowhere/at-all"):
        storage.open("nowhere/at-all")
    storage.remove("x")
    storage.remove("x")
    assert storage.files("") == []


def test_what_another_process_does_is_seen_at_once(storage: Storage) -> None:
    """A listing kept by fsspec would show the folder as it was."""
    other = Storage(storage.uri(""))
    assert storage.folders("a") == []
    assert not storage.exists("a/b/c")
    other.write("a/b/c", b"")
    assert storage.folders("a") == ["b"]
    assert storage.files("a") == ["a/b/c"]
    assert storage.exists("a/b/c")
    other.remove("a")
    assert storage.files("a") == []
    assert not storage.exists("a/b/c")


@pytest.mark.parametrize("is_heeded", [True, False])
def test_of_racing_writers_exactly_one_wins(
    store: ObjectStore, storage: Storage, *, is_heeded: bool
) -> None:
    """Its twin: a store that ignores the condition lets everybody win."""
    store.ignores_conditions = not is_heeded
    barrier = Barrier(RACERS, timeout=120)

    def write(index: int) -> bool:
        barrier.wait()
        return storage.write_if_absent("m.json", b"%d" % index)

    won = _race(write)
    assert sum(won) == (1 if is_heeded else RACERS)
    assert won[int(storage.read("m.json"))]


@pytest.mark.parametrize("is_heeded", [True, False])
@pytest.mark.parametrize("before", [None, b"[]"])
def test_of_racing_swaps_no_change_is_lost(
    store: ObjectStore, storage: Storage, before: bytes | None, *, is_heeded: bool
) -> None:
    """Its twin: a store that ignores the condition keeps the last writer's change alone."""
    store.ignores_conditions = not is_heeded
    if before:
        storage.write("LIVE.json", before)
    barrier = Barrier(RACERS, timeout=120)

    def add(index: int) -> bool:
        with storage.swap("LIVE.json") as put:
            said = json.loads(storage.read("LIVE.json")) if before else []
            barrier.wait()
            put(json.dumps([*said, index]).encode())
        return True

    won = [index for index, has_won in enumerate(_race(add)) if has_won]
    survived = json.loads(storage.read("LIVE.json"))
    assert (survived == won) is is_heeded
    assert len(survived) == 1


def test_a_swap_over_a_file_that_is_gone_is_a_conflict(storage: Storage) -> None:
    storage.write("LIVE.json", b"1")

    def swap() -> None:
        with storage.swap("LIVE.json") as put:
            storage.remove("LIVE.json")
            put(b"2")

    with pytest.raises(ConflictError, match="changed meanwhile"):
        swap()
    assert not storage.exists("LIVE.json")


def test_a_swap_whose_answer_is_lost_is_no_conflict(store: ObjectStore, storage: Storage) -> None:
    """The client sends the put again, and its condition no longer holds."""
    lost = []

    def lose_first(key: str) -> None:
        if key.endswith("LIVE.json") and not lost:
            lost.append(key)
            raise RuntimeError

    storage.write("LIVE.json", b"1")
    store.after_put = lose_first
    with storage.swap("LIVE.json") as put:
        put(b"2")
    assert lost
    assert storage.read("LIVE.json") == b"2"


def test_a_refusal_for_another_reason_is_no_lost_race(store: ObjectStore) -> None:
    elsewhere = Storage(store.new_root().replace("lakes", "others"))
    for write in (elsewhere.write_if_absent, elsewhere.write):
        with pytest.raises(ConfigError, match=r"bucket .* of lake\.root must exist"):
            write("m", b"")


def test_a_file_is_never_seen_half_written(store: ObjectStore, storage: Storage) -> None:
    """Of several parts, the first of which is in the store long before the last."""
    part = 6 * 2**20
    seen = []

    def look(key: str) -> None:
        seen.append(storage.exists("a/b"))

    store.before_put = look
    storage._fs.default_block_size = 5 * 2**20
    with storage.create("a/b") as file:
        for _ in range(3):
            file.write(bytes(part))
    assert len(seen) >= 3
    assert not any(seen)
    assert len(storage.read("a/b")) == 3 * part


@pytest.mark.parametrize("num_bytes", [0, 10, 6 * 2**20])
def test_a_creation_that_raises_leaves_what_was_there(
    store: ObjectStore, storage: Storage, num_bytes: int
) -> None:
    storage._fs.default_block_size = 5 * 2**20
    storage.write("a/b", b"before")

    def raise_half_way() -> None:
        with storage.create("a/b") as file:
            file.write(bytes(num_bytes))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        raise_half_way()
    assert storage.read("a/b") == b"before"
    assert store.num_uploads(storage.uri("")) == 0


def _commit(lake: Lake, write: Callable[[Attempt], None]) -> Artifact:
    with attempt(lake.storage, lake.layout.model(EAST, ID), ID) as trial:
        write(trial)
        return trial.commit(StepName.TRAIN, lake.config, AS_OF, EAST, {}, MODEL_FIGURES, SOURCE)


def _figures(trial: Attempt) -> None:
    trial.write_json("figures.json", {"a": 1})


def test_an_artefact_has_the_bytes_that_it_has_in_a_folder(lake: Lake, tmp_path: Path) -> None:
    def write(trial: Attempt) -> None:
        _figures(trial)
        trial.write_table("empty.parquet", pa.table({"x": pa.array([], pa.int64())}))
        trial.write_table("table.parquet", pa.table({"x": [1, 2], "y": ["a", None]}))

    there = _commit(lake, write)
    here = _commit(Lake(tiny_config(tmp_path)), write)
    assert there.manifest.files == here.manifest.files
    there.checked.check()
    assert there.read_table("table.parquet").equals(here.read_table("table.parquet"))


def test_a_few_columns_are_read_without_the_others(store: ObjectStore, lake: Lake) -> None:
    columns = {f"c{index}": np.random.default_rng(index).random(50_000) for index in range(10)}
    artifact = _commit(lake, lambda trial: trial.write_table("t.parquet", pa.table(columns)))
    artifact.read_table("t.parquet", ["c3"])  # checks all of it, once
    store.requests.clear()
    table = artifact.read_table("t.parquet", ["c3"])
    assert np.array_equal(table["c3"].to_numpy(), columns["c3"])
    ranges = [found.removeprefix("bytes=").split("-") for *_, found in store.requests if found]
    num_bytes = sum(int(last) - int(first) + 1 for first, last in ranges)
    assert 0 < num_bytes < artifact.manifest.files["t.parquet"].num_bytes / 4


def test_a_linked_file_is_copied_by_the_store(store: ObjectStore, lake: Lake) -> None:
    first = _commit(lake, lambda trial: trial.write_table("t.parquet", pa.table({"x": [1, 2]})))
    other = tiny_id(StepName.TRAIN, EAST, snapshot=first.manifest.id)
    first.checked.check()
    store.requests.clear()
    with attempt(lake.storage, lake.layout.model(EAST, other), other) as trial:
        trial.link_file("u.parquet", first, "t.parquet")
        with pytest.raises(LakeError, match=r"v\.parquet"):
            trial.link_file("w.parquet", first, "v.parquet")
        assert not [path for method, path, _ in store.requests if method == "GET"]
        inputs = {"snapshot": first.manifest.id}
        second = trial.commit(
            StepName.TRAIN, lake.config, AS_OF, EAST, inputs, MODEL_FIGURES, SOURCE
        )
    assert second.manifest.files == {"u.parquet": first.manifest.files["t.parquet"]}
    second.checked.check()


def test_two_racing_attempts_give_one_manifest(lake: Lake) -> None:
    barrier = Barrier(RACERS, timeout=120)

    def race(index: int) -> Artifact:
        def write(trial: Attempt) -> None:
            trial.write_json("figures.json", {"writer": index})
            barrier.wait()

        return _commit(lake, write)

    with ThreadPoolExecutor(RACERS) as pool:
        artifacts = list(pool.map(race, range(RACERS)))
    assert len({artifact.base for artifact in artifacts}) == 1
    assert len({artifact.manifest.to_bytes() for artifact in artifacts}) == 1


def test_an_attempt_that_raises_leaves_nothing(store: ObjectStore, lake: Lake) -> None:
    def write(trial: Attempt) -> None:
        _figures(trial)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        _commit(lake, write)
    assert store.keys(lake.storage.uri("")) == []


def test_sweep_removes_the_dead_and_keeps_the_committed(store: ObjectStore, lake: Lake) -> None:
    artifact = _commit(lake, _figures)
    folder = lake.layout.model(EAST, ID)
    lake.storage.write(f"{folder}/attempt-dead/deep/file.parquet", b"half")
    assert sweep(lake, 3600) == []
    store.set_age(lake.storage.uri(f"{folder}/attempt-dead/deep/file.parquet"), 7200)
    (removed,) = sweep(lake, 3600)
    assert removed.path == f"{folder}/attempt-dead"
    assert removed.age_s == pytest.approx(7200, abs=60)
    assert find_artifact(lake.storage, folder) == artifact
    assert lake.storage.folders(folder) == [artifact.base.rsplit("/", 1)[-1]]


def test_releases_go_live_and_back(lake: Lake) -> None:
    releases = [one_region_release(0, "e0"), one_region_release(1, "e1")]
    for release in releases:
        publish(lake, release)
    assert list_releases(lake) == releases
    assert read_live(lake).regions[EAST].shard_id == "e1"
    assert roll_back(lake).regions[EAST].shard_id == "e0"
    assert publish(lake, releases[1]).regions[EAST].shard_id == "e0"
    assert read_live(lake).withdrawn == [releases[1].id]


def test_of_two_publishers_at_once_the_later_one_conflicts_and_nothing_is_lost(
    store: ObjectStore, lake: Lake
) -> None:
    """The other region goes live between this one's reading and its writing."""
    publish(lake, one_region_release(0, "e0"))
    first, second = one_region_release(1, "w1", Region("west")), one_region_release(2, "e2")
    live = f"/{lake.storage.uri(lake.layout.live).removeprefix('s3://')}"

    def publish_first(key: str) -> None:
        if key == live:
            store.before_put = lambda _: None
            publish(lake, first)

    store.before_put = publish_first
    with pytest.raises(ConflictError):
        publish(lake, second)
    assert set(read_live(lake).regions) == {"east", "west"}
    served = publish(lake, second).regions
    assert {region: entry.shard_id for region, entry in served.items()} == {
        "east": "e2",
        "west": "w1",
    }
