"""Builds a region's self-contained shard from the serve view and measures its index."""

import logging
from datetime import datetime

import pyarrow as pa

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.evaluation.evidence import Counted, Evidence
from graphrec_core.evaluation.rules import ANN_RECALL, judge
from graphrec_core.evaluation.settling import verdict_of
from graphrec_core.index.ann import (
    build_index,
    choose_factory,
    recall_against_exact,
    search_of,
    use_threads,
)
from graphrec_core.index.axis import id_array
from graphrec_core.index.shard import ShardTables, write_shard
from graphrec_core.index.shard_tables import ServeView, popular_table, read_serve_view
from graphrec_core.lake import Lake, Manifest, attempt, find_artifact, open_artifact
from graphrec_core.lake.records import ShardFigures
from graphrec_core.ledger.chain import Chain
from graphrec_core.models.popularity import RecentPopularity
from graphrec_core.models.scorer import ScorerInputs
from graphrec_core.types import Region, View

logger = logging.getLogger(__name__)


def run(config: PipelineConfig, as_of: datetime, region: Region) -> Manifest:
    """Builds, measures and stores; a recall below the floor is a result, not an error.

    Raises:
        EmptyTableError: The region has no candidate in the serve view.
        LakeError: An earlier step's artefact is missing, or a vector is not finite.
    """
    lake, chain = Lake(config), Chain(config, as_of)
    shard_id, inputs = chain.shard_id(region), chain.shard_inputs(region)
    folder = lake.layout.shard(region, shard_id)
    if (done := find_artifact(lake.storage, folder)) is not None:
        logger.info("shard %s of %s is already there", shard_id, region)
        return done.manifest
    use_threads(config.training.num_threads)
    snapshot = open_artifact(lake.storage, lake.layout.snapshot(as_of, chain.snapshot_id()))
    embedding = open_artifact(
        lake.storage, lake.layout.embedding(chain.embedding_id(region, View.SERVE))
    )
    with attempt(lake.storage, folder, shard_id) as trial:
        view = read_serve_view(config, snapshot, embedding, region)
        vectors, measured = view.candidate_vectors, view.sample(config.index.num_recall_queries)
        index = build_index(vectors, config.index)
        recall = recall_against_exact(search_of(index), measured, vectors, config.index.recall_k)
        counted = {ANN_RECALL: Counted(recall, len(measured))}
        decisions = judge(Evidence(config.gate, numbers=counted))
        figures = ShardFigures(
            num_candidates=view.candidates.num_rows,
            num_queries=view.num_queries,
            factory=choose_factory(config.index.factory, view.candidates.num_rows),
            ann_recall=recall,
            recall_k=config.index.recall_k,
            refit=embedding.manifest.stats["refit"].get(region),
            rules=tuple(decisions),
            verdict=verdict_of(decisions),
        )
        popular = _popular(view, as_of, config.evaluation.recent_days)
        tables = ShardTables(view.candidates, view.queries, view.seen(), popular)
        write_shard(trial, index, tables, figures)
        logger.info("shard of %s: ann_recall %.3f", region, recall)
        return trial.commit(StepName.SHARD, config, as_of, region, inputs, figures).manifest


def _popular(view: ServeView, as_of: datetime, days: int) -> pa.Table:
    axes = id_array(view.queries["node_id"]), id_array(view.candidates["node_id"])
    popularity = RecentPopularity()
    popularity.fit(ScorerInputs(view.pairs, *axes, as_of, days))
    return popular_table(axes[1], *popularity.ranked())
