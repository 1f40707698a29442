"""Regularised logistic regression by Newton's steps (Hastie et al., Elements, section 4.4.1)."""

import numpy as np

MAX_STEPS = 50
SMALL_STEP = 1e-8


def fit_logistic(columns: np.ndarray, is_met: np.ndarray, l2: float) -> np.ndarray:
    """Returns the weights that minimise the summed log loss and ``l2 / 2 * |w|^2``.

    Args:
        columns: float64 [P, D]; the last one is the intercept's and is not regularised.
        is_met: bool [P].
        l2: The penalty, above 0.

    Returns:
        float64 [D].
    """
    penalty = np.full(columns.shape[1], l2)
    penalty[-1] = 0
    weights = np.zeros(columns.shape[1])
    weights[-1] = np.log((is_met.sum() + 1) / ((~is_met).sum() + 1))
    for _ in range(MAX_STEPS):
        chances = 1 / (1 + np.exp(-columns @ weights))
        slope = columns.T @ (chances - is_met) + penalty * weights
        curvature = (columns * (chances * (1 - chances))[:, None]).T @ columns
        step = np.linalg.solve(curvature + np.diag(penalty) + 1e-9 * np.eye(len(weights)), slope)
        weights = _shortened(columns, is_met, penalty, weights, step)
        if np.abs(step).max() < SMALL_STEP:
            break
    return weights


def _shortened(
    columns: np.ndarray,
    is_met: np.ndarray,
    penalty: np.ndarray,
    weights: np.ndarray,
    step: np.ndarray,
) -> np.ndarray:
    """Takes a step, halved until the loss does not grow."""
    before = log_loss(columns, is_met, penalty, weights)
    for halvings in range(30):
        tried = weights - step / 2**halvings
        if log_loss(columns, is_met, penalty, tried) <= before:
            return tried
    return weights


def log_loss(
    columns: np.ndarray, is_met: np.ndarray, penalty: np.ndarray, weights: np.ndarray
) -> float:
    """Returns what is minimised."""
    odds = columns @ weights
    losses = np.logaddexp(0, odds) - odds * is_met
    return float(losses.sum() + (penalty * weights**2).sum() / 2)
