"""A small source on Spark: how its size is found, and that its rows are cut as others are."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from graphrec_core.config import PipelineConfig
from graphrec_core.config.source import SourceConfig
from graphrec_core.engine import Engine, Relation, open_engine
from graphrec_core.engine.source_size import SMALL_BYTES, is_small, source_bytes
from graphrec_core.engine.spark import SparkEngine
from graphrec_core.engine.spark_small import SMALL_SETTINGS, cut, fits_one_task
from graphrec_core.lake import Lake
from tests.support.engines import relation_of
from tests.support.snapshots import tiny_config

ROWS = [
    ("é", 2),
    (None, 7),
    ("a", 3),
    ("é", 1),
    ("z", 5),
    ("a", 4),
    ("", 6),
    ("😀", 8),
    ("\uff5e", 9),
]
IN_ORDER = [
    (None, [7]), ("", [6]), ("a", [3, 4]), ("z", [5]), ("é", [1, 2]),
    ("\uff5e", [9]), ("😀", [8]),
]  # fmt: skip
"""Nulls first, then by code point; by UTF-16, the smile would precede the wide tilde."""


def source(root: Path, tables: dict[str, Any]) -> SourceConfig:
    """A source of tables alone."""
    nodes_and_edges = {"nodes": {"a": "x"}, "edges": {"b": "x"}}
    return SourceConfig.model_validate({"root": str(root), "tables": tables, **nodes_and_edges})


def pipeline(root: Path, num_bytes: int, **snapshot: object) -> PipelineConfig:
    """A pipeline on Spark whose one table has a size."""
    (root / "users.parquet").write_bytes(b"x" * num_bytes)
    data = tiny_config(root, snapshot={"engine": "spark", **snapshot}).model_dump(mode="json")
    data["source"]["root"] = str(root)
    return PipelineConfig.model_validate(data)


def test_the_bytes_of_files_and_of_folders_are_added_up(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"12345")
    (tmp_path / "b" / "day=1").mkdir(parents=True)
    (tmp_path / "b" / "day=1" / "part.parquet").write_bytes(b"123")
    (tmp_path / "b" / "part.parquet").write_bytes(b"12")
    tables = {"a": {"path": "a.csv"}, "b": {"path": f"{tmp_path}/b", "format": "parquet"}}
    assert source_bytes(source(tmp_path, tables)) == 10


@pytest.mark.parametrize(
    "table",
    [
        {"path": "s3://bucket/b.parquet"},
        {"path": "*.parquet"},
        {"path": "gone.parquet"},
        {"catalog": "shop.visits"},
    ],
)
def test_a_table_that_is_elsewhere_makes_the_size_unknown(
    tmp_path: Path, table: dict[str, str]
) -> None:
    (tmp_path / "a.csv").write_bytes(b"12345")
    assert source_bytes(source(tmp_path, {"a": {"path": "a.csv"}, "b": table})) is None


def test_the_size_of_the_town_is_known_before_it_is_there(tmp_path: Path) -> None:
    found = source(tmp_path, {"a": {"path": "a.parquet"}}).model_dump()
    found["town"] = {"num_regions": 3, "num_users": 500, "num_places": 400}
    num_rows = 3 * (500 * 10 + 500 + 400)
    assert source_bytes(SourceConfig.model_validate(found)) == num_rows * 32


def test_what_is_larger_or_unknown_or_on_a_cluster_is_not_small(tmp_path: Path) -> None:
    assert fits_one_task(pipeline(tmp_path, SMALL_BYTES))
    assert not fits_one_task(pipeline(tmp_path, SMALL_BYTES + 1))
    assert fits_one_task(pipeline(tmp_path, 1, spark_master="local[2]"))
    assert not fits_one_task(pipeline(tmp_path, 1, spark_master="spark://host:7077"))
    assert not fits_one_task(pipeline(tmp_path, 1, spark_master=""))
    assert not fits_one_task(tiny_config(tmp_path / "nothing", snapshot={"engine": "spark"}))


def test_duckdb_keeps_the_judged_events_of_a_small_source_alone(tmp_path: Path) -> None:
    for num_bytes, is_kept in ((SMALL_BYTES, True), (SMALL_BYTES + 1, False)):
        config = pipeline(tmp_path, num_bytes, engine="duckdb")
        assert is_small(config.source) is is_kept
        with open_engine(config, Lake(config)) as engine:
            assert engine.keeps_events is is_kept


def test_sorted_rows_are_cut_where_the_value_changes_and_into_batches() -> None:
    key = pa.chunked_array([[None, "a", "a"], ["a", "b"]], pa.string())
    table = pa.table({"region": key, "number": pa.chunked_array([[1, 2, 3], [4, 5]])})
    parts = list(cut(table, "region", batch_rows=2))
    found = [(part.value, [batch.to_pydict() for batch in part.batches]) for part in parts]
    assert found == [
        (None, [{"number": [1]}]),
        ("a", [{"number": [2, 3]}, {"number": [4]}]),
        ("b", [{"number": [5]}]),
    ]
    assert list(cut(table.slice(0, 0), "region", batch_rows=2)) == []


@pytest.mark.spark
@pytest.mark.parametrize("small", [True, False], ids=["spark-small", "spark-large"])
def test_partitions_and_kept_rows_are_those_of_a_large_source(
    spark: Engine, tmp_path: Path, *, small: bool
) -> None:
    assert isinstance(spark, SparkEngine)
    storage = Lake(tiny_config(tmp_path)).storage
    engine = SparkEngine(spark.session, storage, "scratch", is_small=small)
    rows = engine.keep("rows", relation_of(engine, "region string, number bigint", ROWS))
    assert rows.handle.rdd.getNumPartitions() == 1 or not small
    partitions = engine.partitions(rows, "region", ["number"])
    found = [
        (part.value, [row["number"] for batch in part.batches for row in batch.to_pylist()])
        for part in partitions
    ]
    assert found == IN_ORDER
    assert bool(list(storage.files("scratch"))) != small


@pytest.mark.spark
def test_a_query_of_a_small_source_is_one_task(spark: Engine, tmp_path: Path) -> None:
    """A join, a window and a sum: no shuffle, no broadcast, no generated code."""
    assert isinstance(spark, SparkEngine)
    before = {key: spark.session.conf.get(key) for key in SMALL_SETTINGS}
    engine = SparkEngine(spark.session, Lake(tiny_config(tmp_path)).storage, "s", is_small=True)
    try:
        for key, value in SMALL_SETTINGS.items():
            spark.session.conf.set(key, value)
        rows = relation_of(engine, "region string, number bigint", ROWS)
        text = (
            "select a.region, sum(a.number) as total, max(b.place) as place from a join (select "
            "region, row_number() over (partition by region order by number) as place from a) b "
            "on a.region = b.region group by a.region"
        )
        plan = engine.query(text, {"a": Relation(rows.handle)}).handle
        told = plan._jdf.queryExecution().executedPlan().toString()
    finally:
        for key, value in before.items():
            spark.session.conf.set(key, value)
    assert "Exchange" not in told
    assert "*(" not in told  # the sign of a generated stage
    assert told.count("Window") == 1
