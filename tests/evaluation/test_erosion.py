"""Small losses add up: a series of days, each 5 % worse than the last, judged by real rules."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from graphrec_core.config.evaluation import EvaluationConfig
from graphrec_core.config.gate import GateConfig
from graphrec_core.evaluation.evidence import Evidence
from graphrec_core.evaluation.rules import judge
from graphrec_core.evaluation.settling import verdict_of
from graphrec_core.lake import Lake
from graphrec_core.ledger.past import read_past
from graphrec_core.ledger.release import Release
from graphrec_core.ledger.storing import store_release
from graphrec_core.types import ArtifactId, Region, format_instant
from tests.support.snapshots import AS_OF, tiny_config

EAST, START, LOSS = Region("east"), 0.45, 0.95
NUM_STEADY, NUM_DAYS = 40, 60


def quality(day: int) -> float:
    """Steady for 40 days, then 5 % less every day."""
    return START * LOSS ** max(0, day - NUM_STEADY)


def release(day: int) -> Release:
    as_of = format_instant(AS_OF + timedelta(days=day))
    entry = {"shard_id": "s", "as_of": as_of, "serves": "model", "passed": True}
    entry |= {"recommender_id": f"r{day}", "candidate_shard_id": str(day)}
    fields = {"id": f"{day:016x}", "as_of": as_of, "snapshot_id": "s", "mode": "auto"}
    return Release.model_validate({**fields, "regions": {EAST: entry}})


def queries(day: int, references: dict[str, ArtifactId]) -> pa.Table:
    """One holdout of 2,000 queries, on which every model is as good as on its day."""
    systems = {"model": quality(day)}
    systems |= {name: quality(int(shard)) for name, shard in references.items()}
    noise = np.random.default_rng(day).normal(0, 0.02, 2000)
    columns = {"degree": np.full(2000, 50)}
    for name, mean in systems.items():
        columns |= {f"{name}_{metric}": mean + noise for metric in ("recall", "mrr")}
    return pa.table(columns)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tiny_config(tmp_path))


def last_quality(lake: Lake, memory_days: int, num_steady: int = NUM_STEADY) -> float:
    """Runs the days until one is refused, and returns what is live then as a share of the best."""
    gate, evaluation = GateConfig(baselines=()), EvaluationConfig()
    passed: list[Release] = []
    for day in range(NUM_STEADY - num_steady, NUM_DAYS):
        as_of, own = AS_OF + timedelta(days=day), ArtifactId(f"r{day}")
        references = read_past(lake).references(EAST, as_of, memory_days, own)
        decisions = judge(Evidence(gate, evaluation, queries(day, references)))
        if verdict_of(decisions) != "passed":
            failed = {rule.reference for rule in decisions if rule.outcome == "failed"}
            assert failed == {"elder"}
            break
        passed.append(release(day))
        store_release(lake, passed[-1])
    return quality(int(passed[-1].regions[EAST].candidate_shard_id or 0)) / START


@pytest.mark.parametrize("num_steady", [NUM_STEADY, 0])
def test_days_that_each_lose_five_percent_are_stopped(lake: Lake, num_steady: int) -> None:
    """Also where no release is 28 days old yet."""
    assert last_quality(lake, 28, num_steady) >= LOSS


def test_the_champion_alone_lets_them_pass(lake: Lake) -> None:
    """The failing twin."""
    assert last_quality(lake, 0) < 0.5
