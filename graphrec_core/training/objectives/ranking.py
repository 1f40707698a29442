"""To rank: a query's pairs score higher than candidates that it could be shown instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Generator, Tensor

from graphrec_core.config.training import TrainingConfig
from graphrec_core.graph import Messages, RegionGraph
from graphrec_core.training.losses import LOSSES, RankingLoss, RankingVectors
from graphrec_core.training.negatives import NegativeSampler, learnable
from graphrec_core.training.objectives.objective import (
    Objective,
    Question,
    TrainingSet,
    ValidationSet,
)
from graphrec_core.training.objectives.recall import Recall
from graphrec_core.training.pairs import TaskPairs, all_pairs, hold_out_newest


@dataclass(frozen=True)
class RankingQuestion(Question):
    """Which candidates a batch's queries met: the positives, among negatives.

    The roles of ``nodes`` are query [B], positive [B] and negative ([B], or [S] shared).

    Attributes:
        allowed_BS: Which shared negatives count for which query; None: one each.
        ranking_loss: How the scores become a loss.
        temperature: ``training.temperature``.
    """

    allowed_BS: Tensor | None
    ranking_loss: RankingLoss
    temperature: float

    def loss(self, vectors: Sequence[Tensor], *, is_normalised: bool) -> Tensor:
        """See ``Question``."""
        query_BD, positive_BD, negative = vectors
        scored = RankingVectors(query_BD, positive_BD, negative, self.allowed_BS, is_normalised)
        return self.ranking_loss.of(scored, self.temperature)


class RankingSet(TrainingSet):
    """Task pairs as positives.

    Args:
        graph: The graph of the pairs.
        pairs: The positives; those that have negatives to be compared with are learned, and none
            of them is drawn as a negative of its query.
        messages: The message edges of the run.
        training: The ``training`` section.
    """

    def __init__(
        self,
        graph: RegionGraph,
        pairs: TaskPairs,
        messages: Messages,
        training: TrainingConfig,
    ) -> None:
        self._graph, self._training = graph, training
        self._pairs, self.messages = learnable(graph, pairs), messages
        self._loss = LOSSES[training.loss]

    def __len__(self) -> int:
        return len(self._pairs)

    @cached_property
    def _negatives(self) -> NegativeSampler:
        return NegativeSampler(self._graph, self._pairs)

    def ask(self, chosen: Tensor, generator: Generator) -> RankingQuestion:
        """See ``TrainingSet``; draws the negatives that the loss wants."""
        pairs, training = self._pairs.where(chosen), self._training
        negatives = self._negatives.draw(
            self._loss.negatives, pairs.query, training.num_negatives, generator
        )
        return RankingQuestion(
            nodes=(pairs.query, pairs.candidate, negatives.nodes),
            answers=pairs,
            allowed_BS=negatives.allowed_BS,
            ranking_loss=self._loss,
            temperature=training.temperature,
        )


class Ranking(Objective):
    """Learns the task's pairs; is stopped by recall on the newest of them."""

    def everything(self) -> TrainingSet:
        """See ``Objective``."""
        graph = self.graph
        return RankingSet(graph, all_pairs(graph), graph.messages(), self.training)

    def split(self, rng: np.random.Generator) -> tuple[TrainingSet, ValidationSet]:
        """See ``Objective``; the held pairs are the newest, and no message edges either."""
        split = hold_out_newest(self.graph, self.training.validation_frac, rng)
        learned = RankingSet(self.graph, split.pairs, split.messages, self.training)
        return learned, Recall(self.graph, split.held, split.pairs)
