from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.config.model import CovisitationConfig, PopularityConfig
from graphrec_core.models.covisitation import Covisitation
from graphrec_core.models.popularity import Popularity
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
    return ScorerInputs(pa.table(columns, schema=TIMED), *ids, INSTANT)


PAIRS = [("u", "a"), ("u", "b"), ("u", "b"), ("v", "b"), ("v", "c"), ("w", "b"), ("w", "x")]


def test_axes_start_with_what_was_asked_for() -> None:
    found = _inputs(PAIRS, "vu", "abc").interactions
    assert found.num_candidates == 3
    assert found.matrix.toarray()[:2, :3].tolist() == [[0, 1, 1], [1, 1, 0]]
    assert found.matrix.shape == (3, 4)


def test_popularity_counts_distinct_queries_and_ties_go_by_id() -> None:
    popularity = Popularity(PopularityConfig())
    popularity.fit(_inputs(PAIRS, "uvw", "abcd"))
    rows, scores = popularity.ranked()
    assert rows.tolist() == [1, 0, 2, 3]
    assert scores.tolist() == [3, 1, 1, 0]


def test_recent_popularity_goes_on_with_that_of_all_time() -> None:
    recent = [("w", "c"), ("u", "a"), ("u", "c"), ("u", "d"), ("u", "d")]
    popularity = Popularity(PopularityConfig(window_days=28))
    popularity.fit(_inputs(PAIRS, "uvw", "abcde", recent))
    rows, scores = popularity.ranked()
    # Recently c had two queries, a and d one each; of all time b had three and e none.
    assert rows.tolist() == [2, 0, 3, 1, 4]
    assert scores.tolist() == [2, 1, 1, 0, 0]


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
    popularity = Popularity(PopularityConfig(window_days=28))
    popularity.fit(ScorerInputs(pairs, pa.array(["u"]), pa.array(list("abc")), INSTANT))

    def key(candidate: str) -> tuple[int, int, str]:
        hours = [hour for _, c, hour in rows if c == candidate]
        return -sum(hour >= 0 for hour in hours), -len(hours), candidate

    found, counts = popularity.ranked()
    wanted = sorted("abc", key=key)
    assert ["abc"[row] for row in found] == wanted
    assert counts.tolist() == [-key(candidate)[0] for candidate in wanted]


def weighed(rows: list[tuple[str, str, float]], queries: str, candidates: str) -> ScorerInputs:
    inputs = _inputs([row[:2] for row in rows], queries, candidates)
    weights = pa.array([row[2] for row in rows], pa.float64())
    return replace(inputs, pairs=inputs.pairs.append_column("weight", weights))


def test_weighted_popularity_sums_weights() -> None:
    """Two visitors make b popular; ten visits of one make a more popular by weight."""
    inputs = weighed([("u", "a", 10), ("u", "b", 1), ("v", "b", 2.5), ("v", "c", 0)], "uv", "abcd")
    for weighted, expected in ((False, [1, 2, 1, 0]), (True, [10, 3.5, 0, 0])):
        popularity = Popularity(PopularityConfig(weighted=weighted))
        popularity.fit(inputs)
        rows, scores = popularity.ranked()
        assert scores[np.argsort(rows)].tolist() == expected


def test_weighted_covisitation_by_hand() -> None:
    """Unweighted, u is shown b and c alike; v, who came to a as often as u, prefers c."""
    rows = [("u", "a", 3), ("v", "a", 3), ("v", "b", 1), ("v", "c", 4), ("w", "b", 4)]
    inputs = weighed([*rows, ("w", "c", 1)], "uvw", "abc")
    plain, weighted = (Covisitation(CovisitationConfig(weighted=w)) for w in (False, True))
    plain.fit(inputs)
    weighted.fit(inputs)
    scores = plain.scores(np.array([0]))[0]
    assert scores[1] == pytest.approx(scores[2])
    found = weighted.scores(np.array([0]))[0]
    # |a| = sqrt(18), |b| = |c| = sqrt(17); a meets itself with 18, b with 3 and c with 12.
    a, b = 18**0.5, 17**0.5
    assert found.tolist() == pytest.approx([3 * 18 / a / a, 3 * 3 / a / b, 3 * 12 / a / b])
    assert found[2] > found[1]


@given(
    st.lists(
        st.tuples(st.sampled_from("uvwz"), st.sampled_from("abcxy"), st.integers(0, 4)),
        max_size=14,
        unique_by=lambda row: row[:2],
    ),
)
def test_weighted_covisitation_equals_the_naive_cosine(rows: list[tuple[str, str, int]]) -> None:
    covisitation = Covisitation(CovisitationConfig(weighted=True))
    covisitation.fit(weighed(rows, "uvwz", "abc"))
    scores = covisitation.scores(np.arange(4))
    weight = {(q, c): w for q, c, w in rows}
    columns = {c: np.array([weight.get((q, c), 0) for q in "uvwz"]) for c in "abcxy"}
    length = {c: np.linalg.norm(column) for c, column in columns.items()}
    for row, query in enumerate("uvwz"):
        for column, candidate in enumerate("abc"):
            naive = sum(
                weight.get((query, c), 0) * columns[c] @ columns[candidate] / length[c]
                for c in "abcxy"
                if length[c]
            ) / (length[candidate] or 1)
            assert scores[row, column] == pytest.approx(naive if naive else -np.inf)


def test_covisitation_by_hand() -> None:
    covisitation = Covisitation(CovisitationConfig())
    covisitation.fit(_inputs(PAIRS, "uvw", "abcd"))
    scores = covisitation.scores(np.array([0]))[0]
    # u met a and b; |a|=1, |b|=3, |c|=1; a and b share u, b and c share v, b and b share all.
    assert scores[:3] == pytest.approx([1 + 1 / 3**0.5, 1 + 1 / 3**0.5, 1 / 3**0.5])
    assert scores[3] == -np.inf


@given(
    st.lists(st.tuples(st.sampled_from("uvwz"), st.sampled_from("abcxy")), max_size=14),
)
def test_covisitation_equals_the_naive_walk(pairs: list[tuple[str, str]]) -> None:
    covisitation = Covisitation(CovisitationConfig())
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
