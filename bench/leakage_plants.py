"""The planted leaks: each is a model or a ranking that was told something of the future.

The product has no switch for any of them. They are planted by giving its functions the wrong
view, a table with one more column, or a sampler that does not mask.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from unittest.mock import patch

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.axes.rows import (
    TASK_PAIRS,
    rows_of,
    task_pairs,
    vector_column,
    vectors_along,
)
from graphrec_core.config import PipelineConfig
from graphrec_core.config.model import GraphSAGEConfig, LightGCNConfig
from graphrec_core.config.recommenders import baseline
from graphrec_core.embedding.checkpoint import LoadedModel
from graphrec_core.embedding.inference import encode_graph
from graphrec_core.evaluation.holdout import Holdout, read_holdout
from graphrec_core.evaluation.measure import System, measure
from graphrec_core.graph import FeatureEncoder, RegionGraph, load_graph
from graphrec_core.graph.block import Block
from graphrec_core.graph.sampling import NeighborSampler
from graphrec_core.judging.fitted import fitted_source, popular_list
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, holdout_file
from graphrec_core.lake.records import LeftOutPairs
from graphrec_core.models.encoder import DEFAULT_BLOCK_SIZE
from graphrec_core.models.scorer import ScorerInputs
from graphrec_core.retrieval.sources import (
    CandidateSource,
    DenseSource,
    vector_source,
)
from graphrec_core.training import train_for
from graphrec_core.types import Region, View

HONEST = "honest"
HOME_HONEST = "home from events"
FUTURE_EDGES = "future edges"
SERVE_VECTORS = "serve-view vectors"
UNMASKED = "unmasked supervision"
TOTALS = "totals of all time"
HOME = "home of all time"
RANDOM_SPLIT = "random split"
BLIND = "graphrec_core.training.batches.SupervisionAudit.check"
Systems = dict[str, CandidateSource]


@dataclass(frozen=True)
class Case:
    """One region of one snapshot, and how models are trained on it.

    Attributes:
        config: The pipeline.
        snapshot: The honest snapshot.
        region: The region.
        totals: Place id -> distinct visitors of all time.
    """

    config: PipelineConfig
    snapshot: Artifact
    region: Region
    totals: Mapping[str, int]

    @property
    def holdout(self) -> Holdout:
        """The region's honest holdout."""
        return read_holdout(self.snapshot, self.region, self.config.task)

    def graph(self, view: View) -> RegionGraph:
        """The region's graph."""
        return load_graph(self.snapshot, view, self.region)


class Unmasked(NeighborSampler):
    """Samples neighbours and leaves the batch's own pairs among them."""

    def sample(
        self, seeds: torch.Tensor, pair_src: torch.Tensor, pair_dst: torch.Tensor
    ) -> list[Block]:
        """Samples as if the batch had no pairs."""
        return super().sample(seeds, pair_src[:0], pair_dst[:0])


def planted(case: Case) -> tuple[Systems, dict[str, float]]:
    """Returns ``leak/system`` -> what it recommends, and the last training losses."""
    holdout, task = case.holdout, case.config.task
    train, serve = case.graph(View.TRAIN), case.graph(View.SERVE)
    edges = case.snapshot.read_table(edges_file(View.SERVE, task.edge, case.region), TASK_PAIRS)
    systems = named(HONEST, baselines(holdout, holdout.pairs))
    systems |= named(
        FUTURE_EDGES, baselines(holdout, task_pairs(edges, peers=task.recommends_peers))
    )
    systems[f"{TOTALS}/popularity"] = by_totals(case, holdout)
    losses = {}
    for name, model in {"lightgcn": LightGCNConfig(), "graphsage": GraphSAGEConfig()}.items():
        honest, losses[f"{HONEST}/{name}"] = fit(case, train, model)
        leaky, losses[f"{FUTURE_EDGES}/{name}"] = fit(case, serve, model)
        systems[f"{HONEST}/{name}"] = by_vectors(honest, train, holdout)
        systems[f"{SERVE_VECTORS}/{name}"] = by_vectors(honest, serve, holdout)
        systems[f"{FUTURE_EDGES}/{name}"] = by_vectors(leaky, serve, holdout)
    sage = GraphSAGEConfig()
    unmasked, losses[f"{UNMASKED}/graphsage"] = fit(case, train, sage, Unmasked)
    systems[f"{UNMASKED}/graphsage"] = by_vectors(unmasked, train, holdout)
    counted = with_totals(train, case.totals)
    told, losses[f"{TOTALS}/graphsage"] = fit(case, counted, sage)
    systems[f"{TOTALS}/graphsage"] = by_vectors(told, counted, holdout)
    return systems, losses


def named(leak: str, systems: Systems) -> Systems:
    """Puts the leak's name before the systems'."""
    return {f"{leak}/{name}": source for name, source in systems.items()}


def fit(
    case: Case,
    graph: RegionGraph,
    model: LightGCNConfig | GraphSAGEConfig,
    sampler: Callable[..., NeighborSampler] = NeighborSampler,
) -> tuple[LoadedModel, float]:
    """Trains with the product's trainer; returns the model and its last training loss."""
    names = {ntype: ["total"] if "total" in graph.nodes[ntype].column_names else []
             for ntype in graph.ntypes}  # fmt: skip
    features = FeatureEncoder.fit(graph, names)
    # The guard would stop this leak, so the one leak that it forbids runs without it.
    with patch(BLIND, lambda *_: None) if sampler is Unmasked else nullcontext():
        encoded, training, task = features.encode(graph), case.config.training, case.config.task
        done = train_for(graph, encoded, model, training, training.num_epochs, sampler, task=task)
    rows = {
        ntype: pa.table(
            {
                "node_id": graph.node_ids(ntype),
                "row": pa.array(range(graph.num_nodes)[graph.slice_of(ntype)], pa.int64()),
            }
        )
        for ntype in graph.ntypes
    }
    loaded = LoadedModel(
        done.encoder, features, rows, training.num_threads, training.device, View.TRAIN.value
    )
    return loaded, done.history[-1].loss


def by_vectors(model: LoadedModel, graph: RegionGraph, holdout: Holdout) -> CandidateSource:
    """Recommends by the vectors that a model gives the nodes of a graph."""
    vectors = encode_graph(model, graph, DEFAULT_BLOCK_SIZE).numpy()
    queries, candidates = (
        vectors_along(
            pa.table(
                {
                    "node_id": graph.node_ids(ntype),
                    "vector": vector_column(vectors[graph.slice_of(ntype)]),
                }
            ),
            axis,
        )
        for ntype, axis in (
            (graph.query, holdout.query_ids),
            (graph.candidate, holdout.candidate_ids),
        )
    )
    return vector_source(queries, candidates)


def baselines(holdout: Holdout, pairs: pa.Table) -> Systems:
    """Fits the baselines that read no times to some pairs."""
    found: Systems = {}
    for name in ("popularity", "covisitation"):
        found[name] = fitted_source(baseline(name, 0), inputs_of(holdout, pairs))
    return found


def inputs_of(holdout: Holdout, pairs: pa.Table) -> ScorerInputs:
    """Returns what scorers without recency see of some pairs of a holdout's nodes."""
    never = datetime.max.replace(tzinfo=UTC)
    return ScorerInputs(pairs, holdout.query_ids, holdout.candidate_ids, never)


def by_totals(case: Case, holdout: Holdout) -> CandidateSource:
    """Recommends by visitors of all time, as ``Popularity`` does by those up to the cut."""
    ids = holdout.candidate_ids.to_pylist()
    totals = np.array([case.totals.get(place, 0) for place in ids], dtype=np.float32)
    return DenseSource(lambda query_rows: np.tile(totals, (len(query_rows), 1)))


def with_totals(graph: RegionGraph, totals: Mapping[str, int]) -> RegionGraph:
    """Returns the graph with a feature of the candidates: log of their visitors of all time."""
    table = graph.nodes[graph.candidate]
    counts = [totals.get(place, 0) for place in table["node_id"].to_pylist()]
    column = pa.array(np.log1p(np.array(counts, dtype=np.float64)))
    return replace(
        graph, nodes={**graph.nodes, graph.candidate: table.append_column("total", column)}
    )


def random_split(case: Case) -> tuple[Holdout, Systems]:
    """Holds out as many pairs of each query, drawn from all of its pairs up to as_of."""
    honest, graph = case.holdout, case.graph(View.SERVE)
    pairs = pd.DataFrame(
        {
            end: np.asarray(graph.node_ids(ntype))[nodes.numpy() - graph.offsets[ntype]]
            for end, ntype, nodes in (
                ("src", graph.query, graph.task_pairs.src),
                ("dst", graph.candidate, graph.task_pairs.dst),
            )
        }
    )
    is_held = drawn(pairs, honest, np.random.default_rng(case.config.training.seed))
    held, kept = pairs[is_held], pairs[~is_held]
    holdout = held_out(honest, held, kept)
    edges, keep = graph.task_pairs, torch.from_numpy(~is_held)
    cut = edges.where(keep)
    thinned = replace(graph, edges={**graph.edges, graph.task_edge: cut})
    model, _ = fit(case, thinned, LightGCNConfig())
    systems = baselines(holdout, holdout.pairs)
    systems["lightgcn"] = by_vectors(model, thinned, holdout)
    return holdout, named(RANDOM_SPLIT, systems)


def drawn(pairs: pd.DataFrame, honest: Holdout, rng: np.random.Generator) -> np.ndarray:
    """Marks, per query, as many candidate pairs as its honest holdout has; bool [pairs]."""
    rows = rows_of(pa.array(pairs["src"]), honest.query_ids)
    places = rows_of(pa.array(pairs["dst"]), honest.candidate_ids)
    order = pd.DataFrame({"row": rows, "at": rng.random(len(rows))})
    order = order[(rows >= 0) & (places >= 0)].sort_values(["row", "at"])
    rank = order.groupby("row").cumcount().to_numpy()
    result = np.zeros(len(pairs), dtype=bool)
    wanted = honest.targets.counts[order["row"].to_numpy()]
    result[order.index.to_numpy()[rank < wanted]] = True
    return result


def held_out(honest: Holdout, held: pd.DataFrame, kept: pd.DataFrame) -> Holdout:
    """Returns a holdout of other pairs for the same queries and candidates."""
    queries, candidates = honest.query_ids, honest.candidate_ids

    def pairs_of(frame: pd.DataFrame) -> RowPairs:
        left = rows_of(pa.array(frame["src"]), queries)
        return RowPairs.of(left, rows_of(pa.array(frame["dst"]), candidates), len(queries))

    left = rows_of(pa.array(kept["src"]), queries)
    return Holdout(
        query_ids=queries,
        candidate_ids=candidates,
        targets=pairs_of(held),
        seen=pairs_of(kept),
        degrees=np.bincount(left[left >= 0], minlength=len(queries)),
        left_out=LeftOutPairs(0, 0, 0),
        pairs=pa.table({end: pa.array(kept[end]) for end in ("src", "dst")}),
    )


def scores(case: Case, holdout: Holdout, systems: Systems) -> pd.DataFrame:
    """Measures systems with the product's code.

    Returns:
        One row per system and query: leak, system, query_id, num_targets, recall, mrr.
    """
    popular = popular_list(inputs_of(holdout, holdout.pairs), recent_days=0)
    whole = {name: System.of(name, source) for name, source in systems.items()}
    queries = measure(holdout, whole, popular, case.config.evaluation).queries.to_pandas()
    parts = []
    for name in systems:
        leak, system = name.split("/")
        own = queries[["query_id", "num_targets"]].assign(leak=leak, system=system)
        parts.append(own.assign(recall=queries[f"{name}_recall"], mrr=queries[f"{name}_mrr"]))
    return pd.concat(parts, ignore_index=True)


def home_scores(cases: list[Case], twins: list[Case], honest: pd.DataFrame) -> pd.DataFrame:
    """Compares homes from events with homes from the whole history, on the same queries.

    A target that is no candidate of the query's home is a miss here, unlike in the product's
    metrics: a better home is one that covers more of them.

    Args:
        cases: The regions with homes from the events before the cut.
        twins: The same regions with homes from a label.
        honest: What ``scores`` says of the first.
    """
    found = [honest[honest["leak"] == HONEST].assign(leak=HOME_HONEST)]
    for twin in twins:
        holdout, train = twin.holdout, twin.graph(View.TRAIN)
        if len(holdout.query_ids):
            systems = baselines(holdout, holdout.pairs)
            model, _ = fit(twin, train, LightGCNConfig())
            systems["lightgcn"] = by_vectors(model, train, holdout)
            found.append(scores(twin, holdout, named(HOME, systems)))
    wanted = num_wanted(cases)
    both = wanted.index.intersection(num_wanted(twins).index)
    judged = pd.concat(found).set_index(["leak", "system", "query_id"])
    parts = []
    for (leak, system), rows in judged.groupby(level=["leak", "system"]):
        if system != "graphsage":
            rows = rows.droplevel(["leak", "system"]).reindex(both).fillna(0)
            hits = rows["recall"] * rows["num_targets"]
            values = {"recall": hits / wanted[both], "mrr": rows["mrr"]}
            parts.append(pd.DataFrame({"leak": leak, "system": system, **values}))
    return pd.concat(parts, ignore_index=True)


def num_wanted(cases: list[Case]) -> pd.Series:
    """Counts the new pairs of each query's holdout, those outside its home included."""
    files = [
        case.snapshot.read_table(holdout_file(case.region), ["query_id", "is_seen"])
        for case in cases
    ]
    rows = pa.concat_tables(files).to_pandas()
    return rows[~rows["is_seen"]].groupby("query_id").size()
