"""The snapshot benchmark: its peer makes our rows, and its measures can fail."""

import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from bench.by_hand import build_by_hand
from bench.market import AS_OF, MarketSize, market_size, pipeline, write_market
from bench.measured import WorkFailedError, run_measured
from bench.same_rows import count_rows, differing_tables
from bench.snapshot_bars import slope
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.snapshot import produce_snapshot

SIZE = MarketSize(num_events=40_000, num_users=20_000, num_items=400)
"""So many users that some are not known yet at an instant: their events count nowhere."""
EDGES = "view=serve/edges/rated"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    write_market(folder, SIZE)
    return folder


@pytest.fixture(scope="module")
def by_hand(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("by_hand") / "snapshot"
    assert list(build_by_hand(data, out, AS_OF))
    return out


@pytest.mark.pipeline
def test_the_product_makes_the_rows_that_are_made_by_hand(
    data: Path, by_hand: Path, tmp_path: Path
) -> None:
    config = PipelineConfig.model_validate(pipeline(data, tmp_path / "lake", "duckdb"))
    produce_snapshot(Day(config, AS_OF))
    lake = Lake(config)
    folder = lake.layout.snapshot(AS_OF, Day(config, AS_OF).ref(StepName.SNAPSHOT).id)
    ours = tmp_path / "lake" / open_artifact(lake.storage, folder).base
    assert differing_tables(ours, by_hand) == []
    assert count_rows(ours, EDGES) == count_rows(by_hand, EDGES) > 1000


@pytest.mark.pipeline
@pytest.mark.parametrize(
    ("change", "column"),
    [
        ("select * replace (num_events + 1 as num_events) from rows", "digest"),
        ("select * replace (weight * (1 + 1e-6) as weight) from rows", "weight"),
        ("select * replace (cast(null as timestamptz) as last_known_at) from rows", "digest"),
        ("select * from rows limit 1", "num_rows"),
        ("select * exclude (crosses_border) from rows", "crosses_border"),
    ],
)
def test_a_row_that_differs_is_found(
    by_hand: Path, tmp_path: Path, change: str, column: str
) -> None:
    ours = tmp_path / "ours"
    shutil.copytree(by_hand, ours)
    for path in (ours / EDGES).rglob("*.parquet"):
        duckdb.sql(f"create or replace temp table rows as from '{path}'")
        duckdb.sql(change).write_parquet(str(path))
    (difference,) = differing_tables(ours, by_hand)
    assert difference.startswith(EDGES)
    assert column in difference


@pytest.mark.pipeline
def test_a_table_of_one_side_only_is_found(by_hand: Path, tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    shutil.copytree(by_hand, ours)
    shutil.rmtree(ours / "holdout")
    assert differing_tables(ours, by_hand) == ["holdout: on one side only"]


def test_the_market_is_the_same_each_time_and_has_what_it_says(data: Path, tmp_path: Path) -> None:
    write_market(tmp_path, SIZE)
    for name in ("users", "items", "events"):
        again, rows = (duckdb.read_parquet(f"{at}/{name}.parquet") for at in (tmp_path, data))
        assert again.to_arrow_table().equals(rows.to_arrow_table())
    late = "avg(cast(known_at - event_time > interval 1 minute as integer))"
    region = "cast(substr({}, 2) as integer) % 8"
    own = f"avg(cast({region.format('user_id')} = {region.format('item_id')} as integer))"
    (counts,) = duckdb.sql(
        f"select count(*), {late}, {own}, max(known_at) - min(known_at) "
        f"from '{data}/events.parquet'"
    ).fetchall()
    assert counts[0] == SIZE.num_events
    assert counts[1] == pytest.approx(0.01, abs=0.006)
    assert counts[2] == pytest.approx(0.9 + 0.1 / 8, abs=0.02)
    assert counts[3] == pytest.approx(timedelta(days=110), abs=timedelta(hours=2))
    gaps = duckdb.sql(
        "select count(*) from (select valid_to, lead(valid_from) over (partition by id order by "
        f"valid_from) as next_from from '{data}/users.parquet') where valid_to is distinct from "
        "next_from"
    ).fetchall()
    assert gaps == [(0,)]


def test_twenty_million_events_have_the_users_and_items_of_the_bar() -> None:
    assert market_size(20_000_000) == MarketSize(20_000_000, 500_000, 100_000)


def test_slope_is_the_exponent_of_the_time() -> None:
    runs = [{"num_events": n, "run_s": 3e-9 * n**1.5} for n in (1000, 2000, 4000, 8000)]
    assert slope(runs) == pytest.approx(1.5)
    assert slope(runs[:1]) == float("inf")


def test_memory_of_child_processes_is_counted(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "grandparent.py").write_text(
        "import json, subprocess, sys\n"
        "code = 'import time; held = bytearray(200_000_000); time.sleep(1)'\n"
        "subprocess.run([sys.executable, '-c', code], check=True)\n"
        "print(json.dumps({'said': json.loads(sys.argv[1])}))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    run = run_measured("grandparent", {"question": 1})
    assert run["said"] == {"question": 1}
    assert 0.2 < run["peak_gb"] < 0.3
    assert run["wall_s"] > 1


def test_a_child_that_still_shares_its_parents_memory_counts_nothing(
    tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "forking.py").write_text(
        "import os, time\n"
        "held = bytearray(200_000_000)\n"
        "child = os.fork()\n"
        "time.sleep(1)\n"
        "if not child:\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print('{}')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert 0.2 < run_measured("forking", {})["peak_gb"] < 0.3


def test_work_that_fails_is_told(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "broken.py").write_text("raise SystemExit('out of cheese')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(WorkFailedError, match="out of cheese"):
        run_measured("broken", {})
