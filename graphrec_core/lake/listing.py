"""What a file system holds, where only "not found" means that nothing is there.

fsspec's own exists, isdir, find and glob answer "nothing" to any error, so that a disk that fails
looks like an empty folder. Here every other error is raised as it comes. And a local link is what
it leads to, as it is for whoever opens it.
"""

import errno
import os
from collections.abc import Collection
from pathlib import Path
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
    return [_followed(fs, info) for info in found if info["name"].rstrip("/") != path.rstrip("/")]


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
    waiting = [(path, frozenset[str]())]
    while waiting:
        folder, targets = waiting.pop()
        for info in list_folder(fs, folder):
            if info["type"] != "directory":
                files[info["name"]] = info
            elif info.get("islink"):
                waiting.append((info["name"], targets | {_target(info["name"], targets)}))
            else:
                waiting.append((info["name"], targets))
    return files


def _followed(fs: AbstractFileSystem, info: Info) -> Info:
    """Describes what a link leads to; one that leads nowhere stays, for whoever opens it."""
    return (find_info(fs, info["name"]) or info) if info.get("islink") else info


def _target(link: str, targets: Collection[str]) -> str:
    """Returns the folder that a link leads to, unless its files would have no end."""
    target, folder = os.path.realpath(link), os.path.realpath(Path(link).parent)
    if target in targets or os.path.commonpath([target, folder]) == target:
        raise OSError(errno.ELOOP, "the link leads to a folder that it is in", link)
    return target


def _lists_by_prefix(fs: AbstractFileSystem) -> bool:
    """Tells whether a store lists a whole prefix in one go; that listing raises its errors."""
    own = getattr(type(fs), "_find", AsyncFileSystem._find)
    return isinstance(fs, AsyncFileSystem) and own is not AsyncFileSystem._find
