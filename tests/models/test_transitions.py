"""Transitions against the counts and the walks that define them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.config.model import TransitionsConfig
from graphrec_core.models import transitions
from graphrec_core.models.scorer import ScorerInputs
from graphrec_core.models.transitions import Transitions

INSTANT = datetime(2026, 1, 29, tzinfo=UTC)
CANDIDATES, NODES, HOURS_AGO = "abcd", "abcdx", 400
Rows = list[tuple[str, str, int]]
"""Query, candidate, hour of the first event; the last one is an hour later."""


def scores_of(config: TransitionsConfig, rows: Rows, queries: str = "uvw") -> np.ndarray:
    first = [INSTANT - timedelta(hours=HOURS_AGO - hour) for *_, hour in rows]
    time = pa.timestamp("us", tz="UTC")
    pairs = pa.table(
        {
            "src": pa.array([row[0] for row in rows], pa.string()),
            "dst": pa.array([row[1] for row in rows], pa.string()),
            "first_event_time": pa.array(first, time),
            "last_event_time": pa.array([one + timedelta(hours=1) for one in first], time),
        }
    )
    ids = pa.array(list(queries)), pa.array(list(CANDIDATES))
    scorer = Transitions(config)
    scorer.fit(ScorerInputs(pairs, *ids, INSTANT))
    return scorer.scores(np.arange(len(queries)))


def test_one_step_by_hand() -> None:
    """From a, v and z went to b within a day and z to c; w took more than a day to d."""
    rows = [("u", "a", 0), ("v", "a", 0), ("v", "b", 24), ("z", "a", 5), ("z", "b", 6),
            ("z", "c", 7), ("w", "a", 0), ("w", "d", 25)]  # fmt: skip
    found = scores_of(TransitionsConfig(damping=0, alpha=0), rows)
    assert found[0].tolist() == [-np.inf, pytest.approx(2 / 3), pytest.approx(1 / 3), -np.inf]
    # v has been to a and b: from b, z went to c, and nobody back to a.
    assert found[1].tolist() == [-np.inf, pytest.approx(2 / 3), pytest.approx(4 / 3), -np.inf]
    # b had two visitors and c one: divided by them both transitions count one.
    assert scores_of(TransitionsConfig(damping=0, alpha=1), rows)[0, 1:3].tolist() == [0.5, 0.5]


def test_the_second_step_by_hand() -> None:
    rows = [("u", "a", 0), ("v", "a", 0), ("v", "b", 9), ("z", "b", 0), ("z", "c", 1)]
    found = scores_of(TransitionsConfig(damping=0.25, alpha=0), rows)
    assert found[0].tolist() == [-np.inf, 1, 0.25, -np.inf]


def test_old_transitions_count_less() -> None:
    rows = [("u", "a", 399), ("v", "a", 0), ("v", "b", 16), ("z", "a", 390), ("z", "c", 392)]
    config = TransitionsConfig(damping=0, alpha=0, half_life_days=8)
    old, new = 0.5 ** (384 / 24 / 8), 0.5 ** (8 / 24 / 8)
    found = scores_of(config, rows)[0]
    assert found[1:3] == pytest.approx([old / (old + new), new / (old + new)])
    assert scores_of(TransitionsConfig(damping=0, alpha=0), rows)[0, 1:3].tolist() == [0.5, 0.5]


def test_a_query_without_history_starts_where_others_began() -> None:
    rows = [("u", "a", 0), ("v", "a", 3), ("v", "b", 9), ("z", "b", 0), ("z", "c", 1)]
    found = scores_of(TransitionsConfig(damping=0.5, alpha=0), rows)[2]
    # Two of three began with a, one with b; from a on to b, from b on to c.
    assert found.tolist() == pytest.approx([2 / 3, 1 / 3 + 0.5 * 2 / 3, 0.5 / 3, -np.inf])


def test_a_seed_proposes_its_quota_and_only_the_last_are_seeds() -> None:
    rows = [("u", "a", 0), ("u", "x", 300), ("v", "a", 0), ("v", "b", 1), ("z", "a", 0),
            ("z", "b", 1), ("z", "c", 2), ("y", "x", 0), ("y", "d", 1)]  # fmt: skip
    capped = scores_of(TransitionsConfig(damping=0, alpha=0, per_seed=1), rows)[0]
    assert capped.tolist() == [-np.inf, 1, -np.inf, 1]
    last = scores_of(TransitionsConfig(damping=0, alpha=0, num_seeds=1), rows)[0]
    assert last.tolist() == [-np.inf, -np.inf, -np.inf, 1]


def test_a_long_session_is_counted_with_what_follows_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [("u", "a", 0), ("v", "a", 0), ("v", "b", 1), ("v", "c", 2), ("v", "d", 3)]
    monkeypatch.setattr(transitions, "MAX_AFTER", 2)
    found = scores_of(TransitionsConfig(damping=0), rows)[0]
    assert np.isfinite(found).tolist() == [False, True, True, False]


some_rows = st.lists(
    st.tuples(st.sampled_from("uvwz"), st.sampled_from(NODES), st.integers(0, 60)),
    max_size=14,
    unique_by=lambda row: row[:2],
)


@given(some_rows, st.sampled_from([0, 1]), st.sampled_from([0, 0.5]), st.sampled_from([0, 9]))
def test_it_equals_naive_walks(rows: Rows, alpha: float, damping: float, half_life: float) -> None:
    """No ties of seeds: there are fewer nodes than seeds, and none is cut."""
    config = TransitionsConfig(alpha=alpha, damping=damping, half_life_days=half_life)
    found = scores_of(config, rows)

    def share(hour: int) -> float:
        return 0.5 ** ((HOURS_AGO - hour) / 24 / half_life) if half_life else 1.0

    count = {c: sum(share(hour) for _, node, hour in rows if node == c) for c in NODES}
    step = np.zeros((6, 5))  # the last row is the start
    for query, before, early in rows:
        for other, after, late in rows:
            if query == other and before != after and 0 <= late - early <= 24:
                weight = share(late) / count[after] ** alpha
                step[NODES.index(before), NODES.index(after)] += weight
        own = sorted((hour, node) for who, node, hour in rows if who == query)
        if own[0] == (early, before):
            step[5, NODES.index(before)] += share(early)
    total = step.sum(axis=1, keepdims=True)
    step = np.divide(step, total, out=np.zeros_like(step), where=total > 0)
    for row, query in enumerate("uvw"):
        seeds = np.array([any(r[:2] == (query, node) for r in rows) for node in NODES])
        reached = (seeds if seeds.any() else np.zeros(5)) @ step[:5]
        reached = reached if seeds.any() else step[5]
        expected = (reached + damping * reached @ step[:5])[:4]
        assert found[row] == pytest.approx(np.where(expected > 0, expected, -np.inf), rel=1e-5)
