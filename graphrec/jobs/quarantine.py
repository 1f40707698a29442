"""quarantine: prints rejected rows with their reasons."""

import itertools
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from graphrec_core.config import PipelineConfig
from graphrec_core.lake import Lake
from graphrec_core.quality.quarantine import Wanted, find_rows, newest_validation

LEADING = ("table", "reject_reason")
UNLIMITED = 10_000
"""Characters in a line."""


def run(
    config: PipelineConfig, as_of: datetime, wanted: Wanted, limit: int
) -> list[dict[str, Any]]:
    """Returns the first rejected rows of the day's last validation.

    Args:
        config: The pipeline.
        as_of: The day.
        wanted: Which rows.
        limit: Most rows; 0: all.

    Returns:
        Rows with ``table`` and ``reject_reason``, ordered by table, reason and row.

    Raises:
        ConfigError: The day was never validated, or has no such table.
    """
    rows = _rows(config, as_of, wanted)
    return list(itertools.islice(rows, limit) if limit else rows)


def to_json(rows: list[dict[str, Any]]) -> str:
    """Writes each row as one line of JSON; times in ISO notation."""
    return "".join(f"{json.dumps(row, sort_keys=True, default=str)}\n" for row in rows)


def to_text(rows: list[dict[str, Any]]) -> str:
    """Draws the rows as a table; columns without a value are left out."""
    if not rows:
        return "No rejected row.\n"
    names = [*LEADING, *sorted({name for row in rows for name in row} - {*LEADING})]
    names = [name for name in names if any(row.get(name) is not None for row in rows)]
    drawn = Table(*(Column(name, overflow="fold") for name in names))
    for row in rows:
        drawn.add_row(*("" if row.get(name) is None else escape(str(row[name])) for name in names))
    # Rows that are piped to a file or to grep stay whole, a line each.
    console = Console() if sys.stdout.isatty() else Console(width=UNLIMITED)
    with console.capture() as captured:
        console.print(drawn)
    return captured.get()


def _rows(config: PipelineConfig, as_of: datetime, wanted: Wanted) -> Iterator[dict[str, Any]]:
    for table, batch in find_rows(newest_validation(Lake(config), as_of), wanted):
        for row in batch.to_pylist():
            yield {"table": table, **row}
