"""The suites see what the row rules would have to miss: each expectation can fail."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from graphrec_core.engine import Engine
from graphrec_core.errors import ExpectationError
from graphrec_core.intake import CheckedTable
from graphrec_core.intake.canonical import TableKind, TableName
from graphrec_core.lake import Lake
from graphrec_core.lake.records import TableFigures
from graphrec_core.quality.profile import profile
from graphrec_core.quality.suite import SuiteResult
from graphrec_core.quality.suites import check_tables
from tests.support.engines import relation_of
from tests.support.snapshots import AS_OF, tiny_config

DDL = {
    TableKind.NODES: "node_id string, valid_from timestamp, valid_to timestamp, "
    "known_at timestamp, is_deleted boolean, region string, latitude double, longitude double, "
    "title string, age double",
    TableKind.EDGES: "src string, dst string, event_time timestamp, event_id string, "
    "known_at timestamp, is_deleted boolean, weight double",
    TableKind.FEATURES: "node_id string, effective_at timestamp, known_at timestamp, "
    "is_deleted boolean, mood double",
}
GOOD = datetime(2025, 12, 1, tzinfo=UTC)
LATER = datetime(2025, 12, 2, tzinfo=UTC)
OLD = datetime(1960, 1, 1, tzinfo=UTC)
ROWS: dict[TableKind, dict[str, Any]] = {
    TableKind.NODES: {
        "node_id": "a", "valid_from": GOOD, "valid_to": None, "known_at": GOOD,
        "is_deleted": False, "region": "east", "latitude": 48.0, "longitude": -122.0,
        "title": None, "age": 3.0,
    },
    TableKind.EDGES: {
        "src": "a", "dst": "b", "event_time": GOOD, "event_id": None, "known_at": GOOD,
        "is_deleted": False, "weight": 1.0,
    },
    TableKind.FEATURES: {
        "node_id": "a", "effective_at": GOOD, "known_at": GOOD, "is_deleted": False, "mood": 1.0,
    },
}  # fmt: skip
FEATURES = {TableKind.NODES: ("age",), TableKind.EDGES: (), TableKind.FEATURES: ("mood",)}


def table_of(
    engine: Engine, kind: TableKind, *changes: dict[str, Any], ddl: str = ""
) -> CheckedTable:
    """A table of one good row per change, with what the change says."""
    rows = [tuple({**ROWS[kind], **change}.values()) for change in changes]
    relation = relation_of(engine, ddl or DDL[kind], rows)
    return CheckedTable(
        TableName(kind, "thing"), relation, relation, relation, FEATURES[kind], True
    )


def judged(num_rows: int, num_rejected: int) -> TableFigures:
    return TableFigures(num_rows=num_rows, num_rejected=num_rejected, reasons={})


def run(engine: Engine, root: Path, table: CheckedTable, num_rejected: int = 0) -> SuiteResult:
    config = tiny_config(root)
    summaries = {str(table.name): judged(100, num_rejected)}
    storage = Lake(config).storage
    (result,) = check_tables(engine, config, [table], summaries, AS_OF, storage, "docs")
    return result


@pytest.mark.parametrize(
    ("kind", "num"), [(TableKind.NODES, 11), (TableKind.EDGES, 9), (TableKind.FEATURES, 7)]
)
def test_a_good_table_passes_and_its_pages_replace_the_old_ones(
    engine: Engine, tmp_path: Path, kind: TableKind, num: int
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "old.html").write_text("old")
    result = run(engine, tmp_path, table_of(engine, kind, {}, {"known_at": LATER}))
    assert result.failures == ()
    assert len(result.outcomes) == num
    assert not (tmp_path / "docs" / "old.html").exists()
    assert [path.name for path in (tmp_path / "docs").iterdir()] == ["index.html"]
    assert "The table has at least one good row." in (tmp_path / "docs/index.html").read_text()


@pytest.mark.parametrize(
    ("kind", "change", "found"),
    [
        (TableKind.NODES, {"node_id": None}, "No row lacks its node_id. Found: num_rows_w"),
        (TableKind.NODES, {"valid_from": None}, "No row lacks its valid_from."),
        (TableKind.NODES, {"valid_from": OLD}, "No valid_from is before 1970-01-01"),
        (TableKind.NODES, {"latitude": -91.0}, "No latitude is below -90. Found: least_latitude"),
        (TableKind.NODES, {"latitude": 91.0}, "Found: greatest_latitude = 91"),
        (TableKind.NODES, {"longitude": -181.0}, "Found: least_longitude = -181"),
        (TableKind.NODES, {"longitude": 181.0}, "Found: greatest_longitude = 181"),
        (TableKind.NODES, {"known_at": AS_OF}, "Every row was known before 2026-01-01"),
        (TableKind.EDGES, {"src": None}, "No row lacks its src. Found: num_rows_without_src = 1"),
        (TableKind.EDGES, {"dst": None}, "No row lacks its dst."),
        (TableKind.EDGES, {"event_time": None}, "No row lacks its event_time."),
        (TableKind.EDGES, {"event_time": OLD}, "Found: earliest_event_time = 1960-01-01"),
        (TableKind.EDGES, {"known_at": AS_OF}, "Found: latest_known_at = 2026-01-01"),
        (TableKind.EDGES, {"weight": -1.0}, "No weight is negative. Found: least_weight = -1"),
        (TableKind.FEATURES, {"node_id": None}, "No row lacks its node_id."),
        (TableKind.FEATURES, {"effective_at": None}, "No row lacks its effective_at."),
        (TableKind.FEATURES, {"effective_at": OLD}, "No effective_at is before"),
        (TableKind.FEATURES, {"known_at": AS_OF}, "Every row was known before"),
    ],
)
def test_a_bad_row_that_no_rule_rejected_fails_the_suite(
    duckdb: Engine, tmp_path: Path, kind: TableKind, change: dict[str, Any], found: str
) -> None:
    with pytest.raises(ExpectationError) as caught:
        run(duckdb, tmp_path, table_of(duckdb, kind, {}, change))
    assert f"{kind}/thing: " in caught.value.found
    assert found in caught.value.found
    assert ";" not in caught.value.found
    assert (tmp_path / "docs" / "index.html").exists()


def test_an_empty_table_fails_the_suite(duckdb: Engine, tmp_path: Path) -> None:
    with pytest.raises(ExpectationError, match=r"at least one good row\. Found: num_rows = 0"):
        run(duckdb, tmp_path, table_of(duckdb, TableKind.EDGES))


def test_a_missing_and_a_strange_column_fail_the_suite(duckdb: Engine, tmp_path: Path) -> None:
    ddl = DDL[TableKind.EDGES].replace("event_id", "event_name")
    with pytest.raises(ExpectationError, match=r"Found: columns = dst, event_name, event_time"):
        run(duckdb, tmp_path, table_of(duckdb, TableKind.EDGES, {}, ddl=ddl))


def test_too_many_rejected_rows_fail_the_suite(duckdb: Engine, tmp_path: Path) -> None:
    table = table_of(duckdb, TableKind.EDGES, {})
    run(duckdb, tmp_path, table, num_rejected=1)
    with pytest.raises(ExpectationError, match=r"At most 1\.00% .* Found: rejected_frac = 0\.02"):
        run(duckdb, tmp_path, table, num_rejected=2)


def profiled(engine: Engine, kind: TableKind, *changes: dict[str, Any]) -> dict[str, Any]:
    frame = profile(engine, table_of(engine, kind, *changes), judged(8, 2))
    assert len(frame) == 1
    row: dict[str, Any] = frame.iloc[0].to_dict()
    return row


def test_the_profile_of_nodes(engine: Engine) -> None:
    found = profiled(
        engine,
        TableKind.NODES,
        {},
        {"known_at": LATER, "latitude": None, "longitude": 7.0},
        {"node_id": "b", "valid_from": OLD, "latitude": -3.0},
        {"node_id": None, "valid_from": None},
    )
    assert found == {
        "columns": "age, is_deleted, known_at, latitude, longitude, node_id, region, "
        "title, valid_from, valid_to",
        "num_rows": 4,
        "num_nodes": 2,
        "num_rows_without_node_id": 1,
        "num_rows_without_valid_from": 1,
        "earliest_valid_from": OLD,
        "latest_known_at": LATER,
        "least_latitude": -3.0,
        "greatest_latitude": 48.0,
        "least_longitude": -122.0,
        "greatest_longitude": 7.0,
        "num_rejected_rows": 2,
        "rejected_frac": 0.25,
    }


def test_the_profile_of_edges(engine: Engine) -> None:
    found = profiled(
        engine,
        TableKind.EDGES,
        {"weight": 5.0},
        {"src": None, "dst": None, "event_time": LATER},
        {"src": None, "event_time": None, "known_at": LATER, "weight": -1.0},
    )
    assert found == {
        "columns": "dst, event_id, event_time, is_deleted, known_at, src, weight",
        "num_rows": 3,
        "num_rows_without_src": 2,
        "num_rows_without_dst": 1,
        "num_rows_without_event_time": 1,
        "earliest_event_time": GOOD,
        "latest_event_time": LATER,
        "latest_known_at": LATER,
        "least_weight": -1.0,
        "greatest_weight": 5.0,
        "num_rejected_rows": 2,
        "rejected_frac": 0.25,
    }


def test_the_profile_of_features(engine: Engine) -> None:
    found = profiled(
        engine,
        TableKind.FEATURES,
        {},
        {"known_at": LATER},
        {"node_id": None, "effective_at": None},
    )
    assert found == {
        "columns": "effective_at, is_deleted, known_at, mood, node_id",
        "num_rows": 3,
        "num_nodes": 1,
        "num_rows_without_node_id": 1,
        "num_rows_without_effective_at": 1,
        "earliest_effective_at": GOOD,
        "latest_known_at": LATER,
        "num_rejected_rows": 2,
        "rejected_frac": 0.25,
    }
