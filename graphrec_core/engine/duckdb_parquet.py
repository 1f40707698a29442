"""Parquet as DuckDB reads it: many files as one table, and types that Spark has too."""

import re
from collections.abc import Sequence

import duckdb
import fsspec
import pyarrow.parquet as pq
from sqlglot import exp

from graphrec_core.config.source import repeated_names

NULLS = '"NULL"'
"""DuckDB's type of a column of nulls alone."""
NARROWED = {  # types that Spark does not have -> their values in one that it has
    "TIMESTAMP_NS": "make_timestamp({micros})",
    "TIMESTAMPTZ_NS": "make_timestamptz({micros})",
    "JSON": "cast({column} as varchar)",
    "UUID": "cast({column} as varchar)",
}
FLOAT = re.compile(r"FLOAT(\[\])*")
"""DuckDB's types of floats: doubles have one meaning beside other numbers, floats have several."""
MICROS = "epoch_ns({column}) // 1000 - cast(epoch_ns({column}) % 1000 < 0 as bigint)"
"""A part of a microsecond is cut off; ``//`` would round towards 1970."""


def parquet_call(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[str], *options: str
) -> str:
    """Writes the call that reads files as one table, with the columns of all of them.

    A column that only newer files have, such as ``known_at``, is null in the others.

    Args:
        connection: Where the files can be opened.
        paths: The files.
        options: Further options of ``read_parquet``.

    Raises:
        ValueError: A column has another type in another file.
    """
    types: dict[str, tuple[str, str]] = {}
    for path in paths if len(paths) > 1 else ():
        rows = connection.read_parquet(path, hive_partitioning=False)
        for name, kind in zip(rows.columns, map(str, rows.types), strict=True):
            first, known = types.setdefault(name.lower(), (path, kind))
            if known == NULLS:
                types[name.lower()] = (path, kind)
            elif kind not in (known, NULLS):
                raise ValueError(
                    f"{first} and {path} differ in the column {name}: {known} and {kind}; "
                    "write all files of a table with the same types"
                )
    files = ", ".join(map(literal, paths))
    told = ", ".join(["hive_partitioning = false", "union_by_name = true", *options])
    return f"read_parquet([{files}], {told})"


def as_spark_has_them(rows: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Gives the columns of a Parquet table types that Spark has too."""
    narrowed = []
    for name, kind in zip(rows.columns, map(str, rows.types), strict=True):
        if kind in NARROWED:
            column = quoted(name)
            value = NARROWED[kind].format(column=column, micros=MICROS.format(column=column))
            narrowed.append(f"{value} as {column}")
        elif FLOAT.fullmatch(kind):
            wide = kind.replace("FLOAT", "double")
            narrowed.append(f"cast({quoted(name)} as {wide}) as {quoted(name)}")
    return rows.project(f"* replace ({', '.join(narrowed)})") if narrowed else rows


def may_be_renamed(names: Sequence[str]) -> bool:
    """Tells whether DuckDB may have met a name twice: it calls the second one ``age_1``."""
    known = {name.lower() for name in names}
    parts = (name.rpartition("_") for name in known)
    return any(base in known and number.isdigit() for base, _, number in parts)


def repeated_column(fs: fsspec.AbstractFileSystem, paths: Sequence[str]) -> str:
    """Returns the first name that a file has twice, whatever the case of its letters; or nothing.

    Args:
        fs: The file system of the files.
        paths: The files; their footers are read.
    """
    found = (repeated_names(pq.read_schema(path, filesystem=fs).names) for path in paths)
    return next(filter(None, found), "")


def literal(text: str) -> str:
    """Writes a text as SQL."""
    return exp.Literal.string(text).sql("duckdb")


def quoted(name: str) -> str:
    """Writes a name as SQL."""
    return '"' + name.replace('"', '""') + '"'
