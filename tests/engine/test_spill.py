import multiprocessing
import os
import signal
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from graphrec_core.engine.spill import spill_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def die_spilling(told: Connection) -> None:
    with spill_folder() as folder:
        Path(folder, "rows.tmp").write_bytes(b"rows")
        told.send(folder)
        os.kill(os.getpid(), signal.SIGKILL)


def test_the_folder_goes_at_the_end_of_the_block(temporary: Path) -> None:
    with spill_folder() as folder:
        Path(folder, "rows.tmp").write_bytes(b"rows")
        assert [str(path) for path in temporary.iterdir()] == [folder]
    assert not any(temporary.iterdir())


def test_a_killed_process_leaves_a_folder_that_the_next_one_removes() -> None:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=die_spilling, args=(sender,))
    process.start()
    left = Path(receiver.recv())
    process.join()
    assert (left / "rows.tmp").exists()
    with spill_folder():
        assert not left.exists()


def test_a_living_ones_folder_stays() -> None:
    with spill_folder() as first:
        rows = Path(first, "rows.tmp")
        rows.write_bytes(b"rows")
        with spill_folder() as second:
            assert rows.exists()
            assert second != first


def test_a_folder_of_that_name_without_a_lock_stays(temporary: Path) -> None:
    other = temporary / "graphrec-spill-mine"
    other.mkdir()
    with spill_folder():
        assert other.exists()
