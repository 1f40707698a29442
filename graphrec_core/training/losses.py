"""Ranking losses, each with the negatives that it wants.

Legend: B positives of a batch, S negatives shared by the batch, D embedding_dim.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own abbreviation)
from torch import Tensor

from graphrec_core.config.training import LossName
from graphrec_core.training.negatives import Drawing


def bpr(positive_B: Tensor, negative_B: Tensor) -> Tensor:
    """Bayesian personalised ranking: Rendle et al., UAI 2009.

    ``mean of -log sigmoid(s_positive - s_negative)``.

    Args:
        positive_B: Scores of the positives.
        negative_B: Scores of one negative each.

    Returns:
        A scalar, at least 0.
    """
    return F.softplus(negative_B - positive_B).mean()


def sampled_softmax(
    positive_B: Tensor, negative_BS: Tensor, allowed_BS: Tensor | None, temperature: float
) -> Tensor:
    """Cross-entropy of the positive among sampled negatives: Jean et al., ACL 2015.

    ``mean of -log(exp(s_p / t) / (exp(s_p / t) + sum over allowed n of exp(s_n / t)))``;
    negatives are uniform, so that no correction for their frequency is due.

    Args:
        positive_B: Scores of the positives.
        negative_BS: Scores of the negatives.
        allowed_BS: bool; negatives that do not count for a query are False. None: all count.
        temperature: Divides the scores; greater than 0.

    Returns:
        A scalar, at least 0.
    """
    logits_BS = negative_BS / temperature
    if allowed_BS is not None:
        logits_BS = logits_BS.masked_fill(~allowed_BS.to(logits_BS.device), -torch.inf)
    logits = torch.cat([(positive_B / temperature).unsqueeze(1), logits_BS], dim=1)
    return (torch.logsumexp(logits, dim=1) - logits[:, 0]).mean()


@dataclass(frozen=True)
class RankingVectors:
    """What the encoder says of a batch.

    Attributes:
        query_BD: Vectors of the queries.
        positive_BD: Vectors of their positives.
        negative: Vectors of the negatives, [B, D] or [S, D].
        allowed_BS: Which shared negatives count for which query; None: one each.
        is_normalised: Whether all vectors have length 1.
    """

    query_BD: Tensor
    positive_BD: Tensor
    negative: Tensor
    allowed_BS: Tensor | None
    is_normalised: bool


@dataclass(frozen=True)
class RankingLoss:
    """A loss as configuration names it.

    Attributes:
        negatives: How its negatives are drawn.
        of: (vectors, temperature) -> the batch's mean loss.
    """

    negatives: Drawing
    of: Callable[[RankingVectors, float], Tensor]


def _bpr(vectors: RankingVectors, temperature: float) -> Tensor:
    """BPR of inner products."""
    # Unit vectors need a scale, or the loss could not tell good from perfect.
    scale = 1 / temperature if vectors.is_normalised else 1.0
    positive_B = (vectors.query_BD * vectors.positive_BD).sum(dim=1) * scale
    return bpr(positive_B, (vectors.query_BD * vectors.negative).sum(dim=1) * scale)


def _sampled_softmax(vectors: RankingVectors, temperature: float) -> Tensor:
    """Sampled softmax of cosines."""
    query_BD, positive_BD, negative_SD = (
        F.normalize(h, dim=1) for h in (vectors.query_BD, vectors.positive_BD, vectors.negative)
    )
    return sampled_softmax(
        (query_BD * positive_BD).sum(dim=1),
        query_BD @ negative_SD.T,
        vectors.allowed_BS,
        temperature,
    )


LOSSES: Mapping[LossName, RankingLoss] = {
    "bpr": RankingLoss("one_each", _bpr),
    "sampled_softmax": RankingLoss("shared", _sampled_softmax),
}
