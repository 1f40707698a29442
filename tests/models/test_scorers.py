from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.models.covisitation import Covisitation
from graphrec_core.models.popularity import Popularity, RecentPopularity
from graphrec_core.models.scorer import ScorerInputs

INSTANT = datetime(2026, 1, 29, tzinfo=UTC)
TIMED = pa.schema(
    [
        ("src", pa.string()),
        ("dst", pa.string()),
        ("last_event_time", pa.timestamp("us", tz="UTC")),
    ]
)


def _inputs(
    pairs: list[tuple[str, str]],
    queries: str,
    candidates: str,
    recent: list[tuple[str, str]] = [],  # noqa: B006  (never changed)
) -> ScorerInputs:
    """Pairs of long ago, and pairs of an hour before the instant."""
    old, new = INSTANT - timedelta(days=100), INSTANT - timedelta(hours=1)
    rows = [(*pair, old) for pair in pairs] + [(*pair, new) for pair in recent]
    columns = [[row[place] for row in rows] for place in range(3)]
    ids = (pa.array(list(names), pa.string()) for names in (queries, candidates))
    return ScorerInputs(pa.table(columns, schema=TIMED), *ids, INSTANT, 28)


PAIRS = [("u", "a"), ("u", "b"), ("u", "b"), ("v", "b"), ("v", "c"), ("w", "b"), ("w", "x")]


def test_axes_start_with_what_was_asked_for() -> None:
    found = _inputs(PAIRS, "vu", "abc").interactions
    assert found.num_candidates == 3
    assert found.matrix.toarray()[:2, :3].tolist() == [[0, 1, 1], [1, 1, 0]]
    assert found.matrix.shape == (3, 4)


def test_popularity_counts_distinct_queries_and_ties_go_by_id() -> None:
    popularity = Popularity()
    popularity.fit(_inputs(PAIRS, "uvw", "abcd"))
    assert popularity.scores(np.array([0, 1])).tolist() == [[1, 3, 1, 0]] * 2


def test_recent_popularity_goes_on_with_that_of_all_time() -> None:
    recent = [("w", "c"), ("u", "a"), ("u", "c"), ("u", "d"), ("u", "d")]
    popularity = RecentPopularity()
    popularity.fit(_inputs(PAIRS, "uvw", "abcde", recent))
    rows, scores = popularity.ranked()
    # Recently c had two queries, a and d one each; of all time b had three and e none.
    assert rows.tolist() == [2, 0, 3, 1, 4]
    assert scores.tolist() == [2, 1, 1, 0, 0]
    assert popularity.scores(np.array([0, 1])).tolist() == [[4, 2, 5, 3, 1]] * 2


@given(
    st.lists(
        st.tuples(st.sampled_from("uvwz"), st.sampled_from("abcx"), st.integers(-3, 3)),
        max_size=20,
        unique_by=lambda row: row[:2],
    )
)
def test_recent_popularity_equals_the_naive_one(rows: list[tuple[str, str, int]]) -> None:
    """Hours around the first recent instant, which is inside."""
    first = INSTANT - timedelta(days=28)
    times = [first + timedelta(hours=hour) for _, _, hour in rows]
    columns = [[q for q, _, _ in rows], [c for _, c, _ in rows], times]
    pairs = pa.table(columns, schema=TIMED)
    popularity = RecentPopularity()
    popularity.fit(ScorerInputs(pairs, pa.array(["u"]), pa.array(list("abc")), INSTANT, 28))

    def key(candidate: str) -> tuple[int, int, str]:
        hours = [hour for _, c, hour in rows if c == candidate]
        return -sum(hour >= 0 for hour in hours), -len(hours), candidate

    found, counts = popularity.ranked()
    wanted = sorted("abc", key=key)
    assert ["abc"[row] for row in found] == wanted
    assert counts.tolist() == [-key(candidate)[0] for candidate in wanted]


def test_covisitation_by_hand() -> None:
    covisitation = Covisitation()
    covisitation.fit(_inputs(PAIRS, "uvw", "abcd"))
    scores = covisitation.scores(np.array([0]))[0]
    # u met a and b; |a|=1, |b|=3, |c|=1; a and b share u, b and c share v, b and b share all.
    assert scores[:3] == pytest.approx([1 + 1 / 3**0.5, 1 + 1 / 3**0.5, 1 / 3**0.5])
    assert scores[3] == -np.inf


@given(
    st.lists(st.tuples(st.sampled_from("uvwz"), st.sampled_from("abcxy")), max_size=14),
)
def test_covisitation_equals_the_naive_walk(pairs: list[tuple[str, str]]) -> None:
    covisitation = Covisitation()
    covisitation.fit(_inputs(pairs, "uvwz", "abc"))
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
