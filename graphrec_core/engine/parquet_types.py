"""Parquet columns that Spark misreads: instants of nanoseconds, and columns without any value.

pandas writes instants in nanoseconds. Spark refuses them, or reads numbers; and it takes a column
of nulls alone for numbers. The files' own schemas say what they are.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  (Spark's own convention)

NANOS = "TIMESTAMP(NANOS"
NUM_READERS = 16
"""Footers that are read at once: they may lie in an object store."""


@dataclass(frozen=True)
class _Kinds:
    """Names of the columns of a file that need care: instants, local times, and nulls alone."""

    instants: frozenset[str]
    local_times: frozenset[str]
    nulls: frozenset[str]


def read_as_written(session: SparkSession, rows: DataFrame) -> DataFrame:
    """Gives such columns of a Parquet table their meaning; a part of a microsecond is cut off.

    Args:
        session: A session that reads nanoseconds as numbers.
        rows: The table.

    Raises:
        ValueError: Files differ in such a column, or nanoseconds are nested.
    """
    files = rows.inputFiles()
    with ThreadPoolExecutor(NUM_READERS) as pool:
        kinds = list(pool.map(lambda file: _kinds(session, file), files))
    for file, kind in zip(files, kinds, strict=True):
        _check_alike(kinds[0], kind, f"{files[0]} and {file}")
    if not kinds:
        return rows
    first, nulls = kinds[0], frozenset.intersection(*(kind.nulls for kind in kinds))
    types = dict(rows.dtypes)  # partitions have the names of their folders, and are text
    fixed = {
        **{name: F.expr(_micros(name)) for name in first.instants if types[name] == "bigint"},
        **{
            name: F.expr(f"cast({_micros(name)} as timestamp_ntz)")
            for name in first.local_times
            if types[name] == "bigint"
        },
        **{name: F.lit(None) for name in nulls if types[name] != "string"},
    }
    return rows.withColumns(fixed) if fixed else rows


def _check_alike(one: _Kinds, other: _Kinds, files: str) -> None:
    differing = (one.instants ^ other.instants) | (one.local_times ^ other.local_times)
    if differing:  # Spark would take the numbers of one file for those of the other
        raise ValueError(
            f"{files} differ in the columns {', '.join(sorted(differing))}, nanoseconds in one "
            "and not in the other: write them with the same types, best as timestamps of "
            "microseconds"
        )


def _micros(name: str) -> str:
    column = "`" + name.replace("`", "``") + "`"
    return f"timestamp_micros({column} div 1000 - if({column} % 1000 < 0, 1, 0))"


def _kinds(session: SparkSession, file: str) -> _Kinds:
    found: dict[str, set[str]] = {"instants": set(), "local_times": set(), "nulls": set()}
    for field in _fields(session, file):
        name, text = field.getName(), field.toString()
        if not field.isPrimitive():
            if NANOS in text:
                raise ValueError(
                    f"{file}, column {name}: nanoseconds within a list or struct; write them as "
                    "timestamps of microseconds, or leave the column out of the file"
                )
            continue
        note = str(field.getLogicalTypeAnnotation())
        if note.startswith(NANOS):
            found["instants" if "true" in note else "local_times"].add(name)
        elif note == "UNKNOWN":
            found["nulls"].add(name)
    return _Kinds(**{kind: frozenset(names) for kind, names in found.items()})


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
