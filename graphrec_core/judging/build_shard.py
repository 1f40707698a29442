"""A region's shard: found, or built from its view, measured and committed."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphrec_core.config import StepName
from graphrec_core.config.recommender import RankerConfig, ReciprocalRankConfig
from graphrec_core.day import Day
from graphrec_core.evaluation.evidence import Evidence
from graphrec_core.evaluation.rules import ANN_RECALL, judge
from graphrec_core.evaluation.settling import verdict_of
from graphrec_core.index.ann import use_threads
from graphrec_core.judging.fitted import popular_list
from graphrec_core.judging.opened_ranker import open_ranker
from graphrec_core.judging.scorer_lists import list_table
from graphrec_core.judging.shard_source import BuiltSource, build_source
from graphrec_core.judging.shard_view import read_shard_view
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import GateDecision, ShardFigures
from graphrec_core.models.scorer import ScorerInputs
from graphrec_core.retrieval.learned_ranker import LearnedRanker
from graphrec_core.retrieval.ranker import Ranker
from graphrec_core.retrieval.shard import ShardTables, write_shard
from graphrec_core.retrieval.shard_sources import StoredSource
from graphrec_core.types import Region, View

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BuiltShard:
    """A shard ready to be stored.

    Attributes:
        tables: What its sources share.
        sources: By name.
        ranker: Merges what they propose.
        figures: What is said of it.
    """

    tables: ShardTables
    sources: Mapping[str, StoredSource]
    ranker: Ranker
    figures: ShardFigures

    def write(self, trial: Attempt) -> ShardFigures:
        """Writes its files into an attempt; returns its figures."""
        write_shard(trial, self.tables, self.sources, self.ranker, self.figures)
        return self.figures


def produce_shard(day: Day, region: Region) -> Artifact:
    """Builds, measures and stores; a recall below the floor is a result, not an error.

    Raises:
        EmptyTableError: The region has no candidate in the serve view.
        LakeError: An earlier step's artefact is missing, the choice between challengers too, or a
            vector is not finite.
    """
    day = day.of_region(region)

    def write(trial: Attempt) -> ShardFigures:
        figures = build_shard(day, region, View.SERVE).write(trial)
        logger.info("shard of %s: ann_recall %s", region, figures.ann_recall)
        return figures

    return day.produce(day.ref(StepName.SHARD, region), write)


def build_shard(day: Day, region: Region, view: View) -> BuiltShard:
    """Builds what answers by one view: the serve view's is served, the train view's is judged.

    Raises:
        EmptyTableError: The region has no candidate in the view.
        LakeError: An earlier step's artefact is missing, or a vector is not finite.
    """
    config = day.config
    use_threads(config.index.num_threads)
    snapshot = day.open(day.ref(StepName.SNAPSHOT))
    read = read_shard_view(config, snapshot, region, view)
    built = [build_source(day, region, name, read) for name in config.recommender.sources]
    decisions, axes = _judged(day, built), (read.query_ids, read.candidate_ids)
    ranker = open_ranker(day, snapshot, view, region, axes)
    figures = ShardFigures(
        num_candidates=read.candidates.num_rows,
        num_queries=read.queries.num_rows,
        sources=tuple(one.figures for one in built),
        ranker=_settings(ranker, config.recommender.ranker),
        recall_k=config.index.recall_k,
        rules=tuple(decisions),
        verdict=verdict_of(decisions),
    )
    inputs = ScorerInputs(read.pairs, *axes, config.time.end_of(day.as_of, view))
    popular = popular_list(inputs, config.evaluation.recent_days)
    listed = list_table(read.candidate_ids, popular.rows, popular.scores)
    tables = ShardTables(read.candidates, read.queries, read.seen(), listed)
    sources = {one.figures.name: one.source for one in built}
    return BuiltShard(tables, sources, ranker, figures)


def _settings(ranker: Ranker, configured: RankerConfig) -> dict[str, Any]:
    """Returns those of the ranker in use: nothing was fitted where there was too little past."""
    is_used = isinstance(ranker, LearnedRanker) or not configured.is_fitted
    return (configured if is_used else ReciprocalRankConfig()).model_dump(mode="json")


def _judged(day: Day, built: list[BuiltSource]) -> list[GateDecision]:
    """Judges the worst index; a shard without one has nothing to be judged."""
    counted = [one.recall for one in built if one.recall is not None]
    worst = {ANN_RECALL: min(counted, key=lambda one: one.value)} if counted else {}
    return judge(Evidence(day.config.gate, numbers=worst))
