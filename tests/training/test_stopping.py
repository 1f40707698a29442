import math

import pytest
import torch

from graphrec_core.config import LightGCNConfig
from graphrec_core.models.lightgcn import LightGCN
from graphrec_core.training.objectives import Metric
from graphrec_core.training.stopping import Stopper

LARGER, SMALLER = (Metric("figure", is_larger_better=larger) for larger in (True, False))


def run(metric: Metric, values: list[float]) -> tuple[int, int, float]:
    """Looks at one value per epoch with patience 2; returns best epoch, last epoch, weight kept.

    The weight at an epoch is its number.
    """
    encoder = LightGCN(LightGCNConfig(embedding_dim=1), 1, {})
    stopper, epoch = Stopper(metric, patience=2), 0
    for epoch, value in enumerate(values, start=1):
        torch.nn.init.constant_(encoder.ids_RH, epoch)
        if stopper.should_stop(epoch, value, encoder):
            break
    stopper.restore(encoder)
    return stopper.best_epoch, epoch, encoder.ids_RH.item()


@pytest.mark.parametrize(
    ("metric", "values", "expected"),
    [
        (LARGER, [0.1, 0.3, 0.2, 0.3, 0.9], (2, 4, 2)),  # as good is no progress
        (SMALLER, [0.3, 0.1, 0.2, 0.1, 0.0], (2, 4, 2)),
        (SMALLER, [0.3, 0.4, 0.2, 0.3], (3, 4, 3)),
        (LARGER, [-5.0, -4.0], (2, 2, 2)),  # a metric may be negative
        (LARGER, [math.nan, 0.1, math.nan, math.nan, 1.0], (2, 4, 2)),
    ],
)
def test_the_best_look_is_kept(metric, values, expected) -> None:
    assert run(metric, values) == expected
