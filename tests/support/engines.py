"""Both engines, each opened once; rows in and rows out as plain Python."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from graphrec_core.engine import Engine, Relation, open_engine
from graphrec_core.lake import Lake
from tests.support.fuzzing import TIMES
from tests.support.snapshots import tiny_config

INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
"""How Spark runs a small source: no Java is generated and compiled for queries of a few rows."""
BOTH = (pytest.param("spark", marks=pytest.mark.spark), "duckdb")
TYPES = {
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "string": pa.string(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A local Spark engine; ``make fuzz`` generates code, as Spark does for a large source."""
    snapshot = {"engine": "spark", "spark_settings": INTERPRETED if TIMES == 1 else {}}
    config = tiny_config(Path(tmp_path_factory.mktemp("spark")), snapshot=snapshot)
    with open_engine(config, Lake(config)) as opened:
        yield opened


@contextmanager
def opened_duckdb(folder: Path) -> Iterator[Engine]:
    """Opens a DuckDB engine of one thread, with its lake in a folder."""
    snapshot = {"engine": "duckdb", "threads": 1, "memory": "512m"}
    config = tiny_config(folder, snapshot=snapshot)
    with open_engine(config, Lake(config)) as opened:
        yield opened


@pytest.fixture(scope="session")
def duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A DuckDB engine for queries over relations."""
    with opened_duckdb(Path(tmp_path_factory.mktemp("duckdb"))) as opened:
        yield opened


@pytest.fixture(name="duckdb")
def own_duckdb(tmp_path: Path) -> Iterator[Engine]:
    """A DuckDB engine for tables: it is locked once they are registered."""
    with opened_duckdb(tmp_path / "own") as opened:
        yield opened


@pytest.fixture(params=BOTH)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn: a test of it runs twice."""
    opened: Engine = request.getfixturevalue(request.param)
    return opened


def day(number: int) -> datetime:
    """The instant at the start of a day of January 2026."""
    return datetime(2026, 1, number, tzinfo=UTC)


def relation_of(engine: Engine, ddl: str, rows: Sequence[tuple[Any, ...]]) -> Relation:
    """Makes a relation of rows; ``ddl`` gives column names and Spark's types."""
    fields = [part.split() for part in ddl.split(",")]
    schema = pa.schema([(name, TYPES[kind]) for name, kind in fields])
    values = [dict(zip(schema.names, row, strict=True)) for row in rows]
    return engine.from_arrow(pa.Table.from_pylist(values, schema=schema))


def collected(engine: Engine, relation: Relation) -> list[dict[str, Any]]:
    """Returns a relation's rows in a stable order."""
    rows = engine.collect("rows", relation).to_pylist()
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])


def rows_of(
    engine: Engine, query: str, reads: Mapping[str, Relation], **parameters: object
) -> list[dict[str, Any]]:
    """Runs a query of sql/ and returns its rows in a stable order."""
    return collected(engine, engine.run(query, reads, **parameters))
