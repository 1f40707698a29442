r"""What a leak is worth: metrics with a planted leak beside the honest ones, on the same queries.

Builds snapshots of Gowalla with the product's code, trains and measures honestly, and then again
with one leak planted at a time; asks the guards, on copies, which of them they notice.

    python -m bench.leakage --data ../data/gowalla_cities \
        --json bench/results/leakage.json --plot docs/leakage.png
"""

import argparse
import importlib.metadata
import json
import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.leakage_guards import built, guards
from bench.leakage_plants import (
    FUTURE_EDGES,
    HOME,
    HOME_HONEST,
    HONEST,
    RANDOM_SPLIT,
    SERVE_VECTORS,
    TOTALS,
    UNMASKED,
    Case,
    home_scores,
    planted,
    random_split,
    scores,
)
from graphrec_core.config import PipelineConfig, load_pipeline
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.report.figures import NEUTRAL, PASSED, REFUSED, drawing
from graphrec_core.types import Region, parse_instant

LEAKS = (FUTURE_EDGES, SERVE_VECTORS, RANDOM_SPLIT, TOTALS, UNMASKED, HOME)
SYSTEMS = ("popularity", "covisitation", "lightgcn", "graphsage")
METRICS = ("recall", "mrr")
INSTANTS = ("2010-08-04", "2010-08-11", "2010-08-18")
QUICK_REGIONS = ("houston", "newyork")
GUARDED_REGION = Region("singapore")
PACKAGES = ("torch", "dgl", "duckdb", "numpy", "scipy", "pyarrow")
PLACES_WITH_TOTALS = (
    "select pois.poi as node_id, timestamp '1970-01-01 00:00:00' as valid_from, city as region, "
    "totals.total from pois left join "
    "(select cast(poi as string) as poi, count(distinct user) as total "
    "from events group by poi) as totals "
    "on pois.poi = totals.poi"
)
USERS_WITH_HOME = (
    "select user as node_id, timestamp '1970-01-01 00:00:00' as valid_from, "
    "home_city as region from users"
)
Days = Mapping[str, Mapping[str, Any]]


def main() -> int:
    """Measures every leak and returns 0 when every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, default=Path("configs/gowalla.yaml"))
    parser.add_argument("--data", default="data/gowalla_cities", help="source.root")
    parser.add_argument("--as-of", nargs="+", default=INSTANTS, help="instants, a week apart")
    parser.add_argument("--regions", nargs="*", help="default: all")
    parser.add_argument("--epochs", type=int, default=20, help="of every training")
    parser.add_argument("--quick", action="store_true", help="two regions, the last two instants")
    parser.add_argument("--json", type=Path, help="write the result here")
    parser.add_argument("--plot", type=Path, help="draw the result here")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory() as scratch:
        result = run(given, scratch)
    text = json.dumps(result, indent=1, sort_keys=True)
    sys.stdout.write(text + "\n")
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    if given.plot:
        draw(result, given.plot)
    return 0 if result["pass"] else 1


def run(given: argparse.Namespace, lake: str) -> dict[str, Any]:
    """Measures all leaks at all instants and asks the guards."""
    instants = list(given.as_of)[-2:] if given.quick else list(given.as_of)
    config = honest_config(given, lake)
    leaky = leaky_config(config)
    regions = QUICK_REGIONS if given.quick else tuple(given.regions or ())
    days = {day: measure_instant(config, leaky, day, regions) for day in instants}
    caught = guards(config, leaky, parse_instant(instants[0]), GUARDED_REGION)
    leaks = summarise(days)
    bars = judge(leaks, caught)
    return {
        "benchmark": "leakage",
        "quick": given.quick,
        "epochs": given.epochs,
        "seed": config.training.seed,
        "instants": days,
        "leaks": leaks,
        "choices": choices(days),
        "guards": caught,
        "bars": bars,
        "pass": all(bar["pass"] for bar in bars),
        "cores": os.cpu_count(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def honest_config(given: argparse.Namespace, lake: str) -> PipelineConfig:
    """Returns the pipeline; every training has the same epochs, so that only the leak differs."""
    overrides = [
        f"source.root={Path(given.data).resolve()}",
        f"lake.root={lake}",
        "snapshot.engine=duckdb",
        f"training.num_epochs={given.epochs}",
        "recommender={model: lightgcn}",
    ]
    return load_pipeline(given.config, overrides)


def leaky_config(config: PipelineConfig) -> PipelineConfig:
    """Returns a pipeline with undated columns that were made from the whole history."""
    data = config.model_dump(mode="json")
    data["source"]["tables"]["users"] = {"path": "users.csv", "options": {"header": "true"}}
    data["source"]["nodes"] |= {"user": USERS_WITH_HOME, "place": PLACES_WITH_TOTALS}
    data["region"]["home"]["user"] = "column"
    return PipelineConfig.model_validate({**data, "pipeline": "leaky"})


def measure_instant(
    config: PipelineConfig, leaky: PipelineConfig, day: str, only: tuple[str, ...]
) -> dict[str, Any]:
    """Measures one instant, pooled over the queries of all regions, or of ``only`` these."""
    as_of = parse_instant(day)
    events = pd.read_parquet(Path(config.source.root) / "events.parquet")
    visitors = events.assign(poi=events["poi"].astype(str)).groupby("poi")["user"].nunique()
    totals = {str(place): int(number) for place, number in visitors.items()}
    snapshot, twin = (built(each, as_of) for each in (config, leaky))
    figures, twin_figures = (one.manifest.figures(SnapshotFigures) for one in (snapshot, twin))
    regions = [Region(name) for name in only or sorted(figures.regions)]
    cases = [Case(config, snapshot, region, totals) for region in regions]
    twins = [Case(leaky, twin, region, totals) for region in regions]
    parts, losses = [], []
    for case in cases:
        sys.stderr.write(f"{day} {case.region}\n")
        systems, loss = planted(case)
        parts += [scores(case, case.holdout, systems), scores(case, *random_split(case))]
        losses.append(loss | {"num_queries": len(case.holdout.query_ids)})
    same = pd.concat(parts, ignore_index=True)
    homes = home_scores(cases, twins, same)
    pooled = pd.concat([same, homes]).groupby(["leak", "system"])[list(METRICS)].mean()
    return {
        "regions": [str(region) for region in regions],
        "num_queries": sum(len(case.holdout.query_ids) for case in cases),
        "num_queries_home": int((homes["leak"] == HOME).sum() // homes["system"].nunique()),
        "metrics": {
            f"{leak}/{system}": {metric: round(float(row[metric]), 5) for metric in METRICS}
            for (leak, system), row in pooled.iterrows()
        },
        "loss": weighted(losses),
        "num_no_history": {
            HONEST: figures.num_no_history,
            HOME: twin_figures.num_no_history,
        },
    }


def weighted(losses: list[dict[str, float]]) -> dict[str, float]:
    """Averages the regions' last training losses by their number of queries."""
    frame = pd.DataFrame(losses)
    weights = frame.pop("num_queries")
    return {str(name): round(float(np.average(frame[name], weights=weights)), 5) for name in frame}


def summarise(days: Days) -> list[dict[str, Any]]:
    """Puts the honest and the leaky metrics of every leak and system beside each other.

    Returns:
        Per leak, system and metric: median, least and greatest of the honest value, the leaky
        value and their ratio over the instants; and of what the same system honestly reached
        at the next instant, as a share of what the leaky number (``delivered``) and the honest
        one (``delivered_honest``) promised at this one.
    """
    rows = []
    for leak in LEAKS:
        honest = HOME_HONEST if leak == HOME else HONEST
        for system in SYSTEMS:
            if all(f"{leak}/{system}" in day["metrics"] for day in days.values()):
                for metric in METRICS:
                    true = values(days, f"{honest}/{system}", metric)
                    told = values(days, f"{leak}/{system}", metric)
                    rows.append(
                        {
                            "leak": leak,
                            "system": system,
                            "metric": metric,
                            "honest": spread(true),
                            "leaky": spread(told),
                            "ratio": spread(told / true),
                            "delivered": spread(true[1:] / told[:-1]),
                            "delivered_honest": spread(true[1:] / true[:-1]),
                        }
                    )
    return rows


def values(days: Days, name: str, metric: str) -> np.ndarray:
    """Returns one metric of every instant, float64 [num_instants]."""
    return np.array([day["metrics"][name][metric] for day in days.values()])


def spread(numbers: np.ndarray) -> dict[str, float] | None:
    """Returns median, least and greatest; None of no numbers."""
    if len(numbers) == 0:
        return None
    found = {"median": np.median(numbers), "min": numbers.min(), "max": numbers.max()}
    return {name: round(float(value), 4) for name, value in found.items()}


def choices(days: Days) -> list[dict[str, Any]]:
    """Says which system each leak would choose, and what that is honestly worth.

    A system that a leak does not touch keeps its honest value. ``kept`` is the honest recall of
    the chosen system as a share of the honestly best one's.
    """
    rows = []
    for name, day in days.items():
        recalls = {key: metrics["recall"] for key, metrics in day["metrics"].items()}
        honest = {system: recalls[f"{HONEST}/{system}"] for system in SYSTEMS}
        best = max(honest, key=honest.__getitem__)
        for leak in LEAKS:
            if leak != HOME:
                shown = {system: recalls.get(f"{leak}/{system}", honest[system])
                         for system in SYSTEMS}  # fmt: skip
                pick = max(shown, key=shown.__getitem__)
                rows.append(
                    {
                        "instant": name,
                        "leak": leak,
                        "chosen": pick,
                        "promised": shown[pick],
                        "honest": honest[pick],
                        "honestly_best": best,
                        "kept": round(honest[pick] / honest[best], 4),
                    }
                )
    return rows


def judge(leaks: list[dict[str, Any]], caught: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Holds the two classic leaks to cost something, and the guards to catch what they claim."""
    bars = [
        {
            "name": f"{row['leak']}, {row['system']}, {row['metric']}: leaky over honest, least",
            "value": row["ratio"]["min"],
            "bound": 1.0,
            "pass": row["ratio"]["min"] > 1,
        }
        for row in leaks
        if row["leak"] in (FUTURE_EDGES, SERVE_VECTORS) and row["system"] == "lightgcn"
    ]
    guarded = [entry for entry in caught if entry["test"]]
    num_caught = sum(entry["is_caught"] for entry in guarded)
    return [
        *bars,
        {
            "name": "planted leaks caught by the guard that is there for them",
            "value": num_caught,
            "bound": len(guarded),
            "pass": num_caught == len(guarded),
        },
    ]


def draw(result: Mapping[str, Any], path: Path) -> None:
    """Draws medians by leak and system, on a log scale of ratios; bars span the instants."""
    names = list(dict.fromkeys((row["leak"], row["system"]) for row in result["leaks"]))[::-1]
    with drawing(8.6, 0.9 + 0.27 * len(names)) as figure:
        for axes, metric in zip(figure.subplots(1, 2, sharey=True), METRICS, strict=True):
            for row in (row for row in result["leaks"] if row["metric"] == metric):
                at = names.index((row["leak"], row["system"]))
                middles = [row[kind]["median"] for kind in ("honest", "leaky")]
                axes.plot(middles, [at, at], color=NEUTRAL, linewidth=1)
                for kind, colour in (("honest", PASSED), ("leaky", REFUSED)):
                    ends = [row[kind]["min"], row[kind]["max"]]
                    axes.plot(ends, [at, at], color=colour, linewidth=3, alpha=0.4)
                    axes.plot(row[kind]["median"], at, "o", color=colour, markersize=5,
                              label=kind if at == 0 else None)  # fmt: skip
            axes.set_yticks(range(len(names)), [f"{leak}: {system}" for leak, system in names])
            axes.set_xscale("log")
            axes.set_xticks([0.05, 0.1, 0.2, 0.5, 1], ["0.05", "0.1", "0.2", "0.5", "1"])
            axes.minorticks_off()
            axes.set_xlabel({"recall": "recall@20", "mrr": "MRR"}[metric])
        axes.legend(loc="lower right")
        figure.savefig(path, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    sys.exit(main())
