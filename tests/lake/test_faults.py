"""A disk that does not answer is no empty disk: faults are raised, and change nothing."""

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphrec.jobs.wait_for_source import missing_for
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.errors import LakeError
from graphrec_core.lake import Lake, Storage, attempt, find_artifact
from graphrec_core.lake.sweep import sweep
from graphrec_core.ledger.live import read_live
from graphrec_core.ledger.release import list_releases
from graphrec_core.ledger.revisions import newest_revision
from graphrec_core.publishing.going_live import go_live, roll_back
from graphrec_core.types import ArtifactId, Region
from tests.support.disk_faults import ERRNOS, DiskFaults, disk_faults
from tests.support.example_day import write_example_day
from tests.support.figures import MODEL_FIGURES
from tests.support.identities import tiny_id
from tests.support.snapshots import AS_OF, SOURCE, tiny_config

EAST = Region("east")
ID = tiny_id(StepName.TRAIN, EAST)
ABSENT = "nothing/here"
ASKS: dict[str, Callable[[Storage, str], Any]] = {
    "exists": Storage.exists,
    "find": Storage.find,
    "read": Storage.read,
    "open": Storage.open,
    "files": Storage.files,
    "folders": Storage.folders,
    "stat": Storage.stat,
    "stats": Storage.stats,
    "remove": Storage.remove,
    "swap": lambda storage, path: storage.swap(path).__enter__(),
    "write": lambda storage, path: storage.write(path, b"x"),
    "write_if_absent": lambda storage, path: storage.write_if_absent(path, b"x"),
}
EMPTY = {"exists": False, "find": None, "files": [], "folders": [], "stat": None, "stats": {}}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[DiskFaults]:
    with disk_faults(tmp_path) as faults:
        yield faults


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    return tiny_config(tmp_path / "lake")


@pytest.mark.parametrize("number", ERRNOS, ids=errno.errorcode.get)
@pytest.mark.parametrize("ask", ASKS)
def test_an_error_is_a_fault_and_absence_is_an_answer(
    tmp_path: Path, disk: DiskFaults, ask: str, number: int
) -> None:
    storage = Storage(str(tmp_path))
    if ask in EMPTY:
        assert ASKS[ask](storage, ABSENT) == EMPTY[ask]
    storage.write("a/b", b"x")
    for path in (ABSENT, "a/b" if ask != "folders" else "a"):
        disk.arm(0, 1000, number)
        with pytest.raises(LakeError, match="must answer") as caught:
            ASKS[ask](storage, path)
        disk.arm()
        assert caught.value.exit_code == 1
        assert isinstance(caught.value.__cause__, OSError)
    assert storage.read("a/b") == b"x"


def test_what_lies_below_a_file_is_absent(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    storage.write("a", b"x")
    for ask, answer in EMPTY.items():
        assert ASKS[ask](storage, "a/b") == answer
    with pytest.raises(LakeError, match="must exist"):
        storage.read("a/b")


def test_a_folder_that_cannot_be_listed_hides_no_files(tmp_path: Path, disk: DiskFaults) -> None:
    storage = Storage(str(tmp_path))
    for name in ("a/1", "a/deep/2", "a/deep/er/3"):
        storage.write(name, b"x")
    disk.arm()
    assert len(storage.files("a")) == 3
    for call in range(disk.num_calls):
        disk.arm(call)
        with pytest.raises(LakeError, match="must answer"):
            storage.files("a")


def _every_fault(disk: DiskFaults, act: Callable[[], Any]) -> Iterator[LakeError | None]:
    """Runs ``act`` with each of its calls failing once; yields what it raised."""
    call = 0
    while True:
        disk.arm(call)
        try:
            act()
            raised = None
        except LakeError as error:
            raised = error
        was_reached = disk.num_calls > call
        disk.arm()
        if not was_reached:
            return
        yield raised
        call += 1


def test_no_fault_empties_the_pointer(config: PipelineConfig, disk: DiskFaults) -> None:
    write_example_day(config)
    lake = Lake(config)
    live = read_live(lake).model_copy(update={"high_water": "20990101T000000Z"})
    live = live.model_copy(update={"withdrawn": [ArtifactId("a" * 16)]})
    lake.storage.write(lake.layout.live, live.to_bytes())
    (release,) = list_releases(lake)
    for _ in _every_fault(disk, lambda: go_live(lake, release)):
        assert read_live(lake) == live


def test_a_rollback_that_meets_a_fault_is_whole_or_not_at_all(
    config: PipelineConfig, disk: DiskFaults
) -> None:
    first = write_example_day(config)
    lake = Lake(config)
    second = first.model_copy(update={"id": ArtifactId("b" * 16), "mode": "force"})
    lake.storage.write(lake.layout.release(second.id), second.to_bytes())
    live = read_live(lake)
    live = live.model_copy(update={"release_id": second.id, "history": [first.id, second.id]})
    before = live.to_bytes()
    lake.storage.write(lake.layout.live, before)
    roll_back(lake)
    after = lake.storage.read(lake.layout.live)
    lake.storage.write(lake.layout.live, before)
    assert after != before
    for _ in _every_fault(disk, lambda: roll_back(lake)):
        assert lake.storage.read(lake.layout.live) in (before, after)
        lake.storage.write(lake.layout.live, before)


def test_no_fault_lets_sweep_remove_what_is_committed(
    config: PipelineConfig, disk: DiskFaults
) -> None:
    lake = Lake(config)
    write_example_day(config)
    committed = lake.storage.files("")
    dead = f"{lake.layout.shard(EAST, ID)}/attempt-dead"
    num_raised = 0

    def leave() -> None:
        for name in ("x", "run.json", "deep/y"):
            lake.storage.write(f"{dead}/{name}", b"half")

    leave()
    for raised in _every_fault(disk, lambda: sweep(lake, 0)):
        num_raised += raised is not None
        assert set(committed) <= set(lake.storage.files(""))
        leave()
    assert num_raised
    sweep(lake, 0)
    assert lake.storage.files("") == committed


def test_no_fault_makes_a_listing_shorter(config: PipelineConfig, disk: DiskFaults) -> None:
    """Releases, revisions, and what is committed: each is right, or is a fault."""
    release = write_example_day(config)
    lake = Lake(config)
    lake.storage.write(lake.layout.revision(AS_OF, ID, 3), b"{}")
    shard = next(entry for entry in release.regions.values() if entry.shard_id)
    folder = lake.layout.shard(next(iter(release.regions)), ArtifactId(str(shard.shard_id)))
    found = find_artifact(lake.storage, folder)
    assert found is not None
    answers: list[Any] = []

    def ask() -> None:
        answers.append(list_releases(lake) == [release])
        answers.append(newest_revision(lake, AS_OF, ID) == 3)
        answers.append(find_artifact(lake.storage, folder) == found)

    faults = list(_every_fault(disk, ask))
    assert len(faults) > 10
    assert all(faults)
    assert all(answers)


def test_a_marker_that_cannot_be_looked_up_is_no_missing_marker(
    tmp_path: Path, disk: DiskFaults
) -> None:
    config = tiny_config(tmp_path)
    source = {"root": str(tmp_path), "ready_marker": "done"}
    config = config.model_copy(update={"source": config.source.model_copy(update=source)})
    assert "does not exist" in str(missing_for(config, AS_OF, AS_OF + config.time.lateness))
    disk.arm(0)
    with pytest.raises(LakeError, match="must answer"):
        missing_for(config, AS_OF, AS_OF + config.time.lateness)


def test_a_failing_disk_leaves_the_first_error_and_no_artefact(
    config: PipelineConfig, disk: DiskFaults
) -> None:
    lake = Lake(config)
    folder = lake.layout.model(EAST, ID)

    def fail() -> None:
        with attempt(lake.storage, folder, ID) as trial:
            trial.write("a", b"x")
            disk.arm(0, 1000, errno.ENOSPC)
            trial.write("b", b"x")

    with pytest.raises(LakeError, match="No space left"):
        fail()
    disk.arm()
    assert find_artifact(lake.storage, folder) is None
    with attempt(lake.storage, folder, ID) as trial:
        trial.write("a", b"x")
        trial.commit(StepName.TRAIN, config, AS_OF, EAST, {}, MODEL_FIGURES, SOURCE)
    assert find_artifact(lake.storage, folder) is not None
