"""Scorers fitted to the pairs of a view, as sources that propose by their own scores."""

from datetime import datetime

from graphrec_core.config.model import PopularityConfig, ScorerConfig
from graphrec_core.evaluation.holdout import Holdout
from graphrec_core.models.popularity import Popularity
from graphrec_core.models.registry import build_scorer
from graphrec_core.models.scorer import QueryFreeScorer, ScorerInputs
from graphrec_core.retrieval.sources import DenseSource, ListSource


def scorer_inputs(holdout: Holdout, cut: datetime) -> ScorerInputs:
    """Returns what a scorer may learn from before it is judged on a holdout.

    Args:
        holdout: Its queries, candidates and the pairs before it.
        cut: The train view's instant.
    """
    return ScorerInputs(
        holdout.pairs, holdout.query_ids, holdout.candidate_ids, cut, holdout.tables
    )


def fitted_source(settings: ScorerConfig, inputs: ScorerInputs) -> DenseSource | ListSource:
    """Fits a scorer."""
    scorer = build_scorer(settings)
    scorer.fit(inputs)
    if isinstance(scorer, QueryFreeScorer):
        return ListSource(*scorer.ranked())
    return DenseSource(scorer.scores)


def popular_list(inputs: ScorerInputs, recent_days: int) -> ListSource:
    """Ranks by recent popularity: the list that fills up and falls back, wherever one is needed.

    Args:
        inputs: The pairs of a view.
        recent_days: ``evaluation.recent_days``.
    """
    popularity = Popularity(PopularityConfig(window_days=recent_days))
    popularity.fit(inputs)
    return ListSource(*popularity.ranked())
