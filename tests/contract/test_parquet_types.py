"""Types of Parquet columns that real writers leave: one meaning on both engines."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec_core.config.source import SourceConfig
from graphrec_core.engine import Engine
from graphrec_core.errors import ConfigError, RefusedError, SchemaError, UnreadableSourceError
from tests.support.engines import collected

NANOS = [1_767_225_600_123_456_789, -1, None]
INSTANTS = [
    datetime(2026, 1, 1, 0, 0, 0, 123_456, UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC),  # floored, not cut towards 1970
    None,
]
LOCAL = [instant and instant.replace(tzinfo=None) for instant in INSTANTS]


def read(engine: Engine, root: Path, files: Mapping[str, pa.Table], path: str) -> list[Any]:
    """The type of column ``c`` and its values in the order of ``n``."""
    for name, table in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, root / name)
    source = {
        "tables": {"t": {"path": path, "format": "parquet"}},
        "nodes": {"a": "x"},
        "edges": {"b": "x"},
    }
    engine.register_tables(SourceConfig.model_validate(source), str(root))
    relation = engine.select("here", "select n, c from t")
    rows = sorted(collected(engine, relation), key=lambda row: row["n"])
    return [engine.schema(relation)["c"], *(row["c"] for row in rows)]


def numbered(column: pa.Array, start: int = 0) -> pa.Table:
    return pa.table({"n": pa.array(range(start, start + len(column)), pa.int64()), "c": column})


COLUMNS = {
    "nanoseconds, UTC": (pa.array(NANOS, pa.timestamp("ns", "UTC")), "timestamp", INSTANTS),
    "nanoseconds, a zone": (
        pa.array(NANOS, pa.timestamp("ns", "Europe/Berlin")),
        "timestamp",
        INSTANTS,
    ),
    "nanoseconds": (pa.array(NANOS, pa.timestamp("ns")), "timestamp_ntz", LOCAL),
    "milliseconds": (
        pa.array([1_767_225_600_123], pa.timestamp("ms", "UTC")),
        "timestamp",
        [datetime(2026, 1, 1, 0, 0, 0, 123_000, UTC)],
    ),
    "seconds": (
        pa.array([1_767_225_600], pa.timestamp("s", "UTC")),
        "timestamp",
        [datetime(2026, 1, 1, tzinfo=UTC)],
    ),
    "large strings": (pa.array(["a", None], pa.large_string()), "string", ["a", None]),
    "categories": (pa.array(["a", "b", None]).dictionary_encode(), "string", ["a", "b", None]),
    "JSON": (pa.array(["{}", None], pa.json_()), "string", ["{}", None]),
    "dates of 64 bits": (
        pa.array([1_767_225_600_000, None], pa.date64()),
        "date",
        [date(2026, 1, 1), None],
    ),
    "decimals": (
        pa.array([Decimal("1.50"), None], pa.decimal128(6, 2)),
        "decimal(6,2)",
        [Decimal("1.50"), None],
    ),
    "floats": (pa.array([1.5, None], pa.float32()), "double", [1.5, None]),
    "lists of floats": (
        pa.array([[1.5, None], None], pa.list_(pa.float32())),
        "array<double>",
        [[1.5, None], None],
    ),
    "unsigned": (pa.array([2**32 - 1, None], pa.uint32()), "bigint", [2**32 - 1, None]),
    "nulls": (pa.nulls(2), "void", [None, None]),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_types_of_real_writers_have_one_meaning(engine: Engine, tmp_path: Path, case: str) -> None:
    column, kind, expected = COLUMNS[case]
    found = read(engine, tmp_path, {"t.parquet": numbered(column)}, "t.parquet")
    assert found == [kind, *expected]


def test_instants_of_twelve_bytes_are_read(engine: Engine, tmp_path: Path) -> None:
    column = pa.array(NANOS, pa.timestamp("ns")).cast(pa.timestamp("us"), safe=False)
    pq.write_table(numbered(column), tmp_path / "t.parquet", use_deprecated_int96_timestamps=True)
    kind, *found = read(engine, tmp_path, {}, "t.parquet")
    assert kind in ("timestamp", "timestamp_ntz")  # Spark takes them for instants
    assert found[0].replace(tzinfo=None) == LOCAL[0]


def test_what_pandas_writes_by_default_is_read_from_a_folder(
    engine: Engine, tmp_path: Path
) -> None:
    folder = tmp_path / "t" / "zone=a%20b"
    folder.mkdir(parents=True)
    for number in (1, 2):
        times = pd.to_datetime([f"2026-01-0{number} 01:02:03.5"], utc=True)
        pd.DataFrame({"n": [number], "c": times}).to_parquet(folder / f"{number} é.parquet")
    found = read(engine, tmp_path, {}, "t")
    assert found == [
        "timestamp",
        datetime(2026, 1, 1, 1, 2, 3, 500_000, UTC),
        datetime(2026, 1, 2, 1, 2, 3, 500_000, UTC),
    ]


@pytest.mark.parametrize("order", [("1", "2"), ("2", "1")], ids="".join)
@pytest.mark.parametrize(
    ("column", "kind", "expected"),
    [
        (pa.array(NANOS, pa.timestamp("ns", "UTC")), "timestamp", INSTANTS),
        (pa.array(["a", None, "b"]), "string", ["a", None, "b"]),
    ],
    ids=["instants", "texts"],
)
def test_a_column_that_some_files_lack_is_null_there(
    engine: Engine,
    tmp_path: Path,
    order: tuple[str, str],
    column: pa.Array,
    kind: str,
    expected: list[Any],
) -> None:
    """A known_at that came later must not go unread, whichever file is read first."""
    old = pa.table({"n": pa.array([0], pa.int64())})
    nulls = numbered(pa.nulls(1), 1)
    files = {
        f"t/{order[0]}.parquet": old,
        f"t/{order[1]}.parquet": numbered(column, 2),
        "t/3.parquet": nulls,
    }
    assert read(engine, tmp_path, files, "t") == [kind, None, None, *expected]
    assert read(engine, tmp_path, {}, "t/*.parquet") == [kind, None, None, *expected]


def test_files_that_differ_in_a_type_are_refused(engine: Engine, tmp_path: Path) -> None:
    files = {
        "t/1.parquet": numbered(pa.array([1], pa.int32())),
        "t/2.parquet": numbered(pa.array(["1"]), 1),
    }
    with pytest.raises(ConfigError, match=r"(?s)column.* c") as refusal:
        read(engine, tmp_path, files, "t")
    assert "types" in str(refusal.value) or "INT" in str(refusal.value)


@pytest.mark.spark
@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, None], pa.timestamp("us", "UTC")),
        pa.array([1, None], pa.int64()),
        pa.array([1, None], pa.timestamp("ns")),
    ],
)
def test_spark_refuses_files_of_one_table_that_differ_in_such_a_column(
    spark: Engine, tmp_path: Path, column: pa.Array
) -> None:
    nanos = numbered(pa.array(NANOS, pa.timestamp("ns", "UTC")), 2)
    for order in (("1", "2"), ("2", "1")):
        root = tmp_path / order[0]
        files = {f"t/{order[0]}.parquet": nanos, f"t/{order[1]}.parquet": numbered(column)}
        with pytest.raises((ConfigError, RefusedError), match="differ in the column c"):
            read(spark, root, files, "t")


@pytest.mark.spark
@pytest.mark.parametrize(
    "column",
    [
        pa.array([1], pa.float16()),
        pa.array([1], pa.time64("us")),
        pa.array([[1]], pa.list_(pa.timestamp("ns"))),
    ],
)
def test_spark_names_the_file_of_a_type_that_it_cannot_read(
    spark: Engine, tmp_path: Path, column: pa.Array
) -> None:
    with pytest.raises(ConfigError, match=r"(?s)t\.parquet.*(text, number or timestamp)"):
        read(spark, tmp_path, {"t.parquet": numbered(column)}, "t.parquet")


def twins(root: Path, *names: str) -> None:
    """A file with two columns of these names, and a folder with such a file beside another."""
    (root / "t").mkdir()
    columns = [pa.array(["a"]), pa.array([1]), pa.array([2])]
    table = pa.Table.from_arrays(columns, names=["id", *names])
    pq.write_table(table, root / "t.parquet")
    pq.write_table(table, root / "t" / "2.parquet")
    pq.write_table(pa.table({"id": ["b"], "age": [2]}), root / "t" / "1.parquet")


@pytest.mark.parametrize("path", ["t.parquet", "t"])
def test_columns_that_differ_by_case_are_refused(
    engine: Engine, tmp_path: Path, path: str
) -> None:
    twins(tmp_path, "age", "Age")
    with pytest.raises(SchemaError, match=r"(?s)source\.tables\.t .*`age` more than once"):
        select(engine, tmp_path, path, "select id, Age from t")


@pytest.mark.parametrize("path", ["t.parquet", "t"])
def test_columns_of_one_name_are_refused(engine: Engine, tmp_path: Path, path: str) -> None:
    twins(tmp_path, "age", "age")
    with pytest.raises((SchemaError, UnreadableSourceError)):  # Spark: when it is opened or read
        select(engine, tmp_path, path, "select id, age from t")


def test_columns_called_as_if_they_shared_a_name_are_read(engine: Engine, tmp_path: Path) -> None:
    pq.write_table(pa.table({"age": [1], "age_1": [2]}), tmp_path / "t.parquet")
    assert select(engine, tmp_path, "t.parquet", "select age_1 from t") == [{"age_1": 2}]


def test_a_partition_hides_a_column_whatever_the_case(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "t" / "Day=7").mkdir(parents=True)
    pq.write_table(pa.table({"n": [1], "day": ["x"]}), tmp_path / "t" / "Day=7" / "1.parquet")
    assert select(engine, tmp_path, "t", "select day as d from t") == [{"d": "7"}]


def select(engine: Engine, root: Path, path: str, text: str) -> list[dict[str, Any]]:
    tables = {"t": {"path": path, "format": "parquet"}}
    source = {"tables": tables, "nodes": {"a": "x"}, "edges": {"b": "x"}}
    engine.register_tables(SourceConfig.model_validate(source), str(root))
    return collected(engine, engine.select("here", text))
