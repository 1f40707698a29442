"""Data Docs: one page that says what each suite checked, on what, and what it found.

The pages of great-expectations load styles, scripts and fonts from eight other hosts, and are
blank without them. This one holds all that it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isnan

import pandas as pd

from graphrec_core.html import html_template
from graphrec_core.lake import Storage
from graphrec_core.quality.suite import SuiteResult

MAX_ROWS = 200
"""Rows of a table that the page shows; a snapshot of many regions has thousands."""


@dataclass(frozen=True)
class ShownRows:
    """A suite's frame as the page shows it.

    Attributes:
        columns: Names of the columns.
        rows: Their values as text, at most ``MAX_ROWS``.
        num_rows: Rows of the frame.
        upright: Whether it is one row, which is shown as name and value below each other.
    """

    columns: list[str]
    rows: list[list[str]]
    num_rows: int
    upright: bool


def write_data_docs(
    results: Sequence[SuiteResult], title: str, as_of: datetime, storage: Storage, folder: str
) -> None:
    """Writes the page into the lake, and removes what an earlier run left in its folder.

    Args:
        results: What the suites found.
        title: Names the page.
        as_of: The run's instant.
        storage: The lake's storage.
        folder: Folder of the page.
    """
    name = f"{folder}/index.html"
    storage.write(name, render_data_docs(results, title, as_of).encode())
    for other in set(storage.files(folder)) - {name}:
        storage.remove(other)


def render_data_docs(results: Sequence[SuiteResult], title: str, as_of: datetime) -> str:
    """Renders the page as HTML without scripts and without anything from another host."""
    return html_template("graphrec_core.quality", "data_docs.html.j2").render(
        title=title,
        as_of=as_of,
        suites=[(result, _shown(result.suite.rows)) for result in results],
        num_failed=sum(bool(result.failures) for result in results),
        max_rows=MAX_ROWS,
    )


def _shown(frame: pd.DataFrame) -> ShownRows:
    """Returns a frame as the page shows it."""
    head = frame.head(MAX_ROWS)
    columns = [str(name) for name in head.columns]
    rows = [[_as_text(value) for value in row] for row in head.itertuples(index=False)]
    return ShownRows(columns, rows, len(frame), upright=len(frame) == 1)


def _as_text(value: object) -> str:
    """Returns a value as the page shows it: numbers short, nothing where there is none."""
    if value is None or value is pd.NaT or (isinstance(value, float) and isnan(value)):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
