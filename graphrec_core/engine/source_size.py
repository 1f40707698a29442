"""How large a source is, as far as it shows before an engine is started."""

import os
from pathlib import Path

from graphrec_core.config.source import SourceConfig, TownConfig, resolve_path

SMALL_BYTES = 2**20
"""Bytes of a small source's files: some ten thousand events."""
BYTES_PER_VISIT = 32
"""Of the generated town's files, at most."""


def is_small(source: SourceConfig) -> bool:
    """Says whether all rows of a source are few: what starts a query costs more than they do."""
    num_bytes = source_bytes(source)
    return num_bytes is not None and num_bytes <= SMALL_BYTES


def source_bytes(source: SourceConfig) -> int | None:
    """Returns the bytes of the source's files, of a large folder some of them.

    None where some files are not on this machine.

    The town may not be there yet; its size follows from its settings.
    """
    if source.town is not None:
        return _town_bytes(source.town)
    found = [
        None if table.catalog else _local_bytes(resolve_path(table.path, source.root))
        for table in source.tables.values()
    ]
    known = [one for one in found if one is not None]
    return sum(known) if len(known) == len(found) else None


def _town_bytes(town: TownConfig) -> int:
    num_rows = town.num_users * town.events_per_user + town.num_users + town.num_places
    return town.num_regions * num_rows * BYTES_PER_VISIT


def _local_bytes(path: str) -> int | None:
    """Adds up a file, or a folder's files until they are not small; None: there is neither."""
    place = Path(path)
    if place.is_file():
        return place.stat().st_size
    if not place.is_dir():  # a URI, a pattern, or nothing
        return None
    num_bytes = 0
    for folder, _, names in os.walk(place):
        num_bytes += sum(
            file.stat().st_size for name in names if (file := Path(folder, name)).is_file()
        )
        if num_bytes > SMALL_BYTES:  # of a large one the rest says nothing new
            break
    return num_bytes
