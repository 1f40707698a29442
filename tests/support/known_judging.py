"""The metrics and rules that tests know by hand.

A newcomer's metric or rule comes with tests of its own, and changes no number in these: a
``conftest.py`` that imports ``known`` leaves it out.
"""

from collections.abc import Iterator

import pytest

from graphrec_core.evaluation import rules
from graphrec_core.evaluation.metrics import METRICS

KNOWN_METRICS = ("recall", "mrr", "ndcg", "hit_rate")
KNOWN_RULES = (
    "floor", "baseline", "own_source", "champion", "same_day", "elder", "slice", "ann_recall",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def known() -> Iterator[None]:
    """Leaves out metrics and rules that these tests do not know."""
    kept = tuple(rule for rule in rules.RULES if rule.name in KNOWN_RULES)
    with pytest.MonkeyPatch.context() as patch:
        for name in set(METRICS) - set(KNOWN_METRICS):
            patch.delitem(METRICS, name)
        patch.setattr(rules, "RULES", kept)
        yield
