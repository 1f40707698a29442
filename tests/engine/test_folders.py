"""The files that a pattern names: by hand, and on a disk that fails."""

import errno
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

from graphrec_core.engine.folders import pattern_files


def test_a_pattern_names_its_files_and_a_failing_disk_names_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a1.csv", "a2.csv", "b.csv", ".a3.csv", "_a4.csv", "x/a5.csv", "[a].csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    fs, root = LocalFileSystem(), str(tmp_path)
    assert pattern_files(fs, f"{root}/a*.csv") == [f"{root}/a1.csv", f"{root}/a2.csv"]
    assert pattern_files(fs, f"{root}/?a*.csv") == [f"{root}/[a].csv"]  # the others are hidden
    assert pattern_files(fs, f"{root}/*/a?.csv") == [f"{root}/x/a5.csv"]
    assert pattern_files(fs, f"{root}/[a].csv") == [f"{root}/[a].csv"]  # a file of that name
    assert pattern_files(fs, f"{root}/gone*.csv") == [f"{root}/gone*.csv"]

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(LocalFileSystem, "ls", fail)
    with pytest.raises(OSError, match="Input/output"):
        pattern_files(fs, f"{root}/a*.csv")
