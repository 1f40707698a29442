import math
from typing import get_args

import pytest
import torch

from graphrec_core.config.training import LossName
from graphrec_core.training import bpr, sampled_softmax
from graphrec_core.training.losses import LOSSES, RankingVectors


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


def test_sampled_softmax_counts_all_negatives_where_none_is_excluded():
    positive, negative = torch.tensor([1.0]), torch.tensor([[0.0, -1.0]])

    loss = sampled_softmax(positive, negative, None, temperature=1)

    assert loss.item() == pytest.approx(math.log(math.e + 1 + math.exp(-1)) - 1)


def test_every_loss_of_the_configuration_is_in_the_table():
    assert set(LOSSES) == set(get_args(LossName))


@pytest.mark.parametrize(("is_normalised", "margin"), [(False, 0.5), (True, 2.5)])
def test_bpr_divides_cosines_by_the_temperature_and_nothing_else(is_normalised, margin):
    query, positive = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.9, 0.1]])
    vectors = RankingVectors(query, positive, torch.tensor([[0.4, 0.8]]), None, is_normalised)

    loss = LOSSES["bpr"].of(vectors, 0.2)

    assert loss.item() == pytest.approx(math.log1p(math.exp(-margin)))


def test_sampled_softmax_is_of_cosines_of_allowed_negatives():
    """Lengths do not matter; the second negative is the query's own positive."""
    query, positive = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 5.0]])
    negative, allowed = torch.tensor([[2.0, 0.0], [7.0, 0.0]]), torch.tensor([[True, False]])

    vectors = RankingVectors(query, positive, negative, allowed, is_normalised=False)

    assert LOSSES["sampled_softmax"].of(vectors, 0.5).item() == pytest.approx(
        math.log(1 + math.exp(2))
    )
