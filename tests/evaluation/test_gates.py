from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from graphrec_core.config.judging import EvaluationConfig, GateConfig
from graphrec_core.evaluation.bootstrap import paired_interval
from graphrec_core.evaluation.gates import (
    GateDecision,
    judge,
    judge_ann_recall,
    passes,
    pool_queries,
    settle,
)
from graphrec_core.evaluation.measure import METRICS
from graphrec_core.evaluation.record import without_champion

EVALUATION = EvaluationConfig()
SYSTEMS = ("model", "popularity", "recent_popularity", "covisitation")


def _queries(num: int = 200, degree: int = 20, seed: int = 0, **means: float) -> pa.Table:
    """Per-query metrics around a mean per system; the others default to 0.2."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {"degree": np.full(num, degree)}
    for system in (*SYSTEMS, *(name for name in means if name not in SYSTEMS)):
        for metric in ("recall", "mrr"):
            noise = rng.normal(0, 0.02, num)
            columns[f"{system}_{metric}"] = means.get(system, 0.2) + noise
    return pa.table(columns)


def _failed(decisions: list[GateDecision]) -> set[tuple[str, str, str]]:
    return {(d.rule, d.slice, d.reference) for d in decisions if not d.passed}


def test_a_better_model_passes_every_rule() -> None:
    decisions = judge(_queries(model=0.3), EVALUATION, GateConfig())
    assert passes(decisions)
    assert len(decisions) == 1 + 2 + 6 + 4
    baseline = next(d for d in decisions if d.reference == "covisitation")
    assert baseline.difference == pytest.approx(0.1, abs=0.01)
    assert baseline.bound == pytest.approx(-0.05 * 0.2, abs=0.001)
    low, middle, high = baseline.interval_low, baseline.difference, baseline.interval_high
    assert low is not None
    assert middle is not None
    assert high is not None
    assert low < middle < high


def test_a_worse_model_is_refused_by_baselines_and_slices() -> None:
    queries = _queries(model=0.1, degree=2)
    assert _failed(judge(queries, EVALUATION, GateConfig())) == {
        ("baseline", "all", "popularity"),
        ("baseline", "all", "recent_popularity"),
        ("baseline", "all", "covisitation"),
        ("slice", "cold_start", "popularity"),
        ("slice", "low_degree", "popularity"),
    }


def test_within_the_tolerance_passes_and_beyond_fails() -> None:
    exact = {"degree": np.full(100, 50)}
    systems = {"model": 0.19, "popularity": 0.2, "recent_popularity": 0.1, "covisitation": 0.1}
    for system, value in systems.items():
        exact |= {f"{system}_{metric}": np.full(100, value) for metric in ("recall", "mrr")}
    queries = pa.table(exact)
    assert passes(judge(queries, EVALUATION, GateConfig(tolerance_frac=0.051)))
    refused = judge(queries, EVALUATION, GateConfig(tolerance_frac=0.049))
    assert _failed(refused) == {("baseline", "all", "popularity")}


def test_uncertain_differences_pass() -> None:
    noisy = _queries(num=5, model=0.195)
    assert passes(judge(noisy, EVALUATION, GateConfig(tolerance_frac=0)))


def test_floors() -> None:
    gate = GateConfig(min_recall=0.4, min_mrr=0.1)
    failed = [d for d in judge(_queries(model=0.3), EVALUATION, gate) if not d.passed]
    assert [(d.rule, d.metric, d.bound) for d in failed] == [("floor", "recall", 0.4)]
    assert "must be at least 0.4" in failed[0].describe()


def test_a_worse_model_than_the_champion_is_refused() -> None:
    decisions = judge(_queries(model=0.3, champion=0.4), EVALUATION, GateConfig())
    assert _failed(decisions) == {("champion", "all", "champion")}


def test_only_configured_baselines_judge() -> None:
    queries = _queries(model=0.3, covisitation=0.5)
    assert not passes(judge(queries, EVALUATION, GateConfig()))
    assert passes(judge(queries, EVALUATION, GateConfig(baselines=("popularity",))))


def test_without_queries_the_region_is_refused() -> None:
    (decision,) = judge(_queries(num=0), EVALUATION, GateConfig())
    assert (decision.rule, decision.passed, decision.value) == ("enough_queries", False, 0)


def test_an_untrained_random_model_is_refused() -> None:
    rng = np.random.default_rng(1)
    popularity = (rng.random(300) < 0.3) / 1.0
    luck = (rng.random(300) < 0.02) / 1.0
    columns = {"degree": np.full(300, 20)}
    systems = dict.fromkeys(("model", "recent_popularity", "covisitation"), luck)
    for system, value in {**systems, "popularity": popularity}.items():
        columns |= {f"{system}_recall": value, f"{system}_mrr": value}
    failed = _failed(judge(pa.table(columns), EVALUATION, GateConfig()))
    assert ("baseline", "all", "popularity") in failed


def test_few_queries_are_judged_on_the_pool() -> None:
    gate = GateConfig(min_queries=100)
    east, west = _queries(num=20, model=0.1), _queries(num=300, model=0.3, champion=0.25)
    own = judge(east, EVALUATION, gate)
    assert all(d.small for d in own if d.rule != "enough_queries")
    assert not passes(own)
    pool = judge(pool_queries([east, west]), EVALUATION, gate, pooled=True)
    settled = settle(own, pool)
    assert passes(settled)
    assert [d.key for d in settled] == [d.key for d in own]
    for decision in settled:
        if decision.slice == "all" and decision.rule != "enough_queries":
            assert (decision.pooled, decision.small) == (True, False)
            assert decision.num_queries == 320


def test_a_small_pool_judges_anyway_and_says_so() -> None:
    gate = GateConfig(min_queries=100)
    own = judge(_queries(num=20, model=0.1), EVALUATION, gate)
    settled = settle(own, judge(_queries(num=20, model=0.1), EVALUATION, gate, pooled=True))
    baseline = next(d for d in settled if d.rule == "baseline")
    assert (baseline.pooled, baseline.small, baseline.passed) == (True, True, False)


def test_enough_queries_are_not_judged_on_the_pool() -> None:
    own = judge(_queries(num=200, model=0.1), EVALUATION, GateConfig())
    pool = judge(_queries(num=900, model=0.4), EVALUATION, GateConfig(), pooled=True)
    assert ("baseline", "all", "popularity") in _failed(settle(own, pool))


def test_the_pool_of_champions_leaves_out_regions_without_one() -> None:
    pool = pool_queries([_queries(num=50), _queries(num=30, champion=0.2)])
    decisions = judge(pool, EVALUATION, GateConfig(), pooled=True)
    assert {d.num_queries for d in decisions if d.rule == "champion"} == {30}


def test_a_champion_that_could_not_be_measured_refuses_nobody() -> None:
    """Nor do the champions of other regions, on which this region's few queries are pooled."""
    lost = _queries(num=20, model=0.3)
    for metric in METRICS:
        assert f"champion_{metric}" not in lost.column_names
    lost = without_champion(lost)
    own = judge(lost, EVALUATION, GateConfig())
    pool = pool_queries([lost, _queries(num=300, model=0.3, champion=0.9)])
    pooled = judge(pool, EVALUATION, GateConfig(), pooled=True)
    assert ("champion", "all", "champion") in _failed(pooled)
    settled = settle(own, pooled)
    assert passes(settled)
    champion = [decision for decision in settled if decision.rule == "champion"]
    assert [(d.value, d.pooled, d.small) for d in champion] == [(None, False, True)] * 2
    assert champion[0].describe() == "champion: recall of all could not be measured"


def test_ann_recall_has_a_floor() -> None:
    assert judge_ann_recall(0.96, 10, GateConfig()).passed
    assert not judge_ann_recall(0.94, 10, GateConfig()).passed


def test_decisions_survive_json() -> None:
    for decision in judge(_queries(), EVALUATION, GateConfig()):
        assert GateDecision.from_json(decision.to_json()) == decision


def test_bootstrap_is_seeded_and_equals_a_loop() -> None:
    differences = np.random.default_rng(3).normal(size=40)
    found = paired_interval(differences, 0.9, 500, seed=5)
    rng = np.random.default_rng(5)
    drawn = rng.integers(0, 40, size=(500, 40))
    means = sorted(float(np.mean([differences[i] for i in row])) for row in drawn)
    assert found == pytest.approx(tuple(np.quantile(means, [0.05, 0.95])))
    assert found == paired_interval(differences, 0.9, 500, seed=5)


def test_bootstrap_covers_the_normal_interval() -> None:
    differences = np.random.default_rng(3).normal(0.5, 1, size=2000)
    low, high = paired_interval(differences, 0.95, 1000, seed=0)
    half = 1.96 * differences.std() / 2000**0.5
    assert (low, high) == pytest.approx(
        (differences.mean() - half, differences.mean() + half), abs=0.006
    )
