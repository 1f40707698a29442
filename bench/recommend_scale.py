"""How long ``recommend`` takes for many queries, and one answer, with a ranker that was fitted.

Towns of one region are generated, and a shard is built of each by the project's own steps: four
sources, and boosted trees over all pair features, distances too, that order what they propose.
``graphrec recommend`` then answers every query of the town, in a process of its own.
"""

import argparse
import sys
import tempfile
from dataclasses import asdict
from typing import Any

from bench.built_town import ASKED, TOWN, Town
from bench.measured import NUM_CORES, run_measured, use_cores, watch
from graphrec.jobs.threads import set_threads

Row = dict[str, Any]
SIZES, QUICK_SIZES = (25_000, 50_000, 100_000), (2_000, 4_000, 8_000)
QUOTA, QUOTA_OF_ONE = 175, 240
"""Of each source: together they propose some 400, and 500, candidates to a query."""
MOST_S, MOST_GB, MOST_MS = 600, 2.0, 10
LINEAR = 1.25
"""The most that seconds a query may grow where there are four times as many queries."""


def scale(given: argparse.Namespace) -> list[Row]:
    """Measures the towns' batches, and one answer at a time."""
    use_cores(NUM_CORES)
    set_threads()
    sizes = QUICK_SIZES if given.quick else SIZES
    with tempfile.TemporaryDirectory() as scratch:
        measured = [batch(Town(f"{scratch}/{size}", size, QUOTA)) for size in sizes]
        one = run_measured(
            "bench.built_town",
            {**asdict(Town(f"{scratch}/one", sizes[0], QUOTA_OF_ONE)), "ask": True},
        )
    return [*batch_rows(measured), answer_row(one)]


def batch(town: Town) -> dict[str, Any]:
    """Builds a town and recommends to all of it; returns what both took."""
    built = run_measured("bench.built_town", asdict(town))
    settings = [part for one in town.overrides() for part in ("--set", one)]
    output = f"{town.lake}/top.parquet"
    command = [sys.executable, "-m", "graphrec.jobs.cli", "recommend", "--config", str(TOWN)]
    _, took = watch([*command, *settings, "--output", output])
    return {**built, **took}


def batch_rows(measured: list[dict[str, Any]]) -> list[Row]:
    """Holds the largest town against the bounds, and all against a line."""
    most = measured[-1]
    num, told = most["num_queries"], f"{most['num_trees']} trees, {NUM_CORES} cores"
    what = f"recommend, {num:,} queries, {most['num_proposed']:.0f} candidates each"
    # A query of the largest town against one of the smallest, start of Python and all.
    growth = (most["wall_s"] / num) / (measured[0]["wall_s"] / measured[0]["num_queries"])
    return [
        {
            "name": f"{what}: seconds",
            "value": round(most["wall_s"], 1),
            "bound": MOST_S,
            "peer": told,
            "pass": most["wall_s"] <= MOST_S,
        },
        {
            "name": f"{what}: GB at the peak",
            "value": round(most["peak_gb"], 2),
            "bound": MOST_GB,
            "peer": told,
            "pass": most["peak_gb"] <= MOST_GB,
        },
        {
            "name": f"{what}: seconds a query, against {measured[0]['num_queries']:,} queries",
            "value": round(growth, 3),
            "bound": LINEAR,
            "peer": "; ".join(f"{one['num_queries']:,}: {one['wall_s']:.1f} s, "
                              f"{one['peak_gb']:.2f} GB" for one in measured),
            "pass": growth <= LINEAR,
        },
    ]  # fmt: skip


def answer_row(one: dict[str, Any]) -> Row:
    """Holds one answer against its bound."""
    return {
        "name": f"one answer of {one['num_proposed']:.0f} candidates, one core: ms, median",
        "value": round(one["median_ms"], 2),
        "bound": MOST_MS,
        "peer": f"{ASKED} queries one by one, 95 % within {one['high_ms']:.1f} ms; "
        f"{one['num_trees']} trees",
        "pass": one["median_ms"] <= MOST_MS,
    }
