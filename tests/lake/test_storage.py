"""Storage: whole writes, one winner, one lock holder, nothing outside the root."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from graphrec_core.errors import ConfigError, ConflictError, LakeError
from graphrec_core.lake import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path / "root"))


def test_what_is_written_is_read(storage: Storage) -> None:
    storage.write("a/b.json", b"one")
    storage.write("a/b.json", b"two")
    assert storage.read("a/b.json") == b"two"
    assert storage.files("a") == ["a/b.json"]  # no temporary file stays


def test_listing_is_sorted_and_empty_where_nothing_is(storage: Storage) -> None:
    for name in ("x/c", "x/a/1", "x/b/2"):
        storage.write(name, b"")
    assert storage.files("x") == ["x/a/1", "x/b/2", "x/c"]
    assert storage.folders("x") == ["a", "b"]
    assert storage.files("y") == []
    assert storage.folders("y") == []


def test_an_absent_file_is_an_error_that_names_it(storage: Storage) -> None:
    with pytest.raises(LakeError, match="nowhere/at-all"):
        storage.read("nowhere/at-all")


def test_write_if_absent_keeps_the_first(storage: Storage) -> None:
    assert storage.write_if_absent("m.json", b"first")
    assert not storage.write_if_absent("m.json", b"second")
    assert storage.read("m.json") == b"first"
    assert storage.files("") == ["m.json"]


def test_of_racing_writers_exactly_one_wins(storage: Storage) -> None:
    writers = [f"writer {index}".encode() * 1000 for index in range(16)]
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda data: storage.write_if_absent("m.json", data), writers))
    assert sum(won) == 1
    assert storage.read("m.json") == writers[won.index(True)]


def test_write_if_absent_in_memory_keeps_the_first() -> None:
    storage = Storage("memory://test-write-if-absent")
    assert storage.write_if_absent("m.json", b"first")
    assert not storage.write_if_absent("m.json", b"second")
    assert storage.read("m.json") == b"first"


def test_one_holder_of_a_lock(storage: Storage) -> None:
    with ExitStack() as stack:
        stack.enter_context(storage.lock("LIVE.lock"))
        with pytest.raises(ConflictError, match="locked"):
            stack.enter_context(storage.lock("LIVE.lock"))
    with storage.lock("LIVE.lock"):
        pass  # free again


def test_a_lock_needs_a_local_folder() -> None:
    with pytest.raises(ConfigError, match=r"lake\.root"), Storage("memory://x").lock("l"):
        pass


def test_an_unknown_protocol_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match=r"lake\.root") as error:
        Storage("nosuchprotocol://bucket/path")
    assert error.value.exit_code == 2


def test_remove_takes_folders_and_forgives_absence(storage: Storage) -> None:
    storage.write("a/b/c", b"")
    storage.remove("a")
    storage.remove("a")
    assert storage.files("") == []
