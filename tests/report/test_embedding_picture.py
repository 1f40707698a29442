"""The two-dimensional picture: principal components against a naive reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.report.embedding_picture import (
    every_nth,
    plot_embeddings,
    principal_components,
)
from graphrec_core.types import Region


def test_points_on_a_line_keep_their_distances() -> None:
    steps = np.array([0.0, 1.0, 3.0])
    points = steps[:, None] * np.array([[0.6, 0.8, 0.0]])
    flat = principal_components(points)
    assert flat[:, 0] == pytest.approx(steps - steps.mean())
    assert flat[:, 1] == pytest.approx(np.zeros(3), abs=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(3, 30), st.integers(2, 8))
def test_variances_are_the_greatest_eigenvalues(seed: int, num: int, dim: int) -> None:
    points = np.random.default_rng(seed).normal(size=(num, dim))
    flat = principal_components(points)
    eigenvalues = np.sort(np.linalg.eigvalsh(np.cov(points.T)))[::-1][:2]
    assert flat.var(axis=0, ddof=1) == pytest.approx(eigenvalues, rel=1e-6, abs=1e-9)


def test_the_sign_is_fixed() -> None:
    points = np.random.default_rng(0).normal(size=(20, 5))
    shuffled = points[::-1]
    assert principal_components(points) == pytest.approx(principal_components(shuffled)[::-1])


@pytest.mark.parametrize("shape", [(1, 4), (5, 1), (2, 2)])
def test_few_points_or_dimensions_are_no_error(shape: tuple[int, int]) -> None:
    flat = principal_components(np.ones(shape))
    assert flat.shape == (shape[0], 2)
    assert np.isfinite(flat).all()


@given(st.integers(0, 5000), st.integers(1, 2000))
def test_a_sample_is_even_and_without_repeats(num: int, most: int) -> None:
    rows = every_nth(num, most)
    assert len(rows) == min(num, most)
    assert len(np.unique(rows)) == len(rows)
    assert all((rows >= 0) & (rows < num))


def test_without_vectors_there_is_no_picture() -> None:
    assert plot_embeddings({}) is None
    assert plot_embeddings({Region("east"): {"user": np.zeros((0, 4))}}) is None


def test_a_picture_is_the_same_again() -> None:
    vectors = np.random.default_rng(0).normal(size=(20, 5))
    samples = {Region(name): {"user": vectors, "place": vectors + 3} for name in "abcde"}
    one, other = plot_embeddings(samples), plot_embeddings(samples)
    assert one is not None
    assert one == other
    assert one.uri.startswith("data:image/png;base64,")
