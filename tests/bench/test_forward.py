"""The forward test's own arithmetic, by hand."""

import pandas as pd
import pytest

from bench.forward import metrics, popularity_order


def test_recall_is_not_capped_and_mrr_looks_at_the_first_hit() -> None:
    ranked = ["a", "b", "c", *(f"x{number}" for number in range(20)), "late"]
    found = metrics(ranked, {"b", "c", "late", "never"})
    assert found == {"recall@20": pytest.approx(2 / 4), "mrr": pytest.approx(1 / 2)}
    assert metrics(ranked, {"never"}) == {"recall@20": 0.0, "mrr": 0.0}
    assert metrics(ranked, {"late"}) == {"recall@20": 0.0, "mrr": pytest.approx(1 / 24)}


def test_popularity_counts_distinct_visitors_of_candidates_and_breaks_ties_by_id() -> None:
    nodes = pd.DataFrame({"node_id": list("abcd"), "is_candidate": [True, True, True, False]})
    edges = pd.DataFrame({"src": ["u", "v", "u", "w"], "dst": ["b", "b", "c", "d"]})
    assert popularity_order(nodes, edges) == ["b", "c", "a"]
