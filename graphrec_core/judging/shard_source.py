"""One source of a shard, from what it says of the shard's view."""

from dataclasses import dataclass

import numpy as np

from graphrec_core.config import StepName
from graphrec_core.config.model import EncoderConfig
from graphrec_core.day import Day
from graphrec_core.evaluation.evidence import Counted
from graphrec_core.index.ann import build_index, choose_factory, recall_against_exact, search_of
from graphrec_core.judging.embedded import embedded_lists, embedded_vectors
from graphrec_core.judging.shard_view import ShardView
from graphrec_core.lake.records import EmbeddingFigures, ShardSource
from graphrec_core.retrieval.shard_sources import StoredSource
from graphrec_core.retrieval.sources import IndexSource, TableSource
from graphrec_core.types import Region


@dataclass(frozen=True)
class BuiltSource:
    """A source ready to be stored.

    Attributes:
        source: What is stored.
        figures: What the shard says of it.
        recall: An index's recall against exact search, in [0, 1]; None: it is no index.
    """

    source: StoredSource
    figures: ShardSource
    recall: Counted | None = None


def build_source(day: Day, region: Region, name: str, view: ShardView) -> BuiltSource:
    """Builds a source along the axes of a view, and measures its index.

    Raises:
        LakeError: Its embedding is missing or damaged, or a vector is not finite.
    """
    settings = day.config.recommender.sources[name]
    if isinstance(settings, EncoderConfig):
        return _build_index(day, region, name, view)
    embedding = day.open(day.ref(StepName.EMBED, region, view.view, name))
    axes = view.query_ids, view.candidate_ids
    source = embedded_lists(embedding, view.view, region, *axes)
    kind = "table" if isinstance(source, TableSource) else "list"
    own, quota = settings.own_settings(), settings.quota
    return BuiltSource(source, ShardSource(name=name, kind=kind, settings=own, quota=quota))


def _build_index(day: Day, region: Region, name: str, view: ShardView) -> BuiltSource:
    config, settings = day.config, day.config.recommender.sources[name]
    embedding = day.open(day.ref(StepName.EMBED, region, view.view, name))
    at = embedding, view.view, region
    queries = embedded_vectors(*at, config.task.query, view.query_ids)
    candidates = embedded_vectors(*at, config.task.candidate, view.candidate_ids)
    index = build_index(candidates, config.index)
    asked = _sample(queries, view.home_rows(), candidates, config.index.num_recall_queries)
    recall = recall_against_exact(search_of(index), asked, candidates, config.index.recall_k)
    figures = ShardSource(
        name=name,
        kind="index",
        settings=settings.own_settings(),
        quota=settings.quota,
        model_id=day.ref(StepName.TRAIN, region, source=name).id,
        factory=choose_factory(config.index.factory, len(candidates)),
        ann_recall=recall,
        refit=embedding.manifest.figures(EmbeddingFigures).refit.get(region),
    )
    return BuiltSource(IndexSource(index, queries), figures, Counted(recall, len(asked)))


def _sample(queries: np.ndarray, home: np.ndarray, candidates: np.ndarray, num: int) -> np.ndarray:
    """Picks vectors to measure recall with, evenly from the home queries that have one.

    Without such a query the first candidates themselves are the queries.

    Returns:
        float32 [at most num, d].
    """
    rows = home[queries[home].any(axis=1)]
    if len(rows) == 0:
        return candidates[:num]
    evenly = np.linspace(0, len(rows) - 1, min(num, len(rows))).astype(np.int64)
    return queries[rows[evenly]]
