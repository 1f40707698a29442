"""Logistic regression: by hand where it has a closed form, and at its minimum elsewhere."""

import numpy as np
import pytest

from graphrec_core.models.logistic import fit_logistic, log_loss


def rows(num: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Odds are 2 a - 1 b - 2."""
    random = np.random.default_rng(4)
    columns = np.column_stack([random.normal(size=(num, 2)), np.ones(num)])
    chances = 1 / (1 + np.exp(-columns @ [2.0, -1.0, -2.0]))
    return columns, random.random(num) < chances


def test_an_intercept_alone_is_the_logarithm_of_the_odds() -> None:
    is_met = np.arange(10) < 2
    assert fit_logistic(np.ones((10, 1)), is_met, 5.0) == pytest.approx([np.log(2 / 8)])


def test_what_made_the_rows_is_found() -> None:
    assert fit_logistic(*rows(), 0.01) == pytest.approx([2, -1, -2], abs=0.1)


@pytest.mark.parametrize("l2", [0.1, 1000.0])
def test_no_step_makes_the_loss_less(l2: float) -> None:
    columns, is_met = rows(500)
    weights = fit_logistic(columns, is_met, l2)
    penalty = np.array([l2, l2, 0])
    least = log_loss(columns, is_met, penalty, weights)
    for step in np.vstack([np.eye(3), -np.eye(3)]) * 1e-3:
        assert log_loss(columns, is_met, penalty, weights + step) > least


def test_regularisation_shrinks_all_but_the_intercept() -> None:
    columns, is_met = rows(500)
    columns[:, 0] += 3 * is_met  # told apart completely: without regularisation it has no end
    weak, strong = (fit_logistic(columns, is_met, l2) for l2 in (1e-3, 1e6))
    assert np.isfinite(weak).all()
    assert np.abs(strong[:2]).max() < 0.01 < np.abs(weak[:2]).max()
    assert strong[2] == pytest.approx(np.log(is_met.mean() / (1 - is_met.mean())), abs=0.05)


def test_equal_and_empty_columns_do_no_harm() -> None:
    columns, is_met = rows(500)
    doubled = np.column_stack([columns[:, 0], columns[:, 0], np.zeros(500), columns[:, 2]])
    weights = fit_logistic(doubled, is_met, 1.0)
    assert weights[0] == pytest.approx(weights[1])
    assert weights[2] == pytest.approx(0)
