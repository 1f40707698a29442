r"""What the weights of edges change on real data: decay and visit counts, forward in time.

For two days of ``gowalla_cities``, half-lives of 0 (visit counts), 30 and 90 days, and no weights:
what co-visitation and LightGCN recommend from the view of the day, compared with the next seven
days as in ``bench.forward``: places that are new to the user, ranked against all places of the
city. Popularity is the peer. Nothing has to hold: the table says what is.

LightGCN is trained on the whole view for a fixed number of epochs, the same for all variants: its
search would compare stopping, not weights.

    python -m bench.weights --data ../data/gowalla_cities --json bench/results/weights.json
    python -m bench.weights --data ../data/gowalla_cities --quick
"""

import argparse
import importlib.metadata
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import torch

from bench.forward import DEPTH, compare, events_after
from graphrec_core.axes.pairs import never_shown
from graphrec_core.axes.rows import TASK_PAIRS, id_array, rows_of
from graphrec_core.config import LightGCNConfig, PipelineConfig, load_pipeline
from graphrec_core.config.model import CovisitationConfig
from graphrec_core.day import Day
from graphrec_core.graph import load_graph
from graphrec_core.judging.fitted import fitted_source, popular_list
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.models.encoder import EncoderInputs
from graphrec_core.models.scorer import ScorerInputs
from graphrec_core.retrieval.ranker import ReciprocalRank
from graphrec_core.retrieval.recommend import Ranking, recommend
from graphrec_core.retrieval.sources import CandidateSource, Proposer, vector_source
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.training import train_for
from graphrec_core.types import Region, Role, View, parse_instant

DAYS = ("2010-05-26", "2010-07-07")
VARIANTS = (("no weights", False, 0), ("visit counts", True, 0), ("half-life 30 days", True, 30),
            ("half-life 90 days", True, 90))  # fmt: skip
"""Name, whether weights are read, ``time.half_life_days``."""
METRICS = ("recall@20", "mrr")
NUM_EPOCHS, QUICK_EPOCHS = 40, 2
NUM_DAYS = 7
PACKAGES = ("torch", "duckdb", "numpy", "scipy", "pyarrow")


def main() -> int:
    """Measures every variant and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, default=Path("configs/gowalla.yaml"))
    parser.add_argument("--data", default="data/gowalla_cities", help="source.root")
    parser.add_argument("--cities", default="", help="those that LightGCN learns; empty: all")
    parser.add_argument("--quick", action="store_true", help="one day, one city, 2 epochs")
    parser.add_argument("--json", type=Path, help="write the result here")
    given = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as lake:
        rows = list(measure(given, lake))
    result = {
        "benchmark": "weights",
        "quick": given.quick,
        "num_epochs": QUICK_EPOCHS if given.quick else NUM_EPOCHS,
        "cities_of_lightgcn": given.cities or "all",
        "rows": rows,
        "seconds": round(time.monotonic() - started),
        "cores": os.cpu_count(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }
    sys.stdout.write(table(rows))
    if given.json:
        text = json.dumps(result, indent=2, sort_keys=True)
        given.json.write_text(text + "\n", encoding="utf-8")
    return 0


def measure(given: argparse.Namespace, lake: str) -> Iterator[dict[str, Any]]:
    """Yields recall@20 and MRR of every system, variant and day, pooled over queries."""
    for text in DAYS[:1] if given.quick else DAYS:
        as_of = parse_instant(text)
        for variant, is_weighted, half_life in VARIANTS:
            config = configured(given, lake, half_life, weighted=is_weighted)
            city = _Cities(config, produced(config, as_of), as_of)
            some = [Region(name) for name in given.cities.split(",") if name] or city.names
            for system, names in (("co-visitation", city.names), ("LightGCN", some)):
                names = names[:1] if given.quick else names
                sys.stderr.write(f"{text} {system} {variant}: {len(names)} cities\n")
                top = pd.concat([city.top(system, name) for name in names], ignore_index=True)
                found = compare(config, as_of, top, events_after(config, as_of, NUM_DAYS))
                yield {
                    "as_of": text,
                    "system": system,
                    "variant": variant,
                    "num_queries": found["num_queries"],
                    **{name: round(found["release"][name], 4) for name in METRICS},
                    "popularity": {name: round(found["popularity"][name], 4) for name in METRICS},
                }


def configured(
    given: argparse.Namespace, lake: str, half_life: float, *, weighted: bool
) -> PipelineConfig:
    """The pipeline with a half-life, in one lake: its snapshots have ids of their own."""
    overrides = [
        f"source.root={Path(given.data).resolve()}",
        f"lake.root={lake}",
        "snapshot.engine=duckdb",
        f"time.half_life_days={half_life}",
        f"recommender={{model: lightgcn, weighted: {str(weighted).lower()}}}",
        f"training.num_epochs={QUICK_EPOCHS if given.quick else NUM_EPOCHS}",
    ]
    return load_pipeline(given.config, overrides)


def produced(config: PipelineConfig, as_of: datetime) -> Artifact:
    """Builds the day's snapshot, once for each half-life."""
    return produce_snapshot(Day(config, as_of))


@dataclass(frozen=True)
class _Cities:
    """The serve view of a day, and what recommenders say of it."""

    config: PipelineConfig
    snapshot: Artifact
    as_of: datetime

    @property
    def names(self) -> Sequence[Region]:
        return sorted(self.snapshot.manifest.figures(SnapshotFigures).regions)

    def top(self, system: str, city: Region) -> pd.DataFrame:
        """Ranks unseen candidates for the city's home queries: query_id, region, rank, ..."""
        inputs = self._inputs(city)
        seen = never_shown(
            inputs.pairs, inputs.query_ids, inputs.candidate_ids, peers=False, seen=True
        )
        popular = popular_list(inputs, self.config.evaluation.recent_days)
        source = self._scorer(inputs) if system == "co-visitation" else self._vectors(city, inputs)
        proposers = [Proposer(system, source, DEPTH)]
        rows = np.arange(len(inputs.query_ids))
        found = recommend(proposers, ReciprocalRank(), popular, seen, rows, DEPTH)
        return pd.concat([list_rows(block, inputs, city) for block in found], ignore_index=True)

    def _inputs(self, city: Region) -> ScorerInputs:
        task = self.config.task
        pairs = self.snapshot.read_table(edges_file(View.SERVE, task.edge, city), TASK_PAIRS)
        queries = self.snapshot.read_table(nodes_file(View.SERVE, task.query, city))
        queries = queries.filter(pc.equal(queries["role"], str(Role.HOME)))
        places = self.snapshot.read_table(nodes_file(View.SERVE, task.candidate, city))
        places = places.filter(places["is_candidate"]).sort_by("node_id")
        ids = id_array(queries["node_id"]), id_array(places["node_id"])
        return ScorerInputs(pairs, *ids, self.as_of)

    def _scorer(self, inputs: ScorerInputs) -> CandidateSource:
        return fitted_source(CovisitationConfig(weighted=self._encoder.weighted), inputs)

    @property
    def _encoder(self) -> LightGCNConfig:
        (source,) = self.config.recommender.sources.values()
        if not isinstance(source, LightGCNConfig):
            raise SystemExit("the pipeline must have one source, of model lightgcn")
        return source

    def _vectors(self, city: Region, inputs: ScorerInputs) -> CandidateSource:
        config, graph = self.config, load_graph(self.snapshot, View.SERVE, city)
        epochs, task = config.training.num_epochs, config.task
        trained = train_for(graph, {}, self._encoder, config.training, epochs, task=task)
        device = torch.device("cpu")
        messages = EncoderInputs(
            graph.messages(), torch.arange(graph.num_nodes), {}, {}, device,
            edge_weights={etype: edges.weight for etype, edges in graph.edges.items()},
        )  # fmt: skip
        with torch.no_grad():
            vectors = trained.encoder.to(device).encode(messages).numpy()
        ends = (
            vectors[rows_of(ids, id_array(graph.node_ids(ntype))) + graph.offsets[ntype]]
            for ids, ntype in (
                (inputs.query_ids, config.task.query),
                (inputs.candidate_ids, config.task.candidate),
            )
        )
        return vector_source(*ends)


def list_rows(block: Ranking, inputs: ScorerInputs, city: Region) -> pd.DataFrame:
    """Writes ranked candidates as rows: query_id, region, rank from 1, candidate_id."""
    places, ranks = np.nonzero(block.rows >= 0)
    queries, candidates = block.query_rows[places], block.rows[places, ranks]
    return pd.DataFrame(
        {
            "query_id": inputs.query_ids.take(pa.array(queries)).to_pylist(),
            "region": city,
            "rank": ranks + 1,
            "candidate_id": inputs.candidate_ids.take(pa.array(candidates)).to_pylist(),
        }
    )


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Lays the result out as text, a line per system, variant and day."""
    lines = [
        f"{'day':<11} {'system':<14} {'variant':<18} {'queries':>7} {'recall@20':>9} {'MRR':>6}"
    ]
    for row in rows:
        lines.append(
            f"{row['as_of']:<11} {row['system']:<14} {row['variant']:<18} "
            f"{row['num_queries']:>7} {row['recall@20']:>9.4f} {row['mrr']:>6.4f}"
        )
        if row["variant"] == VARIANTS[-1][0]:
            peer = row["popularity"]
            lines.append(
                f"{row['as_of']:<11} {'popularity':<14} {'(same queries)':<18} "
                f"{row['num_queries']:>7} {peer['recall@20']:>9.4f} {peer['mrr']:>6.4f}"
            )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
