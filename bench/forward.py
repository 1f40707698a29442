r"""Forward test: does a release recommend what people do in the days after it, better than a peer?

Runs a pipeline's steps for one day, takes ``recommend --k 100`` from its release, and compares
with the task's events of the next days: candidates of the query's home region that are new to
the query and that somebody had interacted with before. Popularity on the same queries, over the
same candidates, is the peer. Nothing of those days is read before the comparison.

    python -m bench.forward --config configs/gowalla.yaml --data ../data/gowalla_cities \
        --as-of 2010-08-25 --lake /tmp/forward --json bench/results/forward.json
"""

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from graphrec_core.config import PipelineConfig, StepName, load_pipeline
from graphrec_core.day import Day
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.types import Region, View, parse_instant

K, DEPTH = 20, 100
GRAPHREC = (sys.executable, "-m", "graphrec.jobs.cli")
PACKAGES = ("torch", "pyspark", "faiss-cpu", "numpy", "pyarrow")


def main() -> int:
    """Runs the forward test and returns 0 when every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, default=Path("configs/gowalla.yaml"))
    parser.add_argument("--data", default="data/gowalla_cities", help="source.root")
    parser.add_argument("--as-of", default="2010-08-25")
    parser.add_argument("--days", type=int, default=7, help="days after as_of to compare with")
    parser.add_argument("--lake", default="", help="default: a temporary folder")
    parser.add_argument("--quick", action="store_true", help="at most 4 epochs")
    parser.add_argument("--json", type=Path, help="write the result here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = measure(given, given.lake or scratch)
    text = json.dumps(result, indent=2, sort_keys=True)
    sys.stdout.write(text + "\n")
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    return 0 if result["pass"] else 1


def measure(given: argparse.Namespace, lake: str) -> dict[str, Any]:
    """Runs the day and compares its release with what came after."""
    data = str(Path(given.data).resolve())
    overrides = [f"source.root={data}", f"lake.root={lake}", "snapshot.engine=duckdb"]
    if given.quick:
        overrides.append("training.num_epochs=4")
    config = load_pipeline(given.config, overrides)
    as_of = parse_instant(given.as_of)
    # A refused region does not end the day.
    _step("run-day", given.config, overrides, "--as-of", given.as_of, allowed=(0, 3))
    top = Path(lake) / "forward.parquet"
    _step("recommend", given.config, overrides, "--k", str(DEPTH), "--output", str(top))
    truth = events_after(config, as_of, given.days)
    scores = compare(config, as_of, pq.read_table(top).to_pandas(), truth)
    bars = [
        {
            "name": f"{metric}, pooled over queries",
            "value": round(scores["release"][metric], 4),
            "bound": round(scores["popularity"][metric], 4),
            "peer": "popularity on the same queries and candidates",
            "pass": bool(scores["release"][metric] > scores["popularity"][metric]),
        }
        for metric in (f"recall@{K}", "mrr")
    ]
    return {
        "benchmark": "forward",
        "as_of": given.as_of,
        "days": given.days,
        "quick": given.quick,
        "num_queries": scores["num_queries"],
        "by_region": scores["by_region"],
        "bars": bars,
        "pass": all(bar["pass"] for bar in bars),
        "cores": os.cpu_count(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def _step(
    name: str, path: Path, overrides: list[str], *extra: str, allowed: tuple[int, ...] = (0,)
) -> dict[str, Any]:
    settings = [part for override in overrides for part in ("--set", override)]
    arguments = [*GRAPHREC, name, "--config", str(path), *settings, *extra]
    done = subprocess.run(arguments, check=False, capture_output=True, text=True)
    if done.returncode not in allowed:
        raise SystemExit(f"{name} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    lines = done.stdout.strip().splitlines()
    return dict(json.loads(lines[-1])) if lines else {}


def events_after(config: PipelineConfig, as_of: datetime, days: int) -> pd.DataFrame:
    """Returns the distinct (query_id, candidate_id) pairs of the days after ``as_of``.

    For Gowalla's tables only: the columns of its events file are known here.
    """
    events = pd.read_parquet(Path(config.source.root) / "events.parquet")
    at = pd.to_datetime(events["ts_local"], unit="s", utc=True)
    later = events[(at >= as_of) & (at < as_of + timedelta(days=days))]
    pairs = later[["user", "poi"]].astype(str).drop_duplicates()
    return pairs.set_axis(["query_id", "candidate_id"], axis=1)


def compare(
    config: PipelineConfig, as_of: datetime, top: pd.DataFrame, truth: pd.DataFrame
) -> dict[str, Any]:
    """Scores the release and popularity on the same queries.

    Args:
        config: The pipeline.
        as_of: The release's instant.
        top: query_id, region, rank, candidate_id of the release.
        truth: query_id, candidate_id of the days after.
    """
    lake = Lake(config)
    folder = lake.layout.snapshot(as_of, Day(config, as_of).ref(StepName.SNAPSHOT).id)
    snapshot = open_artifact(lake.storage, folder)
    rows = []
    for region, mine in top.groupby("region"):
        here = Region(str(region))
        seen = snapshot.read_table(edges_file(View.SERVE, config.task.edge, here)).to_pandas()
        places = snapshot.read_table(nodes_file(View.SERVE, config.task.candidate, here))
        candidates = popularity_order(places.to_pandas(), seen)
        wanted = truth[truth["query_id"].isin(mine["query_id"].unique())]
        wanted = wanted[wanted["candidate_id"].isin(candidates)]
        known = set(map(tuple, seen[["src", "dst"]].to_numpy()))
        new = [pair not in known for pair in map(tuple, wanted.to_numpy())]
        lists = mine.sort_values("rank").groupby("query_id")["candidate_id"].apply(list)
        seen_by = seen.groupby("src")["dst"].apply(set)
        for query, targets in wanted[new].groupby("query_id")["candidate_id"]:
            own = seen_by.get(query, set())
            popular = [place for place in candidates if place not in own][:DEPTH]
            for system, ranked in (("release", lists[query]), ("popularity", popular)):
                rows.append({"region": region, "query": query, "system": system,
                             **metrics(ranked, set(targets))})  # fmt: skip
    scores = pd.DataFrame(rows)
    names = [f"recall@{K}", "mrr"]
    pooled = scores.groupby("system")[names].mean()
    by_region = scores.groupby(["region", "system"])[names].mean().round(4)
    return {
        "release": pooled.loc["release"].to_dict(),
        "popularity": pooled.loc["popularity"].to_dict(),
        "num_queries": int((scores["system"] == "release").sum()),
        "by_region": {
            f"{region}/{system}": values
            for (region, system), values in by_region.T.to_dict().items()
        },
    }


def popularity_order(nodes: pd.DataFrame, edges: pd.DataFrame) -> list[str]:
    """Orders the region's home candidates by their distinct visitors up to as_of, then by id."""
    own = nodes.loc[nodes["is_candidate"], "node_id"]
    counts = edges["dst"].value_counts().reindex(own).fillna(0)
    return list(pd.DataFrame({"n": -counts.to_numpy(), "id": own}).sort_values(["n", "id"])["id"])


def metrics(ranked: list[str], targets: set[str]) -> dict[str, float]:
    """Returns recall@20 (not capped) and the reciprocal rank of the first hit in the list."""
    hits = np.array([candidate in targets for candidate in ranked])
    first = hits.argmax() if hits.any() else None
    return {
        f"recall@{K}": float(hits[:K].sum() / len(targets)),
        "mrr": 0.0 if first is None else float(1 / (first + 1)),
    }


if __name__ == "__main__":
    sys.exit(main())
