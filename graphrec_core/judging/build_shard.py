"""A region's shard: found, or built from the serve view, measured and committed."""

import logging
from datetime import datetime

import pyarrow as pa

from graphrec_core.axes.rows import id_array
from graphrec_core.config import StepName
from graphrec_core.day import Day
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
from graphrec_core.judging.serve_view import ServeView, popular_table, read_serve_view
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import EmbeddingFigures, ShardFigures, ShardSource
from graphrec_core.models.popularity import RecentPopularity
from graphrec_core.models.scorer import ScorerInputs
from graphrec_core.retrieval.shard import ShardTables, write_shard
from graphrec_core.retrieval.sources import IndexSource
from graphrec_core.types import Region, View

logger = logging.getLogger(__name__)


def produce_shard(day: Day, region: Region) -> Artifact:
    """Builds, measures and stores; a recall below the floor is a result, not an error.

    Raises:
        EmptyTableError: The region has no candidate in the serve view.
        LakeError: An earlier step's artefact is missing, or a vector is not finite.
    """
    config = day.config

    def write(trial: Attempt) -> ShardFigures:
        use_threads(config.index.num_threads)
        snapshot = day.open(day.ref(StepName.SNAPSHOT))
        embedding = day.open(day.ref(StepName.EMBED, region, View.SERVE))
        view = read_serve_view(config, snapshot, embedding, region)
        vectors, measured = view.candidate_vectors, view.sample(config.index.num_recall_queries)
        index = build_index(vectors, config.index)
        source = IndexSource(index, view.query_vectors)
        recall = recall_against_exact(search_of(index), measured, vectors, config.index.recall_k)
        counted = {ANN_RECALL: Counted(recall, len(measured))}
        decisions = judge(Evidence(config.gate, numbers=counted))
        figures = ShardFigures(
            num_candidates=view.candidates.num_rows,
            num_queries=view.queries.num_rows,
            sources=(
                ShardSource(
                    name=config.model.name,
                    kind="index",
                    settings=config.model.model_dump(mode="json"),
                    model_id=day.ref(StepName.TRAIN, region).id,
                    factory=choose_factory(config.index.factory, view.candidates.num_rows),
                    ann_recall=recall,
                    refit=embedding.manifest.figures(EmbeddingFigures).refit.get(region),
                ),
            ),
            recall_k=config.index.recall_k,
            rules=tuple(decisions),
            verdict=verdict_of(decisions),
        )
        popular = _popular(view, day.as_of, config.evaluation.recent_days)
        tables = ShardTables(view.candidates, view.queries, view.seen(), popular)
        write_shard(trial, tables, {config.model.name: source}, figures)
        logger.info("shard of %s: ann_recall %.3f", region, recall)
        return figures

    return day.produce(day.ref(StepName.SHARD, region), write)


def _popular(view: ServeView, as_of: datetime, days: int) -> pa.Table:
    axes = id_array(view.queries["node_id"]), id_array(view.candidates["node_id"])
    popularity = RecentPopularity()
    popularity.fit(ScorerInputs(view.pairs, *axes, as_of, days))
    return popular_table(axes[1], *popularity.ranked())
