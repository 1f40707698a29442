"""A newcomer's metric of which less is better, as its one entry: the rank of the first hit."""

import numpy as np
import pytest

from graphrec_core.evaluation.metrics import METRICS, Answers, Metric
from graphrec_core.lake.records import Better

CEILING = 40.0


def first_rank(answers: Answers) -> np.ndarray:
    """Rank of the first hit, float64 [Q]; one more than the depth without any."""
    first = answers.hits.argmax(axis=1) + 1.0
    return np.where(answers.hits.any(axis=1), first, answers.depth + 1.0)


MEAN_RANK = Metric(
    name="mean_rank",
    title="mean rank",
    per_query=first_rank,
    better=Better.SMALLER,
    limits=lambda config: (1.0, config.depth + 1.0),
    is_judged=True,
    bound=lambda gate: CEILING,
)


@pytest.fixture
def mean_rank(monkeypatch: pytest.MonkeyPatch) -> Metric:
    """The metric, registered."""
    monkeypatch.setitem(METRICS, MEAN_RANK.name, MEAN_RANK)
    return MEAN_RANK
