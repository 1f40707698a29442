import math

import pytest
import torch

from graphrec_core.training import bpr, sampled_softmax


def test_bpr_by_hand():
    loss = bpr(torch.tensor([2.0, 0.0]), torch.tensor([1.0, 3.0]))

    expected = (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(3))) / 2
    assert loss.item() == pytest.approx(expected)


def test_bpr_does_not_overflow():
    assert bpr(torch.tensor([-1000.0]), torch.tensor([1000.0])).item() == pytest.approx(2000)


def test_sampled_softmax_by_hand():
    """Scores 1 against 0 and -1 at temperature 0.5; the second query may not use its second."""
    positive = torch.tensor([1.0, 0.5])
    negative = torch.tensor([[0.0, -1.0], [0.25, 9.0]])
    allowed = torch.tensor([[True, True], [True, False]])

    loss = sampled_softmax(positive, negative, allowed, temperature=0.5)

    first = -math.log(math.exp(2) / (math.exp(2) + 1 + math.exp(-2)))
    second = -math.log(math.exp(1) / (math.exp(1) + math.exp(0.5)))
    assert loss.item() == pytest.approx((first + second) / 2)


def test_sampled_softmax_without_any_negative_is_zero():
    loss = sampled_softmax(
        torch.tensor([1.0]), torch.ones(1, 2), torch.zeros(1, 2, dtype=torch.bool), 0.1
    )

    assert loss.item() == 0
