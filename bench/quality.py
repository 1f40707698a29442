r"""Are the recommendations worth a launch? Real data, forward in time, beside simple peers.

Each row runs whole days of a pipeline and compares what was released with what people did in the
days after, as in ``bench.forward``. Settings were fixed before, on other days: Gowalla's on
2010-05-26 and 2010-07-07, the messages' on 2004-05-15, 06-14 and 07-01, the films' on 1997-11-29,
12-13 and 1998-01-10. The test days are looked at once. Gowalla's test day in June lies before one
of its trials, whose ranker was fitted to the week that this day is tested on; the other tests come
after all trials.

    python -m bench.quality --data ../shared/data --json bench/results/quality.json
    python -m bench.quality --data ../shared/data --row gowalla --quick
"""

import argparse
import importlib.metadata
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.ablation import ablation
from bench.day_cost import cost
from bench.forward import NAMES, PACKAGES, RELEASE, events_after, released, scored
from bench.intervals import interval
from bench.lightgcn_split import lightgcn_split
from bench.recommend_scale import scale
from bench.small_cities import small_cities
from graphrec_core.config import load_pipeline
from graphrec_core.types import parse_instant

Row = dict[str, Any]
CONFIGS = Path(__file__).parents[1] / "configs"
MESSAGES = Path(__file__).with_name("messages.yaml")


@dataclass(frozen=True)
class Test:
    """One data set, forward in time.

    Attributes:
        config: The pipeline.
        data: Its folder below ``--data``.
        days: The releases' instants; ``--quick`` takes the first.
        horizon_days: Days after each that count.
        peers: Of ``bench.forward.PEERS``; the best of them is the bound.
        least: The ratio to it that must be reached, pooled over the days.
        least_each: The same for each day alone; 0: nothing is asked.
        quick: Overrides of ``--quick``.
    """

    config: Path
    data: str
    days: tuple[str, ...]
    horizon_days: int
    peers: tuple[str, ...]
    least: float
    least_each: float = 0.0
    quick: tuple[str, ...] = ()


TESTS = {
    "gowalla": Test(
        CONFIGS / "gowalla.yaml", "gowalla_cities", ("2010-08-25", "2010-07-28", "2010-06-16"),
        7, ("linear filter", "popularity"), 1.20, 1.12, ("recommender.ranker.num_windows=1",),
    ),
    "movielens": Test(
        CONFIGS / "movielens.yaml", "ml-100k", ("1998-02-08", "1998-03-08"),
        28, ("popularity", "ease"), 1.15,
    ),
    "messages": Test(
        MESSAGES, "temporal", ("2004-07-15", "2004-07-29", "2004-08-12"),
        14, ("popularity", "friends of friends"), 1.10,
    ),
}  # fmt: skip


def main() -> int:
    """Runs the rows and returns 0 when every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the data sets")
    parser.add_argument("--row", action="append", choices=ROWS, help="only this one; repeatable")
    parser.add_argument("--quick", action="store_true", help="one day each, a smaller rank")
    parser.add_argument("--json", type=Path, help="write the result here")
    parser.add_argument("--day", action="append", help="for trials: these instead of the tests'")
    parser.add_argument("--set", action="append", default=[], help="for trials: of the pipelines")
    given = parser.parse_args()
    rows: list[Row] = []
    for name in given.row or ROWS:
        started = time.monotonic()
        sys.stderr.write(f"{name} ...\n")
        rows += ROWS[name](given)
        sys.stderr.write(f"{name} took {time.monotonic() - started:.0f} s\n")
    result = {
        "benchmark": "quality",
        "quick": given.quick,
        "rows": rows,
        "pass": all(row["pass"] for row in rows),
        "cores": os.cpu_count(),
        "versions": {name: importlib.metadata.version(name) for name in (*PACKAGES, "lightgbm")},
    }
    text = json.dumps(result, indent=2, sort_keys=True)
    sys.stdout.write(text + "\n")
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    return 0 if result["pass"] else 1


def forward(name: str, given: argparse.Namespace) -> list[Row]:
    """Runs the days of a test; a row per day and metric, pooled ones, and one per region."""
    test = TESTS[name]
    days = given.day or (test.days[:1] if given.quick else test.days)
    by_day = {day: _scores(test, day, given) for day in days}
    every = pd.concat(by_day.values())
    rows = _ratios(f"{name}, all days", every, test.peers, test.least)
    for day, scores in by_day.items():
        rows += _ratios(f"{name}, {day}", scores, test.peers, test.least_each)
    return rows + _not_below_popularity(name, every)


def _scores(test: Test, day: str, given: argparse.Namespace) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as lake:
        root = str((given.data / test.data).resolve())
        overrides = [f"source.root={root}", f"lake.root={lake}", "snapshot.engine=duckdb"]
        overrides += [*(test.quick if given.quick else ()), *given.set]
        config, as_of = load_pipeline(test.config, overrides), parse_instant(day)
        top = released(test.config, overrides, day, Path(lake))
        truth = events_after(config, as_of, test.horizon_days)
        return scored(config, as_of, top, truth, test.peers)


def _ratios(name: str, scores: pd.DataFrame, peers: Sequence[str], least: float) -> list[Row]:
    """Holds the release against the best peer, by each metric."""
    means = scores.groupby("system")[list(NAMES)].mean()
    rows = []
    for metric in NAMES:
        best = str(means.loc[list(peers), metric].idxmax())
        value, peer = float(means.loc[RELEASE, metric]), float(means.loc[best, metric])
        rows.append({
            "name": f"{name}: {metric}",
            "value": round(value, 4),
            "bound": round(least * peer, 4),
            "ratio": round(value / peer, 3),
            "peer": f"{best}: {peer:.4f}",
            "queries": int((scores["system"] == RELEASE).sum()),
            "pass": value >= least * peer,
        })  # fmt: skip
    return rows


def _not_below_popularity(name: str, scores: pd.DataFrame) -> list[Row]:
    """Holds each region against popularity: the 95 % interval of the difference reaches 0."""
    rows = []
    for region, own in scores.groupby("region"):
        wide = own.assign(at=own.groupby("system").cumcount()).pivot(index="at", columns="system")
        for metric in NAMES:
            difference = (wide[metric][RELEASE] - wide[metric]["popularity"]).to_numpy()
            low, high = interval(difference)
            rows.append({
                "name": f"{name}, {region}: {metric} less popularity's",
                "value": round(float(difference.mean()), 4),
                "interval": [round(low, 4), round(high, 4)],
                "bound": "interval not below 0",
                "peer": f"popularity: {wide[metric]['popularity'].mean():.4f}",
                "queries": len(difference),
                "pass": high >= 0,
            })  # fmt: skip
    return rows


ROWS: Mapping[str, Callable[[argparse.Namespace], list[Row]]] = {
    "gowalla": lambda given: forward("gowalla", given),
    "movielens": lambda given: forward("movielens", given),
    "messages": lambda given: forward("messages", given),
    "lightgcn-split": lightgcn_split,
    "scale": scale,
    "cost": cost,
    "ablation": ablation,
    "small-cities": small_cities,
}


if __name__ == "__main__":
    sys.exit(main())
