"""Parquet columns that Spark misreads: instants of nanoseconds, and columns without any value.

pandas writes instants in nanoseconds. Spark refuses them, or reads numbers; and it takes a column
of nulls alone for numbers. The files' own schemas say what they are.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  (Spark's own convention)

NANOS = "TIMESTAMP(NANOS"
NUM_READERS = 16
"""Footers that are read at once: they may lie in an object store."""


Kind = Literal["instant", "local time", "nulls", "other"]


def read_as_written(session: SparkSession, path: str) -> DataFrame:
    """Reads a Parquet table and gives such columns their meaning.

    The table has the columns of all its files; in a file without one it is null. A part of a
    microsecond is cut off.

    Args:
        session: A session that reads nanoseconds as numbers.
        path: A file, a folder, or a pattern.

    Raises:
        ValueError: Files differ in such a column, or nanoseconds are nested.
    """
    files = session.read.parquet(path).inputFiles()
    with ThreadPoolExecutor(NUM_READERS) as pool:
        found = list(pool.map(lambda file: _kinds(session, file), files))
    kinds = _joined(files, found)
    rows = session.read.option("mergeSchema", "true").parquet(path)
    types = dict(rows.dtypes)  # partitions have the names of their folders, and are text
    fixed = {}
    for name, kind in kinds.items():
        if kind == "instant" and types[name] == "bigint":
            fixed[name] = F.expr(_micros(name))
        elif kind == "local time" and types[name] == "bigint":
            fixed[name] = F.expr(f"cast({_micros(name)} as timestamp_ntz)")
        elif kind == "nulls" and types[name] != "string":
            fixed[name] = F.lit(None)
    return rows.withColumns(fixed) if fixed else rows


def _joined(files: Sequence[str], found: Sequence[Mapping[str, Kind]]) -> dict[str, Kind]:
    """Returns what each column is in the files that have it; nulls alone fit every kind."""
    kinds: dict[str, Kind] = {}
    first: dict[str, str] = {}
    for file, columns in zip(files, found, strict=True):
        for name, kind in columns.items():
            known = kinds.get(name, "nulls")
            if kind == "nulls":
                kinds.setdefault(name, kind)
            elif known in ("nulls", kind):
                kinds[name] = kind
                first.setdefault(name, file)
            else:  # Spark would take the numbers of one file for those of the other
                raise ValueError(
                    f"{first[name]} and {file} differ in the column {name}: {known} in one, "
                    f"{kind} in the other, in nanoseconds; write them with the same types, best "
                    "as timestamps of microseconds"
                )
    return kinds


def _micros(name: str) -> str:
    column = "`" + name.replace("`", "``") + "`"
    return f"timestamp_micros({column} div 1000 - if({column} % 1000 < 0, 1, 0))"


def _kinds(session: SparkSession, file: str) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    for field in _fields(session, file):
        name, text = field.getName(), field.toString()
        kinds[name] = "other"
        if not field.isPrimitive():
            if NANOS in text:
                raise ValueError(
                    f"{file}, column {name}: nanoseconds within a list or struct; write them as "
                    "timestamps of microseconds, or leave the column out of the file"
                )
            continue
        note = str(field.getLogicalTypeAnnotation())
        if note.startswith(NANOS):
            kinds[name] = "instant" if "true" in note else "local time"
        elif note == "UNKNOWN":
            kinds[name] = "nulls"
    return kinds


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
