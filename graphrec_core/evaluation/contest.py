"""Which of several recommenders is the best one on the same queries, and by how much.

A recommender's score is the geometric mean of the metrics that the gate judges, recall@k and MRR,
so that one per cent more of either counts the same.
"""

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np

from graphrec_core.config.recommender import OWN
from graphrec_core.evaluation.interval import FEWEST
from graphrec_core.evaluation.measure import Measured
from graphrec_core.evaluation.metrics import judged_metrics
from graphrec_core.lake.records import Better, ChosenBy, ContenderFigures, ContestFigures

PerQuery = Mapping[str, np.ndarray]
"""Metric -> its value for each query, float64 [Q] in [0, 1]."""
Contest = Mapping[str, PerQuery]
"""Contender -> its metrics on the same queries, in order: of equal ones the first wins."""
Ratio = tuple[float, float, float]
CONFIDENCE = 0.95
"""Level of the ratios' intervals."""


def scored_metrics() -> list[str]:
    """Names the metrics of a score: the judged shares of which more is better."""
    metrics = judged_metrics()
    return [one.name for one in metrics if one.is_share and one.better is Better.GREATER]


def nobody() -> PerQuery:
    """Returns the metrics of no query."""
    return {name: np.zeros(0) for name in scored_metrics()}


def per_query(measured: Measured, system: str) -> PerQuery:
    """Takes one system's metrics from what was measured."""
    metrics = {one.name: one.column_of(system) for one in judged_metrics()}
    return {name: np.asarray(measured.queries[metrics[name]]) for name in scored_metrics()}


def num_queries(contest: Contest) -> int:
    """Counts the queries of a contest."""
    return len(next(iter(next(iter(contest.values())).values()))) if contest else 0


def score(values: PerQuery) -> float:
    """Returns the geometric mean of the metrics' means, in [0, 1]; 0 without a query."""
    means = [float(one.mean()) if len(one) else 0.0 for one in values.values()]
    return float(np.prod(means) ** (1 / len(means)))


def ratio_of_scores(own: PerQuery, other: PerQuery) -> Ratio | None:
    """Divides a score by another one on the same queries; with an interval.

    The interval is that of the delta method for the logarithm of the ratio, paired by query (Deng,
    Knoblich and Lu, KDD 2018, "Applying the delta method in metric analytics").

    Returns:
        The ratio and its bounds; None: a score is 0, or there are fewer than ``FEWEST`` queries.
    """
    first, second = score(own), score(other)
    num = num_queries({"": own})
    if num < FEWEST or not first or not second:
        return None
    parts = [own[name] / own[name].mean() - other[name] / other[name].mean() for name in own]
    spread = float(np.mean(parts, axis=0).std(ddof=1)) / np.sqrt(num)
    half = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2) * spread
    ratio = first / second
    return ratio, ratio * float(np.exp(-half)), ratio * float(np.exp(half))


def best_of(contest: Contest) -> str:
    """Names the contender with the greatest score, of equal ones the first."""
    return max(contest, key=lambda name: score(contest[name]))


def pooled(contests: Sequence[Contest], names: Sequence[str]) -> Contest:
    """Puts the queries of the contests together in which all of some contenders took part."""
    whole = [one for one in contests if set(names) <= set(one)]
    return {
        name: {
            metric: np.concatenate([nothing, *(one[name][metric] for one in whole)])
            for metric, nothing in nobody().items()
        }
        for name in names
    }


def choose(contest: Contest, others: Sequence[Contest], min_queries: int) -> tuple[str, ChosenBy]:
    """Chooses a region's recommender.

    The best one by the region's own queries; with too few of them, by those of all regions
    together; with too few of these, or where the configured one could not compete, that one.

    Args:
        contest: The region's; empty where nobody could compete.
        others: Those of all regions, this one's among them.
        min_queries: Fewest queries that can tell.
    """
    if OWN not in contest:
        return OWN, "default"
    if num_queries(contest) >= min_queries:
        return best_of(contest), "region"
    pool = pooled(others, list(contest))
    if num_queries(pool) >= min_queries:
        return best_of(pool), "pool"
    return OWN, "default"


def contest_figures(contest: Contest) -> ContestFigures:
    """Says how the contenders did."""
    own = contest.get(OWN)
    return ContestFigures(
        num_queries=num_queries(contest),
        contenders={
            name: _figures(values, own if name != OWN else None)
            for name, values in contest.items()
            if num_queries(contest)
        },
    )


def _figures(values: PerQuery, own: PerQuery | None) -> ContenderFigures:
    ratio = ratio_of_scores(values, own) if own is not None else None
    bounds = dict(zip(("ratio", "ratio_low", "ratio_high"), ratio, strict=True)) if ratio else {}
    means = {name: float(one.mean()) for name, one in values.items()}
    return ContenderFigures(metrics=means, score=score(values), **bounds)
