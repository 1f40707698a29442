"""The files of a table that is a folder: those that Spark would read, and no others."""

import errno
import os
import re
from collections.abc import Sequence
from contextlib import suppress

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.utils import glob_translate

from graphrec_core.lake.listing import files_below, find_info

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
"""What Spark and Hive call the folder of the rows without a value."""


def table_files(fs: AbstractFileSystem, root: str) -> tuple[list[str], list[str]]:
    """Lists the data files below a folder, and the keys of its partitions.

    Left out is what begins with ``.`` or ``_``, which writers keep for themselves or left when
    they were killed, and what lies in a folder that is not ``key=value``.

    Args:
        fs: The file system.
        root: The folder's path in it. What stands above it makes no partitions.

    Returns:
        The files' paths, sorted, and the keys of the folders ``key=value`` above them, outermost
        first.

    Raises:
        ValueError: There is no file, or files have different keys.
        Exception: The file system did not answer for a folder; the error is its own.
    """
    found: dict[tuple[str, ...], list[str]] = {}
    for path in sorted(files_below(fs, root)):
        *folders, name = path[len(root) :].strip("/").split("/")
        if not any(map(_is_hidden, (*folders, name))) and all("=" in part for part in folders):
            keys = tuple(part.partition("=")[0] for part in folders)
            found.setdefault(keys, []).append(path)
    if not found:
        raise ValueError("the folder holds no data file")
    if len(found) > 1:
        raise ValueError(
            f"the folder's files must have the same partitions; found {_partitions(list(found))}"
        )
    ((keys, files),) = found.items()
    return files, list(keys)


def pattern_files(fs: AbstractFileSystem, pattern: str) -> list[str]:
    """Lists the files that a path names: the one, or those that a pattern matches.

    Left out is what begins with ``.`` or ``_``, unless it is named.

    Args:
        fs: The file system.
        pattern: A path in it, with ``*``, ``?`` or ``[…]`` where it is a pattern.

    Returns:
        Paths, sorted; the pattern itself where nothing is there, for whoever opens it.

    Raises:
        Exception: The file system did not answer; the error is its own.
    """
    magic = re.search(r"[*?\[]", pattern)
    if magic is None or find_info(fs, pattern) is not None:
        return [pattern]
    start = pattern[: magic.start()].rpartition("/")[0]
    matches = re.compile(glob_translate(pattern))
    found = [path for path in files_below(fs, start) if matches.match(path)]
    return sorted(path for path in found if not _is_hidden(path.rpartition("/")[2])) or [pattern]


def linked_folders(folder: str, depth: int) -> list[str]:
    """Lists what links in the upper folders of a local lake lead to: old days move so.

    Args:
        folder: A folder; there is nothing in one that is absent.
        depth: How many levels of folders are looked at, its own entries being the first.
    """
    found: list[str] = []
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                found.append(os.path.realpath(entry.path))
            if depth > 1 and entry.is_dir():
                found += linked_folders(entry.path, depth - 1)
    return found


def check_links(uri: str) -> None:
    """Refuses a local link that leads nowhere, or in a circle; Spark would leave it out.

    Raises:
        OSError: There is one below ``uri``.
    """
    if "://" in uri and not uri.startswith("file://"):
        return
    fs, path = url_to_fs(uri, use_listings_cache=False)
    for name, info in files_below(fs, path).items():
        if info["type"] == "other" and not _is_hidden(name.rpartition("/")[2]):
            raise FileNotFoundError(errno.ENOENT, "the link leads nowhere", name)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def _partitions(keys: Sequence[Sequence[str]]) -> str:
    return " and ".join("/".join(key) or "none" for key in keys)
