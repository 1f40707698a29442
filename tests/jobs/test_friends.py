"""A whole day of a friend graph, where everybody also follows itself: nobody is asked for that."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec.jobs import (
    build_shard,
    check_snapshot,
    evaluate_model,
    query,
)
from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.publishing.publish import publish
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.types import REQUIRED_VIEWS, Region
from tests.support.snapshots import tiny_config
from tests.support.steps import embed, train

pytestmark = pytest.mark.pipeline

AS_OF, ASH, NUM_USERS = datetime(2026, 3, 1, tzinfo=UTC), Region("ash"), 20


def write_friends(folder: Path) -> None:
    """Twenty users on a ring, each with one new friend and itself in the last week."""
    rng, ids = np.random.default_rng(0), [f"u{number}" for number in range(NUM_USERS)]
    rows = []
    for own, name in enumerate(ids):
        for step in range(1, 6):
            age = timedelta(days=float(rng.uniform(8, 50)))
            rows.append((name, ids[(own + step) % NUM_USERS], AS_OF - age))
        rows.append((name, ids[(own + 6) % NUM_USERS], AS_OF - timedelta(days=2)))
        rows.append((name, name, AS_OF - timedelta(days=3)))
    src, dst, time = zip(*rows, strict=True)
    times = pa.array(time, pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({"src": src, "dst": dst, "event_time": times}), folder / "e.parquet")
    born = pa.array([AS_OF - timedelta(days=300)] * NUM_USERS, pa.timestamp("us", tz="UTC"))
    users = {"node_id": ids, "valid_from": born, "region": ["ash"] * NUM_USERS}
    pq.write_table(pa.table(users), folder / "u.parquet")


def friends(folder: Path) -> PipelineConfig:
    return tiny_config(
        folder / "lake",
        source={
            "root": str(folder),
            "tables": {"u": {"path": "u.parquet"}, "e": {"path": "e.parquet"}},
            "nodes": {"user": "select * from u"},
            "edges": {"follows": "select * from e"},
        },
        task={"query": "user", "candidate": "user", "edge": "follows"},
        region={"user": "column"},
        snapshot={"engine": "duckdb", "threads": 1, "memory": "512m"},
        training={"num_epochs": 2},
        gate={"baselines": ()},
    )


def test_all_of_a_small_graph_is_found_and_nobody_is_its_own_target(tmp_path: Path) -> None:
    """Twenty ranks hold all that may be shown of twenty users, so recall is 1 by definition."""
    write_friends(tmp_path)
    config = friends(tmp_path)
    snapshot = produce_snapshot(Day(config, AS_OF)).manifest
    check_snapshot.run(Day(config, AS_OF))
    train(Day(config, AS_OF), ASH)
    for view in REQUIRED_VIEWS:
        embed(Day(config, AS_OF), ASH, view)
    build_shard.run(Day(config, AS_OF), ASH)
    stats = evaluate_model.run(Day(config, AS_OF), ASH).stats
    assert {figures["recall"] for figures in stats["metrics"].values()} == {1.0}
    counts = {"num_self": NUM_USERS, "num_seen": 0, "num_missing_coverage": 0}
    assert {key: stats[key] for key in counts} == counts
    assert stats["num_pairs"] == NUM_USERS
    held = snapshot.stats["regions"]["ash"]["holdout"]
    assert {key: held[key] for key in counts} == counts
    publish(Day(config, AS_OF))
    shown = [item.candidate_id for item in query.run(config, "u3", NUM_USERS).items]
    assert "u3" not in shown
