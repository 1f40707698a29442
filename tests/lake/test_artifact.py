"""Artefacts are there whole or not at all: raised, killed and racing attempts."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier

import pyarrow as pa
import pytest

from graphrec_core.config import StepName
from graphrec_core.errors import LakeError
from graphrec_core.lake import Artifact, Attempt, Storage, attempt, find_artifact, open_artifact
from graphrec_core.lake.attempt import remove_attempt
from graphrec_core.types import Region
from tests.support.figures import MODEL_FIGURES
from tests.support.identities import tiny_id
from tests.support.snapshots import AS_OF, SOURCE, tiny_config

EAST, WEST = Region("east"), Region("west")
ID = tiny_id(StepName.TRAIN, EAST, snapshot="s")
NEXT_ID = tiny_id(StepName.TRAIN, WEST, snapshot="s")
FOLDER = f"tiny/models/region=east/{ID}"
NEXT_FOLDER = f"tiny/models/region=west/{NEXT_ID}"
TABLE = pa.table({"node_id": ["a", "b"], "value": [1.0, 2.0]})


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


def _write(trial: Attempt) -> None:
    trial.write_table("table.parquet", TABLE)
    trial.write_json("figures.json", {"b": 1, "a": 2})


def _commit(trial: Attempt, region: Region = EAST) -> Artifact:
    config = tiny_config(Path("lake"))
    return trial.commit(
        StepName.TRAIN, config, AS_OF, region, {"snapshot": "s"}, MODEL_FIGURES, SOURCE
    )


def _commit_one(storage: Storage) -> Artifact:
    with attempt(storage, FOLDER, ID) as trial:
        _write(trial)
        return _commit(trial)


def _raise_half_way(storage: Storage, error: BaseException) -> None:
    with attempt(storage, FOLDER, ID) as trial:
        _write(trial)
        assert storage.files(FOLDER)
        raise error


def test_a_committed_artefact_reads_back(storage: Storage) -> None:
    _commit_one(storage)
    artifact = open_artifact(storage, FOLDER)
    assert artifact.read_table("table.parquet").equals(TABLE)
    assert artifact.read("figures.json") == b'{"a":2,"b":1}\n'
    assert artifact.manifest.files["table.parquet"].num_rows == 2
    assert artifact.manifest.inputs == {"snapshot": "s"}
    assert artifact.manifest.stats == MODEL_FIGURES.to_json()
    info = artifact.run_info()
    assert info["seconds"] >= 0
    assert info["peak_memory_mb"] > 1


def test_the_same_work_gives_the_same_bytes(tmp_path: Path) -> None:
    manifests = []
    for name in ("one", "two"):
        storage = Storage(str(tmp_path / name))
        _commit_one(storage)
        manifests.append(storage.read(f"{FOLDER}/manifest.json"))
    assert manifests[0] == manifests[1]
    assert b"attempt" not in manifests[0]


def test_a_second_attempt_finds_the_first(storage: Storage) -> None:
    first, second = _commit_one(storage), _commit_one(storage)
    assert second.manifest == first.manifest
    assert find_artifact(storage, FOLDER) is not None


def test_a_different_second_attempt_does_not_replace_the_first(storage: Storage) -> None:
    first = _commit_one(storage)
    with attempt(storage, FOLDER, ID) as trial:
        trial.write_json("figures.json", {"other": True})
        second = _commit(trial)
    assert second.base == first.base
    assert second.manifest == first.manifest


def test_an_attempt_that_raises_leaves_nothing(storage: Storage) -> None:
    with pytest.raises(RuntimeError, match="half way"):
        _raise_half_way(storage, RuntimeError("half way"))
    assert storage.files("") == []
    assert find_artifact(storage, FOLDER) is None


def test_an_interrupted_attempt_leaves_nothing(storage: Storage) -> None:
    with pytest.raises(KeyboardInterrupt):
        _raise_half_way(storage, KeyboardInterrupt())
    assert storage.files("") == []


@pytest.mark.parametrize("put", [True, False])
def test_an_interrupt_while_the_manifest_is_put_keeps_what_readers_may_see(
    tmp_path: Path, *, put: bool
) -> None:
    class Interrupted(Storage):
        def write_if_absent(self, path: str, data: bytes) -> bool:
            if put or not path.endswith("manifest.json"):
                super().write_if_absent(path, data)
            if path.endswith("manifest.json"):
                raise KeyboardInterrupt
            return True

    with pytest.raises(KeyboardInterrupt):
        _commit_one(Interrupted(str(tmp_path)))
    storage = Storage(str(tmp_path))
    assert (find_artifact(storage, FOLDER) is not None) is put
    assert _commit_one(storage).read_table("table.parquet").equals(TABLE)


def test_an_error_after_the_commit_removes_nothing(storage: Storage) -> None:
    def commit_and_raise() -> None:
        with attempt(storage, FOLDER, ID) as trial:
            _write(trial)
            _commit(trial)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        commit_and_raise()
    assert open_artifact(storage, FOLDER).read_table("table.parquet").equals(TABLE)


def test_an_attempt_killed_while_it_is_removed_hides_nothing(
    storage: Storage, tmp_path: Path
) -> None:
    """Its run.json names the manifest that the next attempt will commit too."""

    class Dying(Storage):
        def remove(self, path: str) -> None:
            for name in self.files(path)[:1]:
                super().remove(name)
            raise SystemExit

    first = _commit_one(storage)
    storage.remove(f"{FOLDER}/manifest.json")
    with pytest.raises(SystemExit):
        remove_attempt(Dying(str(tmp_path)), first.base)
    second = _commit_one(storage)
    assert open_artifact(storage, FOLDER).base == second.base != first.base


def test_a_torn_run_file_of_another_attempt_is_passed_over(storage: Storage) -> None:
    storage.write(f"{FOLDER}/attempt-0/run.json", b"{")
    assert _commit_one(storage).base != f"{FOLDER}/attempt-0"


def _die_half_way(root: str) -> None:
    with attempt(Storage(root), FOLDER, ID) as trial:
        _write(trial)
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_attempt_is_invisible_and_harmless(storage: Storage, tmp_path: Path) -> None:
    process = get_context("fork").Process(target=_die_half_way, args=(str(tmp_path),))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    orphans = storage.files(FOLDER)
    assert len(orphans) == 3  # two files, and the sign that it was worked in
    assert find_artifact(storage, FOLDER) is None
    artifact = _commit_one(storage)
    assert not any(name.startswith(artifact.base) for name in orphans)


def test_an_attempt_killed_before_its_manifest_is_invisible(storage: Storage) -> None:
    artifact = _commit_one(storage)
    storage.remove(f"{FOLDER}/manifest.json")
    assert storage.exists(f"{artifact.base}/run.json")
    assert find_artifact(storage, FOLDER) is None


def test_two_racing_attempts_give_one_manifest(storage: Storage) -> None:
    barrier = Barrier(4)

    def race(index: int) -> Artifact:
        with attempt(storage, FOLDER, ID) as trial:
            trial.write_json("figures.json", {"writer": index})
            barrier.wait()
            return _commit(trial)

    with ThreadPoolExecutor(4) as pool:
        artifacts = list(pool.map(race, range(4)))
    assert len({artifact.base for artifact in artifacts}) == 1
    assert len({artifact.manifest.to_bytes() for artifact in artifacts}) == 1
    assert len(storage.folders(FOLDER)) == 4  # the losers wait for sweep


def test_a_manifest_without_its_files_is_damage(storage: Storage) -> None:
    artifact = _commit_one(storage)
    storage.remove(artifact.base)
    with pytest.raises(LakeError, match="attempt that its manifest describes"):
        find_artifact(storage, FOLDER)


def test_a_missing_artefact_names_the_remedy(storage: Storage) -> None:
    assert find_artifact(storage, FOLDER) is None
    with pytest.raises(LakeError, match="earlier steps"):
        open_artifact(storage, FOLDER)


def test_a_file_that_the_artefact_lacks_is_named(storage: Storage) -> None:
    artifact = _commit_one(storage)
    assert not artifact.has("vectors.parquet")
    with pytest.raises(LakeError, match=r"vectors\.parquet"):
        artifact.read("vectors.parquet")


def test_a_linked_file_keeps_what_its_manifest_says(storage: Storage, tmp_path: Path) -> None:
    first = _commit_one(storage)
    with attempt(storage, NEXT_FOLDER, NEXT_ID) as trial:
        trial.link_file("taken.parquet", first, "table.parquet")
        with pytest.raises(LakeError, match=r"vectors\.parquet"):
            trial.link_file("taken.parquet", first, "vectors.parquet")
        second = _commit(trial, WEST)
    assert second.manifest.files == {"taken.parquet": first.manifest.files["table.parquet"]}
    names = (f"{second.base}/taken.parquet", f"{first.base}/table.parquet")
    one, other = (tmp_path / name for name in names)
    assert one.samefile(other)


def test_columns_are_read_from_an_open_file(storage: Storage) -> None:
    artifact = _commit_one(storage)
    assert artifact.read_table("table.parquet", ["value"]).equals(TABLE.select(["value"]))
    with artifact.open("table.parquet") as file:
        assert file.read(4) == b"PAR1"
    with pytest.raises(LakeError, match=r"vectors\.parquet"):
        artifact.open("vectors.parquet")
