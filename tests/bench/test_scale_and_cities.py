"""Bounds of the scale and small-cities rows: each with a twin that fails."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.offline import Forward, Judged
from bench.recommend_scale import answer_row, batch_rows
from bench.small_cities import compared, rows
from graphrec_core.judging.ranker_window import RankerWindow
from graphrec_core.retrieval.pair_features import feature_names
from graphrec_core.types import Region
from tests.support.snapshots import tiny_config


def batches(*wall_s: float, peak_gb: float = 1.0) -> list[dict[str, Any]]:
    told = {"num_trees": 9, "num_proposed": 400.4, "peak_gb": peak_gb}
    return [
        {**told, "num_queries": size, "wall_s": one}
        for size, one in zip((25_000, 50_000, 100_000), wall_s, strict=True)
    ]


@pytest.mark.parametrize(
    ("measured", "passes"),
    [
        (batches(50, 100, 200), [True, True, True]),
        (batches(200, 400, 700), [False, True, True]),
        (batches(50, 100, 200, peak_gb=2.1), [True, False, True]),
        (batches(50, 120, 300), [True, True, False]),  # a query takes half as much again
    ],
)
def test_a_batch_is_held_to_seconds_memory_and_a_line(
    measured: list[dict[str, Any]], passes: list[bool]
) -> None:
    assert [row["pass"] for row in batch_rows(measured)] == passes


@pytest.mark.parametrize(("median_ms", "passes"), [(9.9, True), (10.1, False)])
def test_an_answer_is_held_to_its_milliseconds(median_ms: float, *, passes: bool) -> None:
    one = {"num_proposed": 500.0, "median_ms": median_ms, "high_ms": 12.0, "num_trees": 9}
    assert answer_row(one)["pass"] is passes


@pytest.mark.parametrize(
    ("gain", "noise", "passes"),
    [(0.01, 0.0, True), (-0.01, 0.0, False), (0.0, 0.0, False), (0.01, 0.3, False)],
)
def test_small_cities_must_gain_more_than_chance(
    gain: float, noise: float, *, passes: bool
) -> None:
    alone = {name: np.linspace(0, 0.5, 50) for name in ("recall", "mrr")}
    others = gain + noise * np.resize([1, -1], 50)
    everyone = {name: values + others for name, values in alone.items()}
    told = rows("x", [(everyone, alone)], must_gain=True)
    assert [row["pass"] for row in told] == [passes] * 2
    assert all(row["pass"] for row in rows("x", [(everyone, alone)]))  # one city has no bound


def test_a_city_without_clicks_is_not_compared(tmp_path: Path) -> None:
    """It has no ranker of its own; the other one has."""
    trees = {"model": "lightgbm", "num_windows": 1, "num_rounds": 2, "min_leaf_pairs": 1}
    recommender = {"sources": {"recent": {"model": "popularity"}}, "ranker": trees}
    config, east, west = tiny_config(tmp_path, recommender=recommender), Region("e"), Region("w")
    numbers = np.arange(100)
    features = np.random.default_rng(0).random((100, len(feature_names(["recent"]))), np.float32)

    def judged(region: Region, is_met: np.ndarray) -> Judged:
        pairs = RankerWindow(region, features, is_met, numbers // 5)
        return Judged(pairs, num_targets=np.ones(20, int), queries=np.arange(20))

    both = [judged(east, numbers % 5 == 0), judged(west, numbers < 0)]
    assert set(compared(Forward(config, [one.pairs for one in both], both))) == {east}
