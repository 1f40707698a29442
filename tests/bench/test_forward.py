"""The forward test's own arithmetic, by hand."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from bench.forward import linear_filter, metrics, ranked_by


def test_recall_is_not_capped_and_mrr_looks_at_the_first_hit() -> None:
    ranked = ["a", "b", "c", *(f"x{number}" for number in range(20)), "late"]
    found = metrics(ranked, {"b", "c", "late", "never"})
    assert found == {"recall@20": pytest.approx(2 / 4), "mrr": pytest.approx(1 / 2)}
    assert metrics(ranked, {"never"}) == {"recall@20": 0.0, "mrr": 0.0}
    assert metrics(ranked, {"late"}) == {"recall@20": 0.0, "mrr": pytest.approx(1 / 24)}


EDGES = pd.DataFrame({"src": ["u", "v", "u", "w"], "dst": ["b", "b", "c", "d"]})


def test_popularity_counts_distinct_visitors_of_candidates_and_breaks_ties_by_id() -> None:
    found = ranked_by(["popularity"], EDGES, ["a", "b", "c"], ["new", "u"])
    assert found == {"popularity": {"new": ["b", "c", "a"], "u": ["a"]}}


def test_the_linear_filter_is_the_formula() -> None:
    met = sp.csr_array(np.array([[1, 1, 0], [0, 1, 1], [1, 0, 0], [1, 1, 1]], dtype=float))
    b, du, di = met.toarray(), np.array([2, 2, 1, 3]), np.array([3, 3, 2])
    a = b / np.sqrt(du)[:, None] / np.sqrt(di)
    v = np.linalg.svd(a)[2][:2].T  # rank: below the smaller side
    wanted = b @ a.T @ a + 0.3 * (b / np.sqrt(di)) @ v @ v.T * np.sqrt(di)
    assert linear_filter(met) == pytest.approx(wanted)


def test_friends_of_friends_counts_neighbours_in_common_whoever_wrote() -> None:
    edges = pd.DataFrame({"src": ["a", "c", "d", "x"], "dst": ["b", "b", "b", "c"]})
    found = ranked_by(["friends of friends"], edges, ["a", "b", "c", "d"], ["a", "x"])
    # a shares b with c and d; x, who is no candidate, shares c with b.
    assert found["friends of friends"] == {"a": ["c", "d"], "x": ["b", "a", "d"]}
