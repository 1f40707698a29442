"""Neighbourhoods, EASE and the spectral filter against their equations on dense matrices."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.config.model import (
    CovisitationConfig,
    EaseConfig,
    NeighboursConfig,
    ScorerConfig,
    SpectralConfig,
)
from graphrec_core.models.registry import build_scorer
from graphrec_core.models.scorer import Scorer, ScorerInputs

INSTANT = datetime(2026, 1, 29, tzinfo=UTC)
QUERIES, CANDIDATES, OTHERS = "uvwz", "abc", "xy"
Weights = dict[tuple[str, str], int]
some_weights = st.dictionaries(
    st.tuples(st.sampled_from(QUERIES), st.sampled_from(CANDIDATES + OTHERS)),
    st.integers(1, 4),
    max_size=14,
)
"""Also of nodes that are no candidates any more: they connect those that are."""


def inputs_of(weights: Weights, queries: str = QUERIES) -> ScorerInputs:
    rows = [(*pair, INSTANT, float(weight)) for pair, weight in weights.items()]
    schema = pa.schema(
        [
            ("src", pa.string()),
            ("dst", pa.string()),
            ("last_event_time", pa.timestamp("us", tz="UTC")),
            ("weight", pa.float64()),
        ]
    )
    pairs = pa.table([[row[place] for row in rows] for place in range(4)], schema=schema)
    return ScorerInputs(pairs, pa.array(list(queries)), pa.array(list(CANDIDATES)), INSTANT)


def fitted(config: ScorerConfig, weights: Weights) -> Scorer:
    scorer = build_scorer(config)
    scorer.fit(inputs_of(weights))
    assert not hasattr(scorer, "ranked")
    return scorer


def scores_of(config: ScorerConfig, weights: Weights) -> np.ndarray:
    return fitted(config, weights).scores(np.arange(len(QUERIES)))


def dense(weights: Weights, *, weighted: bool) -> np.ndarray:
    """The matrix, its columns in the order of the candidates and then of the others."""
    columns = CANDIDATES + OTHERS
    return np.array([[(q, c) in weights and (weights[q, c] if weighted else 1) for c in columns]
                     for q in QUERIES], dtype=float)  # fmt: skip


def power(degrees: np.ndarray, exponent: float) -> np.ndarray:
    return np.diag([degree**exponent if degree else 1.0 for degree in degrees])


def assert_proposed(found: np.ndarray, expected: np.ndarray) -> None:
    """Compares what is proposed; about zero, rounding decides."""
    assert found.dtype == np.float32
    expected = expected[:, : len(CANDIDATES)]
    clear = np.abs(expected) > 1e-5
    wanted = np.where(expected > 0, expected, -np.inf)
    assert found[clear] == pytest.approx(wanted[clear], rel=1e-4, abs=1e-6)
    assert (found[~clear] < 1e-4).all()


exponents = st.tuples(*[st.sampled_from([0.0, 0.3, 0.5, 1.0])] * 3)


@given(weights=some_weights, degrees=exponents, weighted=st.booleans())
def test_neighbours_equal_the_product_of_dense_matrices(
    weights: Weights,
    degrees: tuple[float, float, float],
    *,
    weighted: bool,
) -> None:
    x = dense(weights, weighted=weighted)
    rows, columns = x.sum(axis=1), x.sum(axis=0)
    a, b, c = degrees
    expected = x @ power(columns, -a) @ x.T @ power(rows, -b) @ x
    config = NeighboursConfig(degrees=degrees, weighted=weighted)
    assert_proposed(scores_of(config, weights), expected @ power(columns, -c))


@given(some_weights)
def test_covisitation_is_one_of_the_neighbourhoods(weights: Weights) -> None:
    cosine = scores_of(NeighboursConfig(degrees=(0.5, 0, 0.5)), weights)
    assert cosine == pytest.approx(scores_of(CovisitationConfig(), weights), rel=1e-5)


def test_neighbours_by_hand() -> None:
    """u met a; v met a and b; w met b and x. From u the steps reach b by v alone."""
    weights = {("u", "a"): 1, ("v", "a"): 1, ("v", "b"): 1, ("w", "b"): 1, ("w", "x"): 1}
    found = scores_of(NeighboursConfig(degrees=(1, 1, 0.5)), weights)[0]
    # 1 / |a| * 1 / |v| * 1 / sqrt(|b|), each degree 2; a also comes back by u, whose degree is 1.
    assert found[1] == pytest.approx(1 / 2 / 2 / 2**0.5)
    assert found[0] == pytest.approx((1 / 2 + 1 / 2 / 2) / 2**0.5)
    assert found[2] == -np.inf


@given(weights=some_weights, l2=st.sampled_from([0.5, 2.0, 30.0]), weighted=st.booleans())
def test_ease_predicts_each_candidate_from_all_others(
    weights: Weights,
    l2: float,
    *,
    weighted: bool,
) -> None:
    """Column by column a ridge regression on the other columns: what EASE solves at once."""
    x = dense(weights, weighted=weighted)
    expected = np.zeros((len(QUERIES), len(CANDIDATES)))
    for column in range(len(CANDIDATES)):
        others = np.delete(x, column, axis=1)
        gram = others.T @ others + l2 * np.eye(others.shape[1])
        expected[:, column] = others @ np.linalg.solve(gram, others.T @ x[:, column])
    assert_proposed(scores_of(EaseConfig(l2=l2, weighted=weighted), weights), expected)


def test_ease_proposes_nothing_from_more_candidates_than_a_dense_matrix_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = {("u", "a"): 1, ("u", "b"): 1, ("v", "x"): 1}
    monkeypatch.setattr(EaseConfig, "max_nodes", 4)
    assert np.isfinite(scores_of(EaseConfig(), weights)).any()
    monkeypatch.setattr(EaseConfig, "max_nodes", 3)
    found = scores_of(EaseConfig(), weights)
    assert found.shape == (len(QUERIES), len(CANDIDATES))
    assert np.isneginf(found).all()


@given(
    weights=some_weights,
    rank=st.sampled_from([1, 2, 9]),
    exponent=st.sampled_from([0, 0.5, 1]),
    weighted=st.booleans(),
)
def test_the_filter_equals_its_equation_on_a_dense_decomposition(
    weights: Weights,
    rank: int,
    exponent: float,
    *,
    weighted: bool,
) -> None:
    x = dense(weights, weighted=weighted)
    rows, columns = x.sum(axis=1), x.sum(axis=0)
    a = power(rows, -0.5) @ x @ power(columns, -0.5)
    _, values, right = np.linalg.svd(a)
    if rank < len(values) and values[rank - 1] - values[rank] < 1e-3:
        return  # which of two equal vectors is kept is nobody's promise
    kept = min(rank, len(values))
    v, s = right[:kept].T, np.diag(np.where(values[:kept] > 1e-9, values[:kept], 0) ** exponent)
    ideal = x @ power(columns, -0.5) @ v @ s @ v.T @ power(columns, 0.5)
    config = SpectralConfig(rank=rank, power=exponent, linear=0.5, ideal=0.3, weighted=weighted)
    seen = columns[: len(CANDIDATES)] > 0  # a candidate that nobody met has no signal at all
    expected = (0.5 * x @ a.T @ a + 0.3 * ideal)[:, : len(CANDIDATES)] * seen
    if exponent == 0 and (values[:kept] < 1e-6).any():
        return  # vectors of an empty space are any
    assert_proposed(scores_of(config, weights), expected)


def test_the_filter_is_the_same_each_time() -> None:
    rng = np.random.default_rng(0)
    names = [(q, c) for q in QUERIES for c in CANDIDATES + OTHERS]
    weights = {pair: 1 for pair in names if rng.random() < 0.6}
    config = SpectralConfig(rank=2)
    assert scores_of(config, weights).tobytes() == scores_of(config, weights).tobytes()


@pytest.mark.parametrize("config", [NeighboursConfig(), EaseConfig(l2=1), SpectralConfig(rank=2)])
def test_who_met_nothing_is_proposed_nothing(config: ScorerConfig) -> None:
    weights = {("u", "a"): 1, ("v", "a"): 1, ("v", "b"): 1}
    found = scores_of(config, weights)
    assert np.isneginf(found[2:]).all()
    assert np.isneginf(found[:, 2]).all()  # nobody met c
    assert found[0, 1] > 0
