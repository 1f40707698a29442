"""The two-dimensional picture: principal components against a naive reference."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from graphrec_core.axes.rows import vector_column
from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.lake.layout import vectors_file
from graphrec_core.report.embedding_picture import (
    MAX_POINTS,
    every_nth,
    plot_embeddings,
    principal_components,
    read_sample,
    zoom,
)
from graphrec_core.types import Region, View
from tests.support.figures import EMBEDDING_FIGURES
from tests.support.snapshots import AS_OF, SOURCE, tiny_config


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


def test_a_sample_holds_the_vectors_of_evenly_spread_rows(tmp_path: Path) -> None:
    config = tiny_config(tmp_path)
    num = MAX_POINTS * 2 + 1
    vectors = np.arange(3 * num, dtype=np.float32).reshape(num, 3)
    name = vectors_file(View.SERVE, Region("east"), "user")
    day = Day(config, AS_OF)
    ref = day.ref(StepName.EMBED, Region("east"), View.SERVE, SOURCE)
    with day.attempt(ref) as trial:
        ids = [f"u{row:05d}" for row in range(num)]
        trial.write_table(name, pa.table({"node_id": ids, "vector": vector_column(vectors)}))
        artifact = day.commit(ref, trial, EMBEDDING_FIGURES)
    sample = read_sample(artifact, Region("east"), ("user", "place", "user"))
    assert list(sample) == ["user"]
    assert sample["user"].dtype == np.float64
    assert sample["user"] == pytest.approx(vectors[every_nth(num, MAX_POINTS)])


def test_a_few_far_points_do_not_set_the_scale() -> None:
    points = np.random.default_rng(0).normal(size=(1000, 2))
    points[:2] = [[1e4, 0], [0, -1e4]]
    axes = Figure().subplots()
    zoom(axes, points)
    for low, high in (axes.get_xlim(), axes.get_ylim()):
        assert -5 < low < -2 < 2 < high < 5


def test_equal_points_keep_a_scale() -> None:
    axes = Figure().subplots()
    zoom(axes, np.ones((5, 2)))
    assert axes.get_xlim() == (0, 1)
