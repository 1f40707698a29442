"""The suites see what the row rules would have to miss: each expectation can fail."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from graphrec_core.engine import SparkEngine
from graphrec_core.errors import ExpectationError
from graphrec_core.lake import Lake
from graphrec_core.quality import CheckedTable
from graphrec_core.quality.suites import SuiteResult, run_suites
from graphrec_core.sources.canonical import TableKind, TableName
from tests.support.snapshots import AS_OF, tiny_config
from tests.support.spark import register_rows

pytestmark = pytest.mark.spark

DDL = (
    "src string, dst string, event_time timestamp, event_id string, known_at timestamp, "
    "is_deleted boolean, weight double, reject_reason string"
)
GOOD = datetime(2025, 12, 1, tzinfo=UTC)
LATE = datetime(2026, 2, 1, tzinfo=UTC)
OLD = datetime(1960, 1, 1, tzinfo=UTC)


def run(engine: SparkEngine, root: Path, *rows: tuple, ddl: str = DDL) -> list[SuiteResult]:
    register_rows(engine, "judged", ddl, list(rows))
    table = CheckedTable(
        TableName(TableKind.EDGES, "visited"), engine.session.table("judged"), (), True
    )
    config = tiny_config(root)
    return run_suites(config, [table], AS_OF, Lake(config).storage, "docs")


def test_a_good_table_passes_and_its_pages_replace_the_old_ones(
    engine: SparkEngine, tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "old.html").write_text("old")
    row = ("a", "b", GOOD, None, GOOD, False, 1.0, None)
    (result,) = run(engine, tmp_path, row)
    assert result.failed == ()
    assert result.num_expectations >= 7
    assert (tmp_path / "docs" / "index.html").exists()
    assert not (tmp_path / "docs" / "old.html").exists()


@pytest.mark.parametrize(
    ("row", "failed"),
    [
        ((None, "b", GOOD, None, GOOD, False, 1.0, None), "not_be_null on src"),
        (("a", "b", GOOD, None, GOOD, False, -1.0, None), "be_between on weight"),
        (("a", "b", GOOD, None, LATE, False, 1.0, None), "be_between on known_at"),
        (("a", "b", OLD, None, GOOD, False, 1.0, None), "be_between on event_time"),
    ],
)
def test_a_bad_row_that_no_rule_rejected_fails_the_suite(
    engine: SparkEngine, tmp_path: Path, row: tuple, failed: str
) -> None:
    with pytest.raises(ExpectationError, match=failed):
        run(engine, tmp_path, row)
    assert (tmp_path / "docs" / "index.html").exists()


def test_an_empty_table_fails_the_suite(engine: SparkEngine, tmp_path: Path) -> None:
    with pytest.raises(ExpectationError, match="expect_table_row_count_to_be_between"):
        run(engine, tmp_path)


def test_a_missing_column_fails_the_suite(engine: SparkEngine, tmp_path: Path) -> None:
    ddl = DDL.replace("event_id string, ", "")
    row = ("a", "b", GOOD, GOOD, False, 1.0, None)
    with pytest.raises(ExpectationError, match="expect_table_columns_to_match_set"):
        run(engine, tmp_path, row, ddl=ddl)
