"""Every rejected row is in quarantine and is found by table, reason and id."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from graphrec.jobs import quarantine as job
from graphrec.jobs import validate_source
from graphrec.jobs.cli import app
from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.engine import Engine, Relation
from graphrec_core.errors import ConfigError
from graphrec_core.intake import CheckedTable
from graphrec_core.intake.canonical import TableKind, TableName
from graphrec_core.intake.findings import quarantine
from graphrec_core.lake import Lake, attempt
from graphrec_core.lake.layout import PART
from graphrec_core.lake.records import TableDigest, TableFigures
from graphrec_core.quality.quarantine import Wanted
from graphrec_core.types import ArtifactId
from tests.support.engines import relation_of
from tests.support.market import AS_OF, START, market_data, market_tables, write_market
from tests.support.snapshots import tiny_config

pytestmark = pytest.mark.pipeline

DDL = "src string, dst string, num bigint, reject_reason string"


def written(engine: Engine, root: Path, rejected: Relation) -> tuple[TableFigures, Any]:
    """Quarantines rejected rows; returns the summary and the stored table, None without one."""
    table = CheckedTable(
        TableName(TableKind.EDGES, "visited"), rejected, rejected, rejected, (), True
    )
    storage = Lake(tiny_config(root)).storage
    digest = TableDigest(num_rows=9, digest="x")
    with attempt(storage, "validation", ArtifactId("0" * 16)) as trial:
        summary = quarantine(engine, table, digest, trial)
        name = f"edges/visited/{PART}"
        if name not in trial.files():
            return summary, None
        with storage.open(f"{trial.base}/{name}") as file:
            return summary, pq.read_table(file)


def test_all_rows_are_stored_by_reason_in_order(engine: Engine, tmp_path: Path) -> None:
    rows = [
        ("b", None, 2, "dst is null"),
        ("a", "x/y", 1, "src is an unknown node"),
        ("a", None, 3, "dst is null"),
        (None, "x", 9, "duplicate version (a, b = 100 %)"),
        ("a", None, 3, "dst is null"),
    ]
    summary, table = written(engine, tmp_path, relation_of(engine, DDL, rows))
    assert summary.num_rejected == 5
    assert summary.reasons == Counter(row[-1] for row in rows)
    assert table.schema.names == ["src", "dst", "num", "reject_reason"]
    assert [tuple(row.values()) for row in table.to_pylist()] == sorted(
        rows, key=lambda row: (row[-1], str(row[0]), row[2])
    )


def test_more_rows_than_any_limit(duckdb: Engine, tmp_path: Path) -> None:
    """Equal rows in another order give equal files, though they come in many batches."""
    numbers = np.arange(300_000)
    reasons = np.where(numbers % 2, "r1", "r0")
    rows = pa.table({"src": numbers.astype(str), "num": numbers, "reject_reason": reasons})
    summary, table = written(duckdb, tmp_path / "one", duckdb.from_arrow(rows))
    assert summary.reasons == {"r0": 150_000, "r1": 150_000}
    ordered = [("reject_reason", "ascending"), ("src", "ascending")]
    assert table == rows.sort_by(ordered).select(table.schema.names)
    backwards = duckdb.from_arrow(rows.take(numbers[::-1]))
    assert written(duckdb, tmp_path / "two", backwards)[1] == table


def test_no_rejected_row_no_file(duckdb: Engine, tmp_path: Path) -> None:
    summary, table = written(duckdb, tmp_path, relation_of(duckdb, DDL, []))
    assert table is None
    assert summary == TableFigures(num_rows=9, num_rejected=0, reasons={}, digest="x")


@pytest.fixture
def market(tmp_path: Path) -> PipelineConfig:
    """A validated market with four bad visits and a bad user."""
    visits, users = market_tables()["visits"], market_tables()["users"]
    bad = [("ann", "nowhere"), ("zoe", "p1"), (None, "p1"), ("ben", "nowhere")]
    more = pd.DataFrame([(user, place, START) for user, place in bad], columns=visits.columns)
    users.loc[len(users)] = [None, START, 1]
    write_market(tmp_path / "lake", visits=pd.concat([visits, more]), users=users)
    data = market_data(tmp_path / "lake")
    data["source"]["max_bad_rows_frac"] = 0.5
    data["snapshot"] = {"engine": "duckdb", "threads": 1}
    config = PipelineConfig.model_validate(data)
    validate_source.run(Day(config, AS_OF))
    return config


def found(config: PipelineConfig, limit: int = 0, **wanted: str) -> list[tuple[Any, ...]]:
    rows = job.run(config, AS_OF, Wanted(**wanted), limit)
    return [
        (row["table"], row.get("src") or row.get("node_id"), row["reject_reason"]) for row in rows
    ]


def test_rows_are_found_by_table_reason_and_id(market: PipelineConfig) -> None:
    unknown_dst = [
        ("edges/visited", "ann", "dst is an unknown node"),
        ("edges/visited", "ben", "dst is an unknown node"),
    ]
    no_src = ("edges/visited", None, "src is null")
    zoe = ("edges/visited", "zoe", "src is an unknown node")
    user = ("nodes/user", None, "node_id is null")
    assert found(market) == [*unknown_dst, zoe, no_src, user]
    assert found(market, limit=2) == unknown_dst
    assert found(market, table="nodes/user") == [user]
    assert found(market, table="nodes/place") == []
    assert found(market, reason="unknown") == [*unknown_dst, zoe]
    assert found(market, node_id="nowhere") == unknown_dst
    assert found(market, node_id="zoe", reason="dst") == []
    assert found(market, node_id="ben", table="nodes/user") == []


def test_a_wrong_table_and_an_unknown_day_are_refused(market: PipelineConfig) -> None:
    with pytest.raises(ConfigError, match="edges/visited, nodes/place, nodes/user"):
        found(market, table="visits")
    with pytest.raises(ConfigError, match="no validation of this day"):
        job.run(market, AS_OF.replace(day=1), Wanted(), 0)


def test_corrected_rows_are_looked_at_and_not_the_old_ones(
    market: PipelineConfig, tmp_path: Path
) -> None:
    write_market(tmp_path / "lake")
    validate_source.run(Day(market, AS_OF))
    assert found(market) == []


def test_the_command_prints_a_table_or_lines_of_json(
    market: PipelineConfig, tmp_path: Path
) -> None:
    path = tmp_path / "market.json"
    path.write_text(market.model_dump_json())
    arguments = ["quarantine", "--config", str(path), "--as-of", "2026-01-31", "--id", "zoe"]
    runner = CliRunner(env={"COLUMNS": "200"})
    drawn = runner.invoke(app, arguments)
    assert drawn.exit_code == 0, drawn.output
    assert "zoe" in drawn.stdout
    assert "src is an unknown node" in drawn.stdout
    assert "nowhere" not in drawn.stdout
    (line,) = runner.invoke(app, [*arguments, "--json"]).stdout.splitlines()
    row = json.loads(line)
    assert (row["table"], row["src"], row["dst"]) == ("edges/visited", "zoe", "p1")
    assert row["event_time"] == "2026-01-01 00:00:00+00:00"
    narrow = CliRunner(env={"COLUMNS": "40"}).invoke(app, arguments)
    assert narrow.stdout == drawn.stdout  # piped: a row is a line, and ends nowhere in ...
    nothing = runner.invoke(app, [*arguments, "--reason", "weight"])
    assert nothing.stdout == "No rejected row.\n"
