"""CSV of one meaning for both engines: read here, once, and handed to them as Parquet of text.

Engines' own readers differ in quotes, line breaks, short lines and encodings, most of it without a
word. The driver reads the files in one pass and in bounded memory.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self, cast
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from graphrec_core.config.source import TableConfig, repeated_names, resolve_path
from graphrec_core.engine.csv_reader import CsvFile
from graphrec_core.engine.faults import refuse_line
from graphrec_core.engine.folders import NULL_PARTITION, pattern_files, table_files
from graphrec_core.engine.queries import quoted
from graphrec_core.lake.listing import is_folder

GROUP_BYTES = 2**25
"""Text of a row group: what is held in memory before it is written."""
EXCEL = re.compile("sep=.?", re.IGNORECASE)
"""A first line that tells Excel the separator."""
OTHER_SIGNS = (";", "\t", "|", ",")
"""Separators that files have in place of the one that the table says."""


@dataclass(frozen=True)
class _Layout:
    """What all files of a table have in common.

    Attributes:
        header: The first record of each; empty: they have none.
        names: Column names by position; an empty one is not read.
        file: Where it was found first.
    """

    header: list[str]
    names: list[str]
    file: str


def copy_csv(name: str, table: TableConfig, root: str, target: Any) -> None:  # noqa: ANN401
    """Writes the rows of a CSV table into a Parquet file whose columns are all text.

    An empty field is null, in quotes or not, as is ``nullValue``. A column without a name is left
    out. Folders ``key=value`` become columns.

    Args:
        name: The table's name in the YAML.
        table: Its settings.
        root: What its path is relative to.
        target: A file opened for writing bytes.

    Raises:
        SchemaError: A file is not CSV, or its header names nothing or something twice.
        OSError: A file cannot be read.
        ValueError: There is no file, or its folders differ.
    """
    where = f"source.tables.{name}"
    fs, path = url_to_fs(resolve_path(table.path, root), use_listings_cache=False)
    paths, keys = _files(fs, path)
    options = table.csv
    with _Copy(where, table, keys, target) as copy:
        for file in paths:
            values = {key: _partition_value(file[len(path) :], key) for key in keys}
            copy.add(CsvFile(where, fs, file, options), values)
        copy.complete(paths)


def typed_csv(table: TableConfig, rows: str) -> str:
    """Writes the SELECT that gives the text of a CSV table the types of its ``columns``.

    What cannot be converted becomes null, and its row stays.
    """
    casts = (
        f"try_cast({quoted(name)} as {kind}) as {quoted(name)}"
        for name, kind in table.columns.items()
    )
    return f"select {', '.join(casts) or '*'} from {rows}"


class _Copy:
    """Appends files to one Parquet file."""

    def __init__(self, where: str, table: TableConfig, keys: Sequence[str], target: Any) -> None:  # noqa: ANN401
        self._where, self._table, self._keys, self._target = where, table, list(keys), target
        self._nulls = pa.array({"", table.csv.null_value}, pa.string())
        self._layout: _Layout | None = None
        self._writer: pq.ParquetWriter | None = None
        self._held: list[pa.RecordBatch] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, file: CsvFile, values: dict[str, str | None]) -> None:
        """Appends a file. One without a line holds no rows, whatever its header should be."""
        with file.open() as reader:
            first = reader.first()
            if not first:
                return
            layout = self._fitted(file, first, reader.line)
            if not layout.header:
                self._append(first, layout, values)
            for cells in reader.cells(len(layout.names)):
                self._append(cells, layout, values)

    def complete(self, paths: Sequence[str]) -> None:
        """Writes what is left. Files without any line must have names from the YAML."""
        if self._layout is None:
            names = list(self._table.columns)
            if not names:
                refuse_line(self._where, f"{paths[0]}, line 1: no line at all", "Write a header.")
            self._start(_Layout([], names, ""))
        self._flush()

    def _fitted(self, file: CsvFile, first: list[str], line: int) -> _Layout:
        header = first if file.options.header else []
        if self._layout is None:
            _check_separator(file, self._table, first, line)
            names = _names(file, self._table, first, line)
            _check_names(file, [*filter(None, names), *self._keys], line)
            self._start(_Layout(header, names, file.path))
        layout = cast(_Layout, self._layout)
        if len(first) != len(layout.names):
            file.refuse_width(line, len(first), len(layout.names))
        if header != layout.header:
            file.refuse(
                line,
                f"a header other than that of {layout.file}",
                "Give all files of the table the same columns in the same order.",
            )
        return layout

    def _start(self, layout: _Layout) -> None:
        self._layout = layout
        names = [*filter(None, layout.names), *self._keys]
        schema = pa.schema([(name, pa.string()) for name in names])
        self._writer = pq.ParquetWriter(self._target, schema)

    def _append(self, cells: list[str], layout: _Layout, values: dict[str, str | None]) -> None:
        width = len(layout.names)
        columns = {
            name: self._nulled(pa.array(cells[position::width], pa.string()))
            for position, name in enumerate(layout.names)
            if name
        }
        for key, value in values.items():
            columns[key] = pa.repeat(pa.scalar(value, pa.string()), len(cells) // width)
        self._held.append(pa.record_batch(columns))
        if sum(batch.nbytes for batch in self._held) > GROUP_BYTES:
            self._flush()

    def _nulled(self, column: pa.Array) -> pa.Array:
        return pc.if_else(pc.is_in(column, self._nulls), None, column)

    def _flush(self) -> None:
        if self._held and self._writer is not None:
            self._writer.write_table(pa.Table.from_batches(self._held))
            self._held = []


def _names(file: CsvFile, table: TableConfig, first: list[str], line: int) -> list[str]:
    """Names the columns by position: as the YAML says, as the header says, or _c0, _c1, ..."""
    given = list(table.columns)
    if not file.options.header:
        return given or [f"_c{number}" for number in range(len(first))]
    if given:
        if given != first and sorted(given) == sorted(first):
            file.refuse(
                line, "the names of `columns` in another order", "Give them in the file's."
            )
        return given
    names = ["" if not name.strip() else name for name in first]
    if not any(names):
        file.refuse(line, "no name at all", "Write the names of the columns into the first line.")
    for name in names:
        if name != name.strip():
            file.refuse(
                line,
                f"blanks around the column name {name!r}",
                "If blanks follow all separators, say `options: {ignoreLeadingWhiteSpace: "
                '"true"}`; else correct the file.',
            )
    return names


def _check_separator(file: CsvFile, table: TableConfig, first: list[str], line: int) -> None:
    """Refuses a first line whose separator is another one, or that only names one."""
    if EXCEL.fullmatch(first[0]) and not any(first[1:]) and len(first) <= 2:
        file.refuse(
            line,
            f"the line `{file.options.sep.join(first)}`, which is for Excel alone",
            'Delete the line, and give the table the separator: `options: {sep: ";"}`.',
        )
    if len(first) > 1 or table.columns or not file.options.header:
        return
    others = [sign for sign in OTHER_SIGNS if sign not in file.options.sep]
    if signs := [sign for sign in others if sign in first[0]]:
        file.refuse(
            line,
            f"one column alone, `{first[0]}`",
            f"Is {signs[0]!r} between its columns? Then say `options: {{sep: "
            f"{json.dumps(signs[0])}}}`. If it is one column, give `columns` with its name.",
        )


def _check_names(file: CsvFile, names: Sequence[str], line: int) -> None:
    if repeated := repeated_names(names):
        file.refuse(
            line,
            f"the column name `{repeated}` more than once; case does not count",
            "Rename a column in the file; or give `columns` (names and types in the order of the "
            'file) and `options: {header: "true"}`.',
        )


def _files(fs: AbstractFileSystem, path: str) -> tuple[list[str], list[str]]:
    """Lists the files of a table, and its partitions: of a folder, of a pattern, or the one."""
    return table_files(fs, path) if is_folder(fs, path) else (pattern_files(fs, path), [])


def _partition_value(path: str, key: str) -> str | None:
    parts: Iterator[str] = (part for part in path.split("/") if part.startswith(f"{key}="))
    value = unquote(next(parts).partition("=")[2])
    return None if value == NULL_PARTITION else value
