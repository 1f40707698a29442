"""To rank: a query's pairs score higher than candidates that it could be shown instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
from torch import Generator, Tensor

from graphrec_core.config.training import TrainingConfig
from graphrec_core.evaluation.targets import find_targets
from graphrec_core.graph import RegionGraph
from graphrec_core.training.losses import LOSSES, RankingLoss, RankingVectors
from graphrec_core.training.negatives import NegativeSampler, learnable
from graphrec_core.training.objectives.objective import (
    Objective,
    Question,
    TrainingSet,
    ValidationSet,
)
from graphrec_core.training.objectives.recall import Recall
from graphrec_core.training.pairs import TaskPairs, all_pairs, known_pairs


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


NONE = slice(0)


class RankingSet(TrainingSet):
    """Task pairs as positives.

    Args:
        graph: The graph of the pairs.
        pairs: The positives; those that have negatives to be compared with are learned, and none
            of them is drawn as a negative of its query.
        training: The ``training`` section.
    """

    def __init__(self, graph: RegionGraph, pairs: TaskPairs, training: TrainingConfig) -> None:
        self._graph, self._training = graph, training
        self._pairs = learnable(graph, pairs)
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
    """Learns the task's pairs; is stopped by recall on those that came next."""

    def everything(self) -> TrainingSet:
        """See ``Objective``."""
        return RankingSet(self.graph, all_pairs(self.graph), self.training)

    def validation(self, holdout: pa.Table) -> ValidationSet:
        """See ``Objective``; targets and what is left out are those of an evaluation."""
        targets, _ = find_targets(holdout, self.task)
        wanted = known_pairs(self.graph, targets["query_id"], targets["candidate_id"])
        pairs = all_pairs(self.graph)
        return Recall(self.graph, wanted, pairs if self.task.exclude_seen else pairs.where(NONE))
