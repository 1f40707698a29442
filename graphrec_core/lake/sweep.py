"""Removes what dead processes and losing attempts left behind, never a committed artefact.

An attempt is a folder ``attempt-<token>`` beside its artefact's manifest; the committed one is
that whose ``run.json`` names the manifest's hash. A killed write leaves a hidden temporary file, a
killed engine its scratch folder. Attempts and scratch folders are held while they are worked in
(see ``lease``): an age only says what is worth looking at. A sign of life, a lock or a temporary
file that could not be removed at its end stays too, even in a committed attempt.
"""

import logging
import re
from dataclasses import dataclass

from graphrec_core.errors import ConflictError
from graphrec_core.lake.artifact import ATTEMPT
from graphrec_core.lake.attempt import discard, is_committed
from graphrec_core.lake.lake import Lake
from graphrec_core.lake.lease import SIGN, clock_s, is_dead, taken

logger = logging.getLogger(__name__)

TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}")
"""Names that ``Storage.write`` gives a file until it is complete."""
LOCK = ".lock"
"""How the file ends that is locked while another one is changed."""


@dataclass(frozen=True)
class Leftover:
    """Something no reader will ever look at.

    Attributes:
        path: An attempt's or scratch folder, or a hidden file, relative to the lake's root.
        num_files: Files in it.
        age_s: Seconds since its newest file was written, by the storage's clock.
    """

    path: str
    num_files: int
    age_s: float


def find_leftovers(lake: Lake, older_than_s: float) -> list[Leftover]:
    """Lists uncommitted attempts, scratch folders and hidden files, sorted by path.

    Args:
        lake: The pipeline's lake.
        older_than_s: Younger ones are left alone.

    Raises:
        LakeError: The storage does not answer.
    """
    return _find(lake, older_than_s, clock_s(lake.storage, lake.layout.pipeline))


def sweep(lake: Lake, older_than_s: float) -> list[Leftover]:
    """Removes what ``find_leftovers`` lists and returns what was removed.

    Raises:
        LakeError: The storage does not answer; what was removed until then was of no use.
    """
    now_s = clock_s(lake.storage, lake.layout.pipeline)
    with taken(lake.storage, lake.layout.pipeline, now_s) as is_free:
        if is_free:
            return [
                leftover
                for leftover in _find(lake, older_than_s, now_s)
                if _remove(lake, leftover.path, now_s)
            ]
    logger.info("nothing to sweep, or another sweep is under way")
    return []


def _find(lake: Lake, older_than_s: float, now_s: float) -> list[Leftover]:
    groups: dict[str, dict[str, float]] = {}
    for path, stat in lake.storage.stats(lake.layout.pipeline).items():
        if (owner := _owner(lake, path)) is not None:
            groups.setdefault(owner, {})[path] = now_s - stat.modified_s
    leftovers = []
    for owner, ages_s in sorted(groups.items()):
        if min(ages_s.values()) < older_than_s:
            continue
        if _is_free(lake, owner, now_s):
            leftovers.append(Leftover(owner, len(ages_s), min(ages_s.values())))
        elif hidden := [path for path in ages_s if _is_hidden(path)]:
            leftovers += [
                Leftover(path, 1, ages_s[path])
                for path in sorted(hidden)
                if is_committed(lake.storage, owner) and _is_free(lake, path, now_s)
            ]
    return leftovers


def _owner(lake: Lake, path: str) -> str | None:
    """Names the attempt, scratch folder or hidden file that ``path`` is part of."""
    scratch = f"{lake.layout.scratch}/"
    if path.startswith(scratch):
        return scratch + path.removeprefix(scratch).partition("/")[0]
    parts = path.split("/")
    for index, part in enumerate(parts[:-1]):
        if part.startswith(ATTEMPT):
            return "/".join(parts[: index + 1])
    is_ours = path == f"{lake.layout.pipeline}/{SIGN}"  # of this very sweep
    return path if _is_hidden(path) and not is_ours else None


def _is_free(lake: Lake, path: str, now_s: float) -> bool:
    if _is_hidden(path):  # whether a local one is locked is seen when it is removed
        in_store = _is_sign(path) and not lake.storage.is_local
        return not in_store or is_dead(lake.storage, path, now_s)
    if _is_attempt(path) and is_committed(lake.storage, path):
        return False
    with taken(lake.storage, path, now_s) as is_free:
        return is_free


def _remove(lake: Lake, path: str, now_s: float) -> bool:
    """Removes a leftover, unless it has come to life or was committed since it was listed."""
    if _is_attempt(path):
        return discard(lake.storage, path, now_s)
    if _is_hidden(path):
        return _is_free(lake, path, now_s) and _remove_hidden(lake, path)
    with taken(lake.storage, path, now_s) as is_free:
        if is_free:
            lake.storage.remove(path)
        return is_free


def _remove_hidden(lake: Lake, path: str) -> bool:
    """Removes a hidden file; a local one that somebody writes or holds is locked."""
    if not lake.storage.is_local:
        lake.storage.remove(path)
        return True
    try:
        with lake.storage.locked(path):
            pass  # it goes with the lock
    except ConflictError:
        return False
    return not lake.storage.exists(path)


def _is_attempt(path: str) -> bool:
    return path.rpartition("/")[2].startswith(ATTEMPT)


def _is_sign(path: str) -> bool:
    return path.rpartition("/")[2] == SIGN


def _is_hidden(path: str) -> bool:
    name = path.rpartition("/")[2]
    return _is_sign(path) or name.endswith(LOCK) or TEMPORARY.fullmatch(name) is not None
