"""Removes what dead processes and losing attempts left behind, never a committed artefact.

An attempt is a folder ``attempt-<token>`` beside its artefact's manifest; the committed one is
that whose ``run.json`` names the manifest's hash. A killed write leaves a hidden temporary file, a
killed engine its scratch folder.
"""

import logging
import re
from dataclasses import dataclass

from graphrec_core.errors import LakeError
from graphrec_core.lake.artifact import ATTEMPT, find_artifact, remove_attempt
from graphrec_core.lake.lake import Lake

logger = logging.getLogger(__name__)

TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}")
"""Names that ``Storage.write`` gives a file until it is complete."""


@dataclass(frozen=True)
class Leftover:
    """Something no reader will ever look at.

    Attributes:
        path: An attempt's folder or a temporary file, relative to the lake's root.
        num_files: Files in it.
        age_s: Seconds since its newest file was written.
    """

    path: str
    num_files: int
    age_s: float


def find_leftovers(lake: Lake, older_than_s: float, now_s: float) -> list[Leftover]:
    """Lists uncommitted attempts and temporary files, sorted by path.

    Args:
        lake: The pipeline's lake.
        older_than_s: Younger ones may belong to a running step and are left alone.
        now_s: The present, in seconds since the epoch.
    """
    groups: dict[str, list[str]] = {}
    for path in lake.storage.files(lake.layout.pipeline):
        if (owner := _owner(lake, path)) is not None:
            groups.setdefault(owner, []).append(path)
    leftovers = []
    for owner, paths in sorted(groups.items()):
        age_s = now_s - max(lake.storage.modified_s(path) for path in paths)
        if age_s >= older_than_s and not _is_committed(lake, owner):
            leftovers.append(Leftover(owner, len(paths), age_s))
    return leftovers


def sweep(lake: Lake, older_than_s: float, now_s: float) -> list[Leftover]:
    """Removes what ``find_leftovers`` lists and returns what was removed."""
    removed = []
    for leftover in find_leftovers(lake, older_than_s, now_s):
        if _is_committed(lake, leftover.path):
            continue  # committed since it was listed
        remove_attempt(lake.storage, leftover.path)
        logger.info("removed %s: %d files", leftover.path, leftover.num_files)
        removed.append(leftover)
    return removed


def _owner(lake: Lake, path: str) -> str | None:
    """Names the attempt, scratch folder or temporary file that ``path`` is part of."""
    scratch = f"{lake.layout.scratch}/"
    if path.startswith(scratch):
        return scratch + path.removeprefix(scratch).partition("/")[0]
    parts = path.split("/")
    for index, part in enumerate(parts[:-1]):
        if part.startswith(ATTEMPT):
            return "/".join(parts[: index + 1])
    return path if TEMPORARY.fullmatch(parts[-1]) else None


def _is_committed(lake: Lake, path: str) -> bool:
    """Tells whether an attempt is the committed one, or may be: a damaged artefact stays."""
    folder, _, name = path.rpartition("/")
    if not name.startswith(ATTEMPT):
        return False
    try:
        artifact = find_artifact(lake.storage, folder)
    except LakeError as error:
        logger.warning("left alone: %s: %s", path, error.found)
        return True
    return artifact is not None and artifact.base == path
