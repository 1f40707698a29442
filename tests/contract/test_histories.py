"""Generated histories: both engines build what plain Python builds, row by row."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from graphrec_core.engine import open_engine
from graphrec_core.lake import Lake
from tests.contract.built import Built, assert_equal_rows, build
from tests.contract.naive import NoEventsError, naive_snapshot
from tests.contract.naive_rows import accept
from tests.support.histories import (
    History,
    Settings,
    histories,
    history_config,
    settings_of_views,
    settled,
    write_history,
)

by_example = settings(
    max_examples=150, derandomize=True, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def built_by(engine_name: str, history: History, given_settings: Settings) -> Built:
    """Builds a history with an engine of its own, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source, lake = Path(folder) / "raw", Path(folder) / "lake"
        write_history(source, history)
        config = history_config(source, lake, given_settings, engine_name)
        with open_engine(config, Lake(config)) as engine:
            return build(engine, config, given_settings.as_of)


def assert_as_reference(built: Built, history: History, given_settings: Settings) -> None:
    assert built.num_rejected == accept(history, given_settings).num_rejected
    try:
        expected = naive_snapshot(history, given_settings)
    except NoEventsError:
        assert built.stats is None
        event("refused: an empty window")
        return
    assert built.stats == expected.stats
    assert set(built.rows) == set(expected.rows)
    for name, rows in expected.rows.items():
        assert_equal_rows(built.rows[name], rows)


@by_example
@given(histories().map(settled), settings_of_views())
def test_duckdb_builds_what_plain_python_builds(history: History, given: Settings) -> None:
    assert_as_reference(built_by("duckdb", history, given), history, given)
