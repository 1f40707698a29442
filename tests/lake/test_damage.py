"""What is read is what was committed: every way of reading notices every kind of damage."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec_core.config import StepName
from graphrec_core.errors import LakeError
from graphrec_core.lake import Artifact, Attempt, Storage, attempt, find_artifact
from graphrec_core.types import ArtifactId, Region
from tests.support.disk_faults import disk_faults
from tests.support.figures import MODEL_FIGURES
from tests.support.identities import tiny_id
from tests.support.snapshots import AS_OF, SOURCE, tiny_config

EAST = Region("east")
ID, OTHER_ID = tiny_id(StepName.TRAIN, EAST), tiny_id(StepName.TRAIN, EAST, snapshot="s")
TABLE = pa.table({"node_id": ["a", "b"] * 500, "value": [float(n) for n in range(1000)]})
NAME = "rows/part-00000.parquet"


def _folder(artifact_id: str) -> str:
    return f"tiny/models/region=east/{artifact_id}"


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


@pytest.fixture
def artifact(storage: Storage) -> Artifact:
    return _commit(storage, ID)


def _commit(storage: Storage, artifact_id: ArtifactId) -> Artifact:
    with attempt(storage, _folder(artifact_id), artifact_id) as trial:
        trial.write_table(NAME, TABLE)
        trial.write_json("figures.json", {"passed": False})
        return _seal(trial)


def _seal(trial: Attempt) -> Artifact:
    return trial.commit(
        StepName.TRAIN, tiny_config(Path("x")), AS_OF, EAST, {}, MODEL_FIGURES, SOURCE
    )


def _link(storage: Storage, artifact: Artifact) -> None:
    with attempt(storage, _folder(OTHER_ID), OTHER_ID) as trial:
        trial.link_file("taken", artifact, NAME)


READERS: dict[str, Callable[[Storage, Artifact], Any]] = {
    "bytes": lambda _, artifact: artifact.read(NAME),
    "table": lambda _, artifact: artifact.read_table(NAME),
    "columns": lambda _, artifact: artifact.read_table(NAME, ["value"]),
    "open": lambda _, artifact: artifact.open(NAME),
    "engine": lambda _, artifact: artifact.checked.uri("rows"),
    "all": lambda _, artifact: artifact.checked.check(),
    "link": _link,
}


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def _shuffle(path: Path) -> None:
    """A file that a tool wrote anew: it parses, and is wrong."""
    column = TABLE["value"].take(pa.array(range(999, -1, -1)))
    pq.write_table(TABLE.set_column(1, "value", column), path)


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "a flipped bit": _flip,
    "other rows": _shuffle,
    "cut short": lambda path: os.truncate(path, 100),
    "longer": lambda path: path.open("ab").write(b"x"),
    "empty": lambda path: os.truncate(path, 0),
    "missing": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("reader", READERS)
def test_no_reader_takes_a_damaged_file(
    storage: Storage, artifact: Artifact, tmp_path: Path, reader: str, damage: str
) -> None:
    READERS[reader](storage, artifact)  # its twin: whole files are read
    DAMAGES[damage](tmp_path / artifact.base / NAME)
    with pytest.raises(LakeError) as caught:
        READERS[reader](storage, artifact)
    assert NAME in str(caught.value)
    assert caught.value.exit_code == 1
    if damage != "missing":
        assert artifact.manifest.files[NAME].sha256 in caught.value.must
        assert storage.sha256(f"{artifact.base}/{NAME}") in caught.value.found


def test_an_engine_is_given_no_file_that_is_not_of_the_artefact(
    artifact: Artifact, tmp_path: Path
) -> None:
    folder = tmp_path / artifact.base / "rows"
    (folder / "part-00001.parquet").write_bytes((folder / "part-00000.parquet").read_bytes())
    with pytest.raises(LakeError, match="part-00001"):
        artifact.checked.uri("rows")


def test_a_file_is_checked_once_until_it_changes(artifact: Artifact, tmp_path: Path) -> None:
    """Its twin: the first look reads all of it."""

    def num_reads() -> int:
        disk.arm()
        artifact.checked.check([NAME])
        return sum(call.startswith("read") for call in disk.log)

    path = tmp_path / artifact.base / NAME
    path.write_bytes(path.read_bytes())
    with disk_faults(tmp_path) as disk:
        assert [num_reads() for _ in range(3)] == [2, 0, 0]  # the second finds the end
        os.utime(path, (5, 5))
        assert num_reads() == 2


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


MANIFESTS: dict[str, Callable[[Path, Path], Any]] = {
    "cut short": lambda manifest, _: os.truncate(manifest, 200),
    "empty": lambda manifest, _: os.truncate(manifest, 0),
    "changed by hand": lambda manifest, _: _write(
        manifest, manifest.read_bytes().replace(b'"device":"cpu"', b'"device":"tpu"')
    ),
    "another file's sha256": lambda manifest, _: _write(
        manifest, manifest.read_bytes().replace(b'"num_rows":1000', b'"num_rows":1001')
    ),
    "run.json gone": lambda _, run: run.unlink(),
    "run.json cut short": lambda _, run: os.truncate(run, 10),
    "run.json changed": lambda _, run: _write(run, b'{"manifest_sha256":"0"}'),
}


@pytest.mark.parametrize("damage", MANIFESTS)
def test_a_manifest_that_is_not_the_committed_one_is_a_fault(
    storage: Storage, artifact: Artifact, tmp_path: Path, damage: str
) -> None:
    folder = tmp_path / _folder(ID)
    MANIFESTS[damage](folder / "manifest.json", tmp_path / artifact.base / "run.json")
    with pytest.raises(LakeError, match="manifest that was committed") as caught:
        find_artifact(storage, _folder(ID))
    assert "attempts that describe" in caught.value.found


def test_a_manifest_in_anothers_folder_is_a_fault(
    storage: Storage, artifact: Artifact, tmp_path: Path
) -> None:
    (tmp_path / _folder(ID)).rename(tmp_path / _folder(OTHER_ID))
    with pytest.raises(LakeError, match=f"the manifest of train-model {ID}"):
        find_artifact(storage, _folder(OTHER_ID))


@pytest.mark.parametrize("damage", ["cut short", "longer", "empty", "missing"])
def test_an_attempt_that_lost_a_file_commits_nothing(
    storage: Storage, tmp_path: Path, damage: str
) -> None:
    def lose() -> None:
        with attempt(storage, _folder(ID), ID) as trial:
            trial.write_table(NAME, TABLE)
            DAMAGES[damage](tmp_path / trial.base / NAME)
            _seal(trial)

    with pytest.raises(LakeError, match=NAME):
        lose()
    assert find_artifact(storage, _folder(ID)) is None
    assert storage.files("") == []
    assert _commit(storage, ID).read_table(NAME).equals(TABLE)


def test_an_attempt_reads_what_it_wrote(storage: Storage, tmp_path: Path) -> None:
    """The audit and the second half of a build read files of the attempt itself."""

    def spoil() -> None:
        with attempt(storage, _folder(ID), ID) as trial:
            trial.write_table(NAME, TABLE)
            assert trial.checked.uri("rows") == storage.uri(f"{trial.base}/rows")
            _flip(tmp_path / trial.base / NAME)
            trial.checked.uri("rows")

    with pytest.raises(LakeError, match=NAME):
        spoil()


def test_finding_what_another_attempt_committed_finds_its_files(
    storage: Storage, artifact: Artifact, tmp_path: Path
) -> None:
    def commit_other() -> None:
        with attempt(storage, _folder(ID), ID) as trial:
            trial.write_json("other.json", 1)
            _seal(trial)

    (tmp_path / artifact.base / NAME).unlink()
    with pytest.raises(LakeError, match=NAME):
        commit_other()
