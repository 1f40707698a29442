"""Durable writes and locks on a local disk."""

import fcntl
import os
from pathlib import Path
from typing import IO

from graphrec_core.errors import ConfigError

NUM_TRIES = 100


def check_folder(root: Path) -> None:
    """Refuses a file where a folder is meant, the root itself or one above it.

    Raises:
        ConfigError: There is one.
    """
    for place in (root, *root.parents):
        if place.is_file():
            raise ConfigError(
                must="lake.root and source.root must be folders, there or yet to be made.",
                found=f"{place} is a file",
                fix="Give the path of a folder.",
            )


def lock(path: Path, how: int = 0) -> IO[bytes]:
    """Opens a file for appending and locks it; closing it frees the lock.

    Args:
        path: The file; it and its folder are made where they are absent.
        how: ``fcntl.LOCK_NB`` to raise where somebody has the lock, 0 to wait for it.

    Raises:
        BlockingIOError: Somebody else has the lock.
        OSError: The file can be neither opened nor locked.
    """
    for _ in range(NUM_TRIES):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = path.open("ab")
        except FileNotFoundError:
            continue  # sweep took the folder in between
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | how)
            if _is_same(path, handle.fileno()):
                return handle
        except BaseException:
            handle.close()
            raise
        handle.close()  # its last owner removed it before we had the lock: lock the next one
    raise OSError(f"{path} goes as often as it is made")


def to_disk(file: IO[bytes]) -> None:
    """Makes sure that what was written to a file outlives a power cut."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Makes sure that a folder's entries outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_same(path: Path, descriptor: int) -> bool:
    """Tells whether the open file is still the one at ``path``."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
