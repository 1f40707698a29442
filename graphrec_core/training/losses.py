"""Ranking losses. Legend: B positives of a batch, S negatives shared by the batch."""

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own abbreviation)
from torch import Tensor


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
    positive_B: Tensor, negative_BS: Tensor, allowed_BS: Tensor, temperature: float
) -> Tensor:
    """Cross-entropy of the positive among sampled negatives: Jean et al., ACL 2015.

    ``mean of -log(exp(s_p / t) / (exp(s_p / t) + sum over allowed n of exp(s_n / t)))``;
    negatives are uniform, so that no correction for their frequency is due.

    Args:
        positive_B: Scores of the positives.
        negative_BS: Scores of the negatives.
        allowed_BS: bool; negatives that do not count for a query are False.
        temperature: Divides the scores; greater than 0.

    Returns:
        A scalar, at least 0.
    """
    logits_BS = (negative_BS / temperature).masked_fill(~allowed_BS, -torch.inf)
    logits = torch.cat([(positive_B / temperature).unsqueeze(1), logits_BS], dim=1)
    return (torch.logsumexp(logits, dim=1) - logits[:, 0]).mean()
