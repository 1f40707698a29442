"""Parquet columns that Spark misreads: instants of nanoseconds, and columns without any value.

pandas writes instants in nanoseconds. Spark refuses them, or reads numbers; and it takes a column
of nulls alone for numbers. The files' own schemas say what they are.
"""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import Any, Literal

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  (Spark's own convention)

from graphrec_core.engine.queries import quoted

NANOS = "TIMESTAMP(NANOS"
NUM_READERS = 16
"""Footers that are read at once: they may lie in an object store."""

Kind = Literal["instant", "local time", "nulls", "other"]
Columns = Mapping[str, tuple[Kind, str]]
"""Column of a file -> its kind, and its type in the words of Parquet."""


def read_as_written(session: SparkSession, path: str) -> DataFrame:
    """Reads a Parquet table and gives such columns their meaning.

    The table has the columns of all its files; in a file without one it is null. A part of a
    microsecond is cut off.

    Args:
        session: A session that reads nanoseconds as numbers.
        path: A file, a folder, or a pattern.

    Raises:
        ValueError: Files differ in a column's type, or nanoseconds are nested.
    """
    rows = session.read.parquet(path)
    files = rows.inputFiles()
    with ThreadPoolExecutor(NUM_READERS) as pool:
        found = list(pool.map(lambda file: _columns(session, file), files))
    alike: dict[frozenset[tuple[str, tuple[Kind, str]]], list[str]] = {}
    for file, columns in zip(files, found, strict=True):
        alike.setdefault(frozenset(columns.items()), []).append(file)
    if len(alike) < 2:
        return _fixed(rows, dict(*alike)) if alike else rows
    parts = [
        _fixed(_read_files(session, path, names), dict(columns))
        for columns, names in alike.items()
    ]
    named = zip(alike.items(), parts, strict=True)
    _check_types([(files[0], dict(columns), rows) for (columns, files), rows in named])
    return reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), parts)


def _read_files(session: SparkSession, path: str, files: Sequence[str]) -> DataFrame:
    """Reads some files of a table, with the partitions that its folder gives them."""
    jvm: Any = session._jvm
    names = [jvm.org.apache.hadoop.fs.Path(jvm.java.net.URI(file)).toString() for file in files]
    literal = [re.sub(r"([\[\]{}*?\\])", r"\\\1", name) for name in names]  # no patterns
    is_pattern = re.search(r"[\[\]{}*?]", path) is not None
    reader = session.read if is_pattern else session.read.option("basePath", path)
    return reader.parquet(*literal)


def _fixed(rows: DataFrame, columns: Columns) -> DataFrame:
    types = dict(rows.dtypes)  # partitions have the names of their folders, and are text
    fixed = {}
    for name, (kind, _) in columns.items():
        if kind == "instant" and types[name] == "bigint":
            fixed[name] = F.expr(_micros(name))
        elif kind == "local time" and types[name] == "bigint":
            fixed[name] = F.expr(f"cast({_micros(name)} as timestamp_ntz)")
        elif kind == "nulls" and types[name] != "string":
            fixed[name] = F.lit(None)
    return rows.withColumns(fixed) if fixed else rows


def _check_types(parts: Sequence[tuple[str, Columns, DataFrame]]) -> None:
    """Refuses columns of two types, of which Spark would make one."""
    known: dict[str, tuple[str, str]] = {}
    for file, columns, rows in parts:
        for name, dtype in rows.dtypes:
            kind, _ = columns.get(name, ("other", ""))
            told = f"{dtype} in nanoseconds" if kind in ("instant", "local time") else dtype
            first, other = known.setdefault(name.lower(), (file, told))
            if other == "void":
                known[name.lower()] = file, told
            elif told not in (other, "void"):
                raise ValueError(
                    f"{first} and {file} differ in the column {name}: {other} and {told}; "
                    "write all files of a table with the same types"
                )


def _micros(name: str) -> str:
    column = quoted(name)
    return f"timestamp_micros({column} div 1000 - if({column} % 1000 < 0, 1, 0))"


def _columns(session: SparkSession, file: str) -> dict[str, tuple[Kind, str]]:
    found: dict[str, tuple[Kind, str]] = {}
    for field in _fields(session, file):
        name, text = field.getName(), field.toString()
        kind: Kind = "other"
        if not field.isPrimitive():
            if NANOS in text:
                raise ValueError(
                    f"{file}, column {name}: nanoseconds within a list or struct; write them as "
                    "timestamps of microseconds, or leave the column out of the file"
                )
        else:
            note = str(field.getLogicalTypeAnnotation())
            if note.startswith(NANOS):
                kind = "instant" if "true" in note else "local time"
            elif note == "UNKNOWN":
                kind = "nulls"
        found[name] = kind, text
    return found


def _fields(session: SparkSession, file: str) -> list[Any]:
    jvm: Any = session._jvm  # Spark has no other way to a file's own schema
    settings = session._jsc.hadoopConfiguration()
    path = jvm.org.apache.hadoop.fs.Path(jvm.java.net.URI(file))
    source = jvm.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(path, settings)
    reader = jvm.org.apache.parquet.hadoop.ParquetFileReader.open(source)
    try:
        return list(reader.getFileMetaData().getSchema().getFields())
    finally:
        reader.close()
