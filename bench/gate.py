"""How often the gate errs: a worse model that passes, an equal one that is refused.

The real judge, pool and settlement, on simulated per-query metrics (``bench.gate_world``): models
that are 0, 5, 10 and 20 % worse than the champion, 5 to 5,000 queries a region, 1 to 200 regions,
all rules looked at together. And the interval against two that are simpler.

    python -m bench.gate --json bench/results/gate.json --plot docs/gate_rates.png
"""

import argparse
import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.gate_intervals import compare_intervals
from bench.gate_plot import plot_example, plot_rates
from bench.gate_world import World, draw_regions
from graphrec_core.config.evaluation import EvaluationConfig
from graphrec_core.config.gate import GateConfig
from graphrec_core.evaluation.evidence import Evidence, pool_queries
from graphrec_core.evaluation.rules import judge
from graphrec_core.evaluation.settling import settle, verdict_of
from graphrec_core.evaluation.systems import MODEL
from graphrec_core.lake.records import GateDecision
from graphrec_core.ledger.past import CHAMPION, RELEASED

EVALUATION, GATE = EvaluationConfig(), GateConfig()
WORSE = (0.0, 0.05, 0.1, 0.2)
ALONE = (5, 10, 20, 50, 100, 200, 500, 1000, 5000)
TOGETHER = (5, 20, 50, 200)
REGIONS = {6: 64, 200: 10}
"""Regions of a day, and the days simulated."""
MANY_DAYS = 100
"""Days of an equal model in many tiny regions: one error of the pool refuses them all."""
COMPANIES = ("champion", "equals")
"""Who a model is compared with: baselines of 60 % of the champion's quality; or references, the
champion and other earlier releases among them, that are all as good as the champion."""
EXAMPLE_SEED = 3
PACKAGES = ("numpy", "scipy", "pyarrow")
MAX_EQUAL_REFUSED, MAX_EQUALS_REFUSED, MAX_DAYS_REFUSED = 0.02, 0.06, 0.04
FEW_DAYS = 0.04
"""What chance adds to a rate of some percent where --quick judges fifty regions."""


@dataclass(frozen=True)
class Scenario:
    """One point of the grid.

    Attributes:
        company: One of ``COMPANIES``.
        num_regions: Regions of a day.
        num_queries: Judged queries of each.
        worse: How much worse the model is than the champion, as a share of it.
        num_days: Simulated days.
    """

    company: str
    num_regions: int
    num_queries: int
    worse: float
    num_days: int


def main() -> int:
    """Simulates, writes, and returns 0 when every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="an eighth of the days")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="default: cores")
    parser.add_argument("--json", type=Path, help="write the result here")
    parser.add_argument("--plot", type=Path, help="draw the rates here (PNG)")
    parser.add_argument("--example", type=Path, help="draw one decision here (SVG), nothing else")
    given = parser.parse_args()
    if given.example:
        plot_example(example(), given.example)
        return 0
    result = measure(quick=given.quick, processes=given.processes)
    text = json.dumps(result, indent=1, sort_keys=True)
    sys.stdout.write(text + "\n")
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    if given.plot:
        plot_rates(result["rates"], given.plot)
    return 0 if result["pass"] else 1


def measure(*, quick: bool, processes: int) -> dict[str, Any]:
    """Runs the grid and compares it with the bars; the number of processes changes no rate."""
    started, world = time.perf_counter(), World()
    with ProcessPoolExecutor(processes) as pool:
        rates = list(pool.map(partial(simulate, world), scenarios(8 if quick else 1)))
    intervals = compare_intervals(world, num_trials=50 if quick else 1000)
    bars = judge_rates(rates, intervals, chance=FEW_DAYS if quick else 0.0)
    return {
        "benchmark": "gate",
        "quick": quick,
        "gate": GATE.model_dump(mode="json"),
        "rates": rates,
        "intervals": intervals,
        "bars": bars,
        "pass": all(bar["pass"] for bar in bars),
        "seconds": round(time.perf_counter() - started, 1),
        "cores": os.cpu_count(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def scenarios(fewer: int) -> Iterator[Scenario]:
    """Yields the grid; one region alone, then many together where the pool decides.

    Args:
        fewer: Divides the number of days.
    """
    for company in COMPANIES:
        for worse in WORSE:
            for num in ALONE:
                yield Scenario(company, 1, num, worse, (400 if num < 5000 else 160) // fewer)
    for num_regions, days in REGIONS.items():
        for worse in WORSE:
            for num in TOGETHER:
                is_tiny = worse == 0 and num <= 20
                num_days = max(2, (MANY_DAYS if is_tiny else days) // fewer)
                yield Scenario("champion", num_regions, num, worse, num_days)


def simulate(world: World, scenario: Scenario) -> dict[str, Any]:
    """Judges the days of a scenario; shares of regions by verdict, and of days by regions."""
    seed = [ord(char) for char in repr(scenario)]
    rng, found = np.random.default_rng(seed), []
    for _ in range(scenario.num_days):
        sizes = [scenario.num_queries] * scenario.num_regions
        found.append(judge_day(draw_regions(rng, world, sizes, qualities(scenario))))
    verdicts = np.array([[verdict for verdict, _ in day] for day in found])
    pooled = np.array([[is_pooled for _, is_pooled in day] for day in found])
    refused = verdicts == "refused"
    return {
        "company": scenario.company,
        "num_regions": scenario.num_regions,
        "num_queries": scenario.num_queries,
        "worse": scenario.worse,
        "num_days": scenario.num_days,
        **{name: rate(verdicts == name) for name in ("passed", "undecided", "refused")},
        "pooled": rate(pooled),
        "days_with_a_refusal": rate(refused.any(axis=1)),
        "days_all_refused": rate(refused.all(axis=1)),
    }


def example() -> list[GateDecision]:
    """Judges a region of 500 queries whose model is 30 % worse than the champion."""
    scenario = Scenario("champion", 1, 500, 0.3, 1)
    rng = np.random.default_rng(EXAMPLE_SEED)
    (table,) = draw_regions(rng, World(), [scenario.num_queries], qualities(scenario))
    return judge(Evidence(GATE, EVALUATION, table))


def judge_day(tables: list[Any]) -> list[tuple[str, bool]]:
    """Returns each region's verdict and whether the pool had a part in it."""
    pool = judge(Evidence(GATE, EVALUATION, pool_queries(tables), pooled=True))
    day = []
    for table in tables:
        decisions = settle(judge(Evidence(GATE, EVALUATION, table)), pool)
        day.append((str(verdict_of(decisions)), any(rule.pooled for rule in decisions)))
    return day


def qualities(scenario: Scenario) -> dict[str, float]:
    """Returns each system's quality, the champion's being 1."""
    if scenario.company == "equals":
        others = dict.fromkeys((*GATE.baselines, *RELEASED), 1.0)
    else:
        others = {**dict.fromkeys(GATE.baselines, 0.6), CHAMPION: 1.0}
    return {MODEL: 1 - scenario.worse, **others}


def judge_rates(
    rates: list[dict[str, Any]], intervals: list[dict[str, Any]], chance: float
) -> list[dict[str, Any]]:
    """Compares what must hold of the rates with what was found.

    Args:
        rates: Of every scenario.
        intervals: How often one rule fails.
        chance: What the bounds above 0 are raised by, for few days.
    """
    equal = [row for row in rates if row["worse"] == 0]
    alone = [row for row in equal if row["num_regions"] == 1]
    usual = [row["refused"] for row in alone if row["company"] == "champion"]
    hardest = [row["refused"] for row in alone if row["company"] == "equals"]
    tiny = [row["refused"] for row in rates if row["num_regions"] == 1 and row["num_queries"] < 10]
    many = [row["days_all_refused"] for row in equal if row["num_regions"] > 1]
    much = [row for row in rates if row["num_queries"] == 5000]
    worst = [row["passed"] for row in much if row["worse"] == 0.2]
    best = [1 - row["passed"] for row in much if row["worse"] == 0]
    rare = [row["adjusted"] for row in intervals if row["case"] == "rare wins"]
    bounds = (
        ("an equal model refused, of regions", max(usual), MAX_EQUAL_REFUSED),
        ("the same, every reference as good", max(hardest), MAX_EQUALS_REFUSED),
        ("any model refused by fewer than 10 queries alone", max(tiny), 0.0),
        ("days on which an equal model is refused everywhere", max(many), MAX_DAYS_REFUSED),
        ("20 % worse passes on 5,000 queries", max(worst), 0.01),
        ("an equal one does not, on 5,000 queries", max(best), MAX_EQUALS_REFUSED),
        ("a better model with rare wins refused by one rule", max(rare), 0.025),
    )
    return [
        {"name": name, "value": value, "bound": bound, "pass": bool(value <= bound)}
        for name, value, exact in bounds
        for bound in [exact + chance * bool(exact)]
    ]


def rate(where: np.ndarray) -> float:
    """Returns the share of True, to four digits."""
    return round(float(where.mean()), 4)


if __name__ == "__main__":
    sys.exit(main())
