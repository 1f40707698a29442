"""Ranking metrics, one value per query, and the registry of them.

A new metric is a function here and its entry in ``METRICS``: measuring, the gate, tables and
pictures follow, in the direction that the entry states. It changes the results of
``evaluate-model``, whose version goes up with it.

Legend: Q queries, K ranks. ``hits`` is bool [Q, K], column 0 is rank 1; ``num_targets`` is
int [Q], at least 1 each.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from graphrec_core.config.evaluation import EvaluationConfig
from graphrec_core.config.gate import GateConfig
from graphrec_core.lake.records import Better

Limits = tuple[float, float]


def recall(hits: np.ndarray, num_targets: np.ndarray, k: int) -> np.ndarray:
    """Share of the targets among the first k: ``hits@k / num_targets``, float64 [Q] in [0, 1].

    Not capped: a query with more than k targets cannot reach 1.
    """
    return np.asarray(hits[:, :k].sum(axis=1) / num_targets)


def mrr(hits: np.ndarray) -> np.ndarray:
    """Reciprocal rank of the first hit, float64 [Q] in [0, 1]; 0 without one (Voorhees, 1999)."""
    first = hits.argmax(axis=1)
    return np.asarray(np.where(hits.any(axis=1), 1 / (first + 1), 0.0))


def ndcg(hits: np.ndarray, num_targets: np.ndarray, k: int) -> np.ndarray:
    """Binary NDCG@k (Järvelin and Kekäläinen, 2002), float64 [Q] in [0, 1].

    ``sum over hits at rank r <= k of 1 / log2(r + 1)``, divided by the same sum over the
    ideal list's ``min(k, num_targets)`` first ranks.
    """
    gains = 1 / np.log2(np.arange(2, k + 2))
    gained: np.ndarray = hits[:, :k] @ gains[: hits.shape[1]]
    ideal = np.cumsum(gains)[np.minimum(num_targets, k) - 1]
    return np.asarray(gained / ideal)


def hit_rate(hits: np.ndarray, k: int) -> np.ndarray:
    """Whether any of the first k is a target, float64 [Q], 0 or 1."""
    return np.asarray(hits[:, :k].any(axis=1), dtype=np.float64)


def mark_hits(
    rows: np.ndarray, targets: tuple[np.ndarray, np.ndarray], num_candidates: int
) -> np.ndarray:
    """Marks which ranked candidates are targets.

    Args:
        rows: int64 [Q, K]; candidate rows, -1 for none.
        targets: Query positions and candidate rows of the targets, int64 [T] each.
        num_candidates: Length of the candidate axis.

    Returns:
        bool [Q, K].
    """
    wanted = targets[0] * num_candidates + targets[1]
    keys = np.arange(len(rows))[:, None] * num_candidates + rows
    return np.isin(keys, wanted) & (rows >= 0)


@dataclass(frozen=True)
class Answers:
    """Some queries' ranked lists, as a metric sees them.

    Attributes:
        hits: bool [Q, K].
        num_targets: int [Q].
        k: Cut-off of a metric.
        depth: Ranks that a list has at most; K may be less where there are few candidates.
    """

    hits: np.ndarray
    num_targets: np.ndarray
    k: int
    depth: int


def share(config: EvaluationConfig) -> Limits:
    """The limits of a share: 0 and 1."""
    return 0.0, 1.0


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        name: Its name in figures, decisions and tables.
        title: Its name for people; ``{k}`` becomes the cut-off.
        per_query: Its values, float64 [Q], each a number.
        better: Which way it is better.
        limits: The least and the greatest value that a query can have.
        is_judged: Whether the gate compares it with the references.
        bound: The setting of the gate that its mean must reach, or must not exceed where smaller
            is better; None: there is none.
        column: Its part of the columns ``<system>_<column>`` in queries.parquet; empty: the name.
    """

    name: str
    title: str
    per_query: Callable[[Answers], np.ndarray]
    better: Better = Better.GREATER
    limits: Callable[[EvaluationConfig], Limits] = share
    is_judged: bool = False
    bound: Callable[[GateConfig], float] | None = None
    column: str = ""

    @property
    def is_share(self) -> bool:
        """Whether its values lie in [0, 1]."""
        return self.limits is share

    def column_of(self, system: str) -> str:
        """Names the column of its values for a system."""
        return f"{system}_{self.column or self.name}"

    def title_at(self, k: int | None) -> str:
        """Names it with its cut-off: ``recall@20``."""
        return self.title.format(k="k" if k is None else k)

    def best(self, values: list[float]) -> float:
        """Returns the best of some values, at least one."""
        return max(values, key=lambda value: self.better.sign * value)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name="recall",
            title="recall@{k}",
            per_query=lambda answers: recall(answers.hits, answers.num_targets, answers.k),
            is_judged=True,
            bound=lambda gate: gate.min_recall,
        ),
        Metric(
            name="mrr",
            title="MRR",
            per_query=lambda answers: mrr(answers.hits),
            is_judged=True,
            bound=lambda gate: gate.min_mrr,
        ),
        Metric(
            name="ndcg",
            title="NDCG@{k}",
            per_query=lambda answers: ndcg(answers.hits, answers.num_targets, answers.k),
        ),
        Metric(
            name="hit_rate",
            title="hit rate@{k}",
            per_query=lambda answers: hit_rate(answers.hits, answers.k),
            column="hit",
        ),
    )
}
"""Name -> metric, in the order in which they are shown."""


def judged_metrics() -> list[Metric]:
    """Returns the metrics that the gate judges."""
    return [metric for metric in METRICS.values() if metric.is_judged]


def measured_systems(columns: Iterable[str]) -> list[str]:
    """Names the systems that have a column of every metric, in order."""
    names, metrics = dict.fromkeys(columns), list(METRICS.values())
    ending = metrics[0].column_of("")
    systems = [name.removesuffix(ending) for name in names if name.endswith(ending)]
    return [name for name in systems if all(one.column_of(name) in names for one in metrics)]
