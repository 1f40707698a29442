"""One Spark engine for the whole test session; rows in and rows out as plain Python."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from graphrec_core.engine import SparkEngine, open_engine
from graphrec_core.lake import Lake
from tests.support.snapshots import tiny_config


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    """A local Spark engine."""
    config = tiny_config(Path(tmp_path_factory.mktemp("spark")))
    with open_engine(config, Lake(config)) as opened:
        yield opened


def day(number: int) -> datetime:
    """The instant at the start of a day of January 2026."""
    return datetime(2026, 1, number, tzinfo=UTC)


def register_rows(engine: SparkEngine, name: str, ddl: str, rows: list[tuple[Any, ...]]) -> None:
    """Makes rows readable under ``name``; ``ddl`` gives column names and SQL types."""
    engine.register(name, engine.session.createDataFrame(rows, schema=ddl))


def rows_of(engine: SparkEngine, query: str, **parameters: object) -> list[dict[str, Any]]:
    """Runs a query of sql/ and returns its rows in a stable order."""
    rows = engine.collect(query, engine.run(query, **parameters)).to_pylist()
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])
