"""The gate's interval beside a percentile bootstrap and a plain t-interval, for few queries."""

from typing import Any

import numpy as np
from scipy.special import stdtrit

from bench.gate_world import World, draw_regions
from graphrec_core.evaluation.interval import mean_interval

SIZES = (5, 10, 20, 50, 100)
CONFIDENCE = 0.95
TOLERANCE = 0.05
NUM_BOOTSTRAP = 500
WIN, USUAL = 0.03, 0.02
"""Rare wins: rank 1 for 3 % of the queries and else nothing, against always rank 50."""


def compare_intervals(world: World, num_trials: int) -> list[dict[str, Any]]:
    """Returns how often one rule on MRR fails, by case, number of queries and method.

    An equal model and one with rare wins (better on average) must not fail; one that finds
    nothing should.
    """
    rows, rng = [], np.random.default_rng(7)
    for num in SIZES:
        for case in ("equal", "rare wins", "finds nothing"):
            samples = [_sample(rng, world, case, num) for _ in range(num_trials)]
            failed = {
                name: float(np.mean([high(rng, d) < bound for d, bound in samples]))
                for name, high in METHODS.items()
            }
            rows.append({"case": case, "num_queries": num, **failed})
    return rows


def _sample(
    rng: np.random.Generator, world: World, case: str, num: int
) -> tuple[np.ndarray, float]:
    """Draws differences and the bound they are held against."""
    if case == "rare wins":
        return (rng.random(num) < WIN) - USUAL, -TOLERANCE * USUAL
    (table,) = draw_regions(rng, world, [num], {"model": 1.0, "reference": 1.0})
    reference = table["reference_mrr"].to_numpy()
    model = 0.0 if case == "finds nothing" else table["model_mrr"].to_numpy()
    return model - reference, -TOLERANCE * float(reference.mean())


def _adjusted(_: np.random.Generator, values: np.ndarray) -> float:
    return mean_interval(values, (-1.0, 1.0), CONFIDENCE)[1]


def _student(_: np.random.Generator, values: np.ndarray) -> float:
    half = stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2) * values.std(ddof=1)
    return float(values.mean() + half / np.sqrt(len(values)))


def _bootstrap(rng: np.random.Generator, values: np.ndarray) -> float:
    drawn = rng.integers(0, len(values), (NUM_BOOTSTRAP, len(values)))
    return float(np.quantile(values[drawn].mean(axis=1), (1 + CONFIDENCE) / 2))


METHODS = {"adjusted": _adjusted, "student": _student, "bootstrap": _bootstrap}
