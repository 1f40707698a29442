"""What a file system holds, where only "not found" means that nothing is there.

fsspec's own exists, isdir, find and glob answer "nothing" to any error, so that a disk that fails
looks like an empty folder. Here every other error is raised as it comes.
"""

from typing import Any

from fsspec import AbstractFileSystem
from fsspec.asyn import AsyncFileSystem

NOTHING_THERE = (FileNotFoundError, NotADirectoryError)
"""The answers that mean absence; the second comes for a path below a file."""

Info = dict[str, Any]
"""fsspec's description of a file or folder: name, size, type and what the store adds."""


def find_info(fs: AbstractFileSystem, path: str) -> Info | None:
    """Describes a file or folder; None where there is none.

    Raises:
        Exception: The file system did not answer; the error is its own.
    """
    try:
        return dict(fs.info(path))
    except NOTHING_THERE:
        return None


def is_folder(fs: AbstractFileSystem, path: str) -> bool:
    """Tells whether ``path`` is a folder.

    Raises:
        Exception: The file system did not answer; the error is its own.
    """
    found = find_info(fs, path)
    return found is not None and found["type"] == "directory"


def list_folder(fs: AbstractFileSystem, path: str) -> list[Info]:
    """Describes what is directly in a folder; nothing where it is absent.

    Raises:
        Exception: The file system did not answer; the error is its own.
    """
    try:
        found = fs.ls(path, detail=True)
    except NOTHING_THERE:
        return []
    return [info for info in found if info["name"].rstrip("/") != path.rstrip("/")]


def files_below(fs: AbstractFileSystem, path: str) -> dict[str, Info]:
    """Describes every file below a folder, or the file at ``path``, by its path.

    Raises:
        Exception: The file system did not answer for a folder; the error is its own.
    """
    if _lists_by_prefix(fs):
        return dict(fs.find(path, detail=True))
    found = find_info(fs, path)
    if found is not None and found["type"] != "directory":
        return {found["name"]: found}
    files: dict[str, Info] = {}
    waiting = [path]
    while waiting:
        for info in list_folder(fs, waiting.pop()):
            if info["type"] == "directory":
                waiting.append(info["name"])
            else:
                files[info["name"]] = info
    return files


def _lists_by_prefix(fs: AbstractFileSystem) -> bool:
    """Tells whether a store lists a whole prefix in one go; that listing raises its errors."""
    own = getattr(type(fs), "_find", AsyncFileSystem._find)
    return isinstance(fs, AsyncFileSystem) and own is not AsyncFileSystem._find
