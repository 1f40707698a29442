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
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import scipy.sparse as sp
from scipy.sparse.linalg import svds

from graphrec_core.config import PipelineConfig, StepName, load_pipeline
from graphrec_core.day import Day
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.types import Region, View, parse_instant

K, DEPTH = 20, 100
NAMES = (f"recall@{K}", "mrr")
RELEASE = "release"
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
    top = released(given.config, overrides, given.as_of, Path(lake))
    truth = events_after(config, as_of, given.days)
    scores = compare(config, as_of, top, truth)
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


def released(path: Path, overrides: list[str], as_of: str, lake: Path) -> pd.DataFrame:
    """Runs a day and returns what its release recommends, ``DEPTH`` deep; columns of batches."""
    # A refused region does not end the day.
    _step("run-day", path, overrides, "--as-of", as_of, allowed=(0, 3))
    top = lake / "forward.parquet"
    _step("recommend", path, overrides, "--k", str(DEPTH), "--output", str(top))
    return pq.read_table(top).to_pandas()


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


Scores = Callable[[sp.csr_array], np.ndarray]
"""Who met what [Q, C], distinct pairs before the day -> scores [Q, C]."""


def popularity(met: sp.csr_array) -> np.ndarray:
    """Scores a candidate by its distinct queries."""
    counts = np.asarray(met.sum(axis=0)).ravel()
    return np.broadcast_to(counts, met.shape)


def linear_filter(met: sp.csr_array) -> np.ndarray:
    """Scores by a low-pass filter of the graph (GF-CF: Shen et al., CIKM 2021), written out.

    ``B (A^T A) + .3 B D_i^-1/2 V V^T D_i^1/2`` with ``A = D_u^-1/2 B D_i^-1/2`` and 64 right
    singular vectors V of A.
    """
    of_users, of_items = (np.maximum(np.asarray(met.sum(axis=a)).ravel(), 1) for a in (1, 0))
    scaled = sp.diags_array(of_users**-0.5) @ met @ sp.diags_array(of_items**-0.5)
    rank = min(64, min(met.shape) - 1)
    _, _, right = svds(scaled.astype(np.float64), k=rank, v0=np.ones(min(met.shape)))
    signal = met @ sp.diags_array(of_items**-0.5)
    ideal = (signal @ right.T) @ (right * of_items**0.5)
    return np.asarray((met @ (scaled.T @ scaled)).toarray() + 0.3 * ideal)


def ease(met: sp.csr_array, l2: float = 300) -> np.ndarray:
    """Scores by the closed form of EASE (Steck, WWW 2019)."""
    inverse = np.linalg.inv((met.T @ met).toarray() + l2 * np.eye(met.shape[1]))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return np.asarray(met @ weights)


def friends_of_friends(met: sp.csr_array) -> np.ndarray:
    """Scores people by how many neighbours they share with the query, whoever wrote."""
    num_people = met.shape[1]  # they are the first of the queries too
    wrote = met + sp.vstack(
        [met[:num_people].T, sp.csr_array((met.shape[0] - num_people, num_people))]
    )
    both = sp.csr_array(wrote > 0).astype(np.float64)
    return np.asarray((both @ both[:num_people]).toarray())


PEERS: dict[str, Scores] = {
    "popularity": popularity,
    "linear filter": linear_filter,
    "ease": ease,
    "friends of friends": friends_of_friends,
}


def _gowalla(root: Path) -> pd.DataFrame:
    return pd.read_parquet(root / "events.parquet", columns=["user", "poi", "ts_local"])


def _movielens(root: Path) -> pd.DataFrame:
    rows = pd.read_csv(root / "u.data", sep="\t", header=None, dtype={0: str, 1: str})
    return rows[[0, 1, 3]]


def _messages(root: Path) -> pd.DataFrame:
    return pd.read_csv(root / "CollegeMsg.txt", sep=" ", header=None, dtype={0: str, 1: str})


EVENTS = {"gowalla": _gowalla, "movielens": _movielens, "messages": _messages}
"""Pipeline -> its raw events: query, candidate, unix seconds; read past graphrec on purpose."""


def events_after(config: PipelineConfig, as_of: datetime, days: int) -> pd.DataFrame:
    """Returns the distinct (query_id, candidate_id) pairs of the days after ``as_of``."""
    events = EVENTS[config.pipeline](Path(config.source.root))
    events = events.set_axis(["query_id", "candidate_id", "seconds"], axis=1)
    at = pd.to_datetime(events["seconds"], unit="s", utc=True)
    later = events[(at >= as_of) & (at < as_of + timedelta(days=days))]
    return later[["query_id", "candidate_id"]].astype(str).drop_duplicates()


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
    scores = scored(config, as_of, top, truth, ["popularity"])
    pooled = scores.groupby("system")[list(NAMES)].mean()
    by_region = scores.groupby(["region", "system"])[list(NAMES)].mean().round(4)
    return {
        "release": pooled.loc[RELEASE].to_dict(),
        "popularity": pooled.loc["popularity"].to_dict(),
        "num_queries": int((scores["system"] == RELEASE).sum()),
        "by_region": {
            f"{region}/{system}": values
            for (region, system), values in by_region.T.to_dict().items()
        },
    }


def scored(
    config: PipelineConfig,
    as_of: datetime,
    top: pd.DataFrame,
    truth: pd.DataFrame,
    peers: Sequence[str],
) -> pd.DataFrame:
    """Scores the release and peers on the same queries: a row per region, query and system.

    Args:
        config: The pipeline.
        as_of: The release's instant.
        top: query_id, region, rank, candidate_id of the release.
        truth: query_id, candidate_id of the days after.
        peers: Names in ``PEERS``.

    Returns:
        region, query, system, recall@20, mrr.
    """
    lake = Lake(config)
    folder = lake.layout.snapshot(as_of, Day(config, as_of).ref(StepName.SNAPSHOT).id)
    snapshot = open_artifact(lake.storage, folder)
    rows = list[dict[str, Any]]()
    for region, mine in top.groupby("region"):
        here = Region(str(region))
        seen = snapshot.read_table(edges_file(View.SERVE, config.task.edge, here)).to_pandas()
        places = snapshot.read_table(nodes_file(View.SERVE, config.task.candidate, here))
        candidates = sorted(places.filter(places["is_candidate"])["node_id"].to_pylist())
        wanted = truth[truth["query_id"].isin(mine["query_id"].unique())]
        wanted = wanted[wanted["candidate_id"].isin(candidates)]
        known = set(map(tuple, seen[["src", "dst"]].to_numpy()))
        new = [pair not in known for pair in map(tuple, wanted.to_numpy())]
        targets = wanted[new].groupby("query_id")["candidate_id"].apply(set).to_dict()
        own = mine.sort_values("rank").groupby("query_id")["candidate_id"].apply(list)
        lists = {RELEASE: own} | ranked_by(peers, seen, candidates, sorted(targets))
        rows += [
            {"region": region, "query": query, "system": system, **metrics(found[query], one)}
            for system, found in lists.items()
            for query, one in targets.items()
        ]
    return pd.DataFrame(rows, columns=["region", "query", "system", *NAMES])


def ranked_by(
    peers: Sequence[str], edges: pd.DataFrame, candidates: list[str], queries: list[str]
) -> dict[str, dict[str, list[str]]]:
    """Ranks candidates that are new to the queries, and not themselves, by each peer.

    Args:
        peers: Names in ``PEERS``.
        edges: src, dst: the distinct pairs of a region before the day.
        candidates: Sorted; equal scores rank in this order.
        queries: Who is asked for.

    Returns:
        Peer -> query -> candidates, best first.
    """
    others = sorted({*edges["src"], *queries} - set(candidates))
    users, items = pd.Index([*candidates, *others]), pd.Index(candidates)
    inside = edges[edges["dst"].isin(items)]
    ends = users.get_indexer(inside["src"]), items.get_indexer(inside["dst"])
    met = sp.csr_array((np.ones(len(inside)), ends), shape=(len(users), len(items)))
    asked = users.get_indexer(queries)
    found = {}
    for peer in peers:
        scores = np.array(PEERS[peer](met)[asked], dtype=np.float64)
        scores[met[asked].toarray() > 0] = -np.inf
        scores[np.flatnonzero(asked < len(items)), asked[asked < len(items)]] = -np.inf
        order = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
        free = np.take_along_axis(scores, order, axis=1) > -np.inf
        found[peer] = {
            query: [candidates[place] for place in order[row][free[row]]]
            for row, query in enumerate(queries)
        }
    return found


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
