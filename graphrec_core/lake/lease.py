"""A sign that a folder is being worked in, so that nobody takes it for a dead process's.

A local folder holds a locked file: the system frees the lock when the process dies and not before,
however long it sleeps and whatever a clock says. A store has no locks. There a thread writes a
small object again and again, and the store's own clock tells how old it is.
"""

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from graphrec_core.errors import ConflictError, GraphrecError
from graphrec_core.lake.storage import Storage

logger = logging.getLogger(__name__)

SIGN = ".held"
BEAT_S = 300.0
"""Seconds between two signs of life in a store."""
DEAD_S = 3600.0
"""Age of the last sign from which on its process counts as dead."""


@contextmanager
def held(storage: Storage, folder: str) -> Iterator[None]:
    """Holds a folder until the block ends.

    Raises:
        ConflictError: Somebody else holds it.
    """
    sign = f"{folder}/{SIGN}"
    if storage.is_local:
        with storage.locked(sign):
            yield
        return
    ended = threading.Event()
    storage.write(sign, b"")
    thread = threading.Thread(target=_beat, args=(storage, sign, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _remove(storage, sign)


@contextmanager
def taken(storage: Storage, folder: str, now_s: float) -> Iterator[bool]:
    """Takes over a folder that nobody holds; says False, and takes nothing, where one may.

    Args:
        storage: The lake's storage.
        folder: The folder.
        now_s: The present by the storage's clock, in seconds since the epoch.
    """
    if not storage.is_local:
        yield is_dead(storage, f"{folder}/{SIGN}", now_s)
        return
    with ExitStack() as stack:
        is_free = storage.exists(folder)  # or the lock would make it
        try:
            if is_free:
                stack.enter_context(storage.locked(f"{folder}/{SIGN}"))
        except ConflictError:
            is_free = False
        yield is_free


def is_dead(storage: Storage, sign: str, now_s: float) -> bool:
    """Tells whether a sign in a store is so old that its process counts as dead.

    Args:
        storage: The lake's storage.
        sign: The sign's file.
        now_s: The present by the storage's clock, in seconds since the epoch.
    """
    found = storage.stat(sign)
    return found is None or now_s - found.modified_s >= DEAD_S


def clock_s(storage: Storage, folder: str) -> float:
    """Returns the present by the clock that dates the storage's files, seconds since the epoch."""
    if storage.is_local:
        return time.time()
    probe = f"{folder}/.now.{secrets.token_hex(4)}"  # sweep knows such names
    storage.write(probe, b"")
    stat = storage.stat(probe)
    storage.remove(probe)
    return time.time() if stat is None else stat.modified_s


def _beat(storage: Storage, sign: str, ended: threading.Event) -> None:
    while not ended.wait(BEAT_S):
        try:
            storage.write(sign, b"")
        except GraphrecError as error:
            logger.warning("no sign of life this time: %s", error.found)


def _remove(storage: Storage, sign: str) -> None:
    try:
        storage.remove(sign)
    except GraphrecError as error:
        logger.warning("left behind: %s: %s", sign, error.found)
