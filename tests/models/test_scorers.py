import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.models.covisitation import Covisitation
from graphrec_core.models.popularity import Popularity
from graphrec_core.models.scorer import Interactions, interactions_of


def _interactions(pairs: list[tuple[str, str]], queries: str, candidates: str) -> Interactions:
    src, dst = zip(*pairs, strict=True) if pairs else ((), ())
    return interactions_of(
        pa.chunked_array([pa.array(src, pa.string())]),
        pa.chunked_array([pa.array(dst, pa.string())]),
        pa.array(list(queries), pa.string()),
        pa.array(list(candidates), pa.string()),
    )


PAIRS = [("u", "a"), ("u", "b"), ("u", "b"), ("v", "b"), ("v", "c"), ("w", "b"), ("w", "x")]


def test_axes_start_with_what_was_asked_for() -> None:
    found = _interactions(PAIRS, "vu", "abc")
    assert found.num_candidates == 3
    assert found.matrix.toarray()[:2, :3].tolist() == [[0, 1, 1], [1, 1, 0]]
    assert found.matrix.shape == (3, 4)


def test_popularity_counts_distinct_queries_and_ties_go_by_id() -> None:
    popularity = Popularity()
    popularity.fit(_interactions(PAIRS, "uvw", "abcd"))
    rows, scores = popularity.ranked()
    assert rows.tolist() == [1, 0, 2, 3]
    assert scores.tolist() == [3, 1, 1, 0]
    assert popularity.scores(np.array([0, 1])).tolist() == [[1, 3, 1, 0]] * 2


def test_covisitation_by_hand() -> None:
    covisitation = Covisitation()
    covisitation.fit(_interactions(PAIRS, "uvw", "abcd"))
    scores = covisitation.scores(np.array([0]))[0]
    # u met a and b; |a|=1, |b|=3, |c|=1; a and b share u, b and c share v, b and b share all.
    assert scores[:3] == pytest.approx([1 + 1 / 3**0.5, 1 + 1 / 3**0.5, 1 / 3**0.5])
    assert scores[3] == -np.inf


@given(
    st.lists(st.tuples(st.sampled_from("uvwz"), st.sampled_from("abcxy")), max_size=14),
)
def test_covisitation_equals_the_naive_walk(pairs: list[tuple[str, str]]) -> None:
    covisitation = Covisitation()
    covisitation.fit(_interactions(pairs, "uvwz", "abc"))
    scores = covisitation.scores(np.arange(4))
    met = {c: {q for q, d in pairs if d == c} for c in "abcxy"}
    for row, query in enumerate("uvwz"):
        for column, candidate in enumerate("abc"):
            naive = sum(
                len(met[candidate] & met[other]) / (len(met[candidate]) * len(met[other])) ** 0.5
                for other in "abcxy"
                if query in met[other] and met[candidate]
            )
            assert scores[row, column] == pytest.approx(naive if naive else -np.inf)
