"""Storage: whole writes, one winner, one swapper, nothing outside the root."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
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


def test_one_swapper_at_a_time(storage: Storage) -> None:
    with storage.swap("LIVE") as put:
        with pytest.raises(ConflictError, match="locked"), storage.swap("LIVE"):
            pass
        put(b"one")
    assert storage.read("LIVE") == b"one"
    with storage.swap("LIVE") as put:
        put(b"two")  # free again
    assert storage.read("LIVE") == b"two"


def test_a_store_without_conditional_puts_cannot_swap() -> None:
    with pytest.raises(ConfigError, match=r"lake\.root"), Storage("memory://x").swap("l"):
        pass


class Plain(fsspec.AbstractFileSystem):
    """A file system with what fsspec gives to all of them."""


def test_a_store_that_looks_before_it_creates_is_refused() -> None:
    fsspec.register_implementation("plain", Plain, clobber=True)
    with pytest.raises(ConfigError, match="only if nobody else did"):
        Storage("plain://folder").write_if_absent("m.json", b"")


def test_a_created_file_is_visible_only_at_the_end(storage: Storage) -> None:
    with storage.create("a/b") as file:
        file.write(b"one ")
        assert not storage.exists("a/b")
        file.write(b"two")
    assert storage.read("a/b") == b"one two"
    assert storage.files("") == ["a/b"]


def test_a_creation_that_raises_leaves_what_was_there(storage: Storage) -> None:
    storage.write("a/b", b"before")

    def raise_half_way() -> None:
        with storage.create("a/b") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        raise_half_way()
    assert storage.files("") == ["a/b"]
    assert storage.read("a/b") == b"before"


def test_a_linked_file_is_the_same_file(storage: Storage, tmp_path: Path) -> None:
    storage.write("a/b", b"rows")
    source, link = (tmp_path / "root" / name for name in ("a/b", "c/d"))
    storage.link("a/b", "c/d")
    assert link.samefile(source)
    assert storage.stat("c/d") == storage.stat("a/b")
    storage.remove("a")
    assert storage.read("c/d") == b"rows"
    assert storage.files("") == ["c/d"]


def test_where_links_are_not_allowed_the_file_is_copied(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    storage.write("a/b", b"rows")
    storage.link("a/b", "c/d")
    assert not (tmp_path / "root/c/d").samefile(tmp_path / "root/a/b")
    assert storage.read("c/d") == b"rows"


def test_an_unknown_protocol_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match=r"lake\.root") as error:
        Storage("nosuchprotocol://bucket/path")
    assert error.value.exit_code == 2


def test_remove_takes_folders_and_forgives_absence(storage: Storage) -> None:
    storage.write("a/b/c", b"")
    storage.remove("a")
    storage.remove("a")
    assert storage.files("") == []
