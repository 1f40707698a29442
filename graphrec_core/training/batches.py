"""What a step sees: a question, the nodes it is about, and their sampled neighbourhood."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from graphrec_core.config.training import TrainingConfig
from graphrec_core.graph import MessageGraph, RegionGraph
from graphrec_core.graph.block import Block
from graphrec_core.graph.sampling import NeighborSampler
from graphrec_core.lake.records import Audited
from graphrec_core.models.encoder import Encoder, SampledEncoder
from graphrec_core.training.objectives.objective import Question, TrainingSet
from graphrec_core.training.pairs import TaskPairs
from graphrec_core.training.supervision import SupervisionAudit

SamplerFactory = Callable[[MessageGraph, Sequence[int], int], NeighborSampler]
"""Makes the sampler of a run from the message edges, the fanouts and a seed."""


@dataclass(frozen=True)
class Batch:
    """One batch, on the CPU.

    Attributes:
        question: What is asked.
        num_examples: How many examples it is asked of.
        seeds: int64 [B] distinct global indices, sorted: the nodes of all roles.
        places: int64, position in ``seeds`` of each node of the question, role after role.
        blocks: The sampled neighbourhood of the seeds; None: the encoder hears the full graph.
    """

    question: Question
    num_examples: int
    seeds: Tensor
    places: Tensor
    blocks: Sequence[Block] | None


class Batches:
    """Makes a run's batches, in a new random order each epoch; every sampled one is audited.

    Args:
        graph: The graph, whose ids name a leak.
        messages: Its message edges.
        training_set: What is asked.
        encoder: A ``SampledEncoder`` gets neighbourhoods.
        training: The ``training`` section.
        make_sampler: Samples them.

    Attributes:
        audited: How many batches were made and how many of them audited.
    """

    def __init__(
        self,
        graph: RegionGraph,
        messages: MessageGraph,
        training_set: TrainingSet,
        encoder: Encoder,
        training: TrainingConfig,
        make_sampler: SamplerFactory = NeighborSampler,
    ) -> None:
        self._set, self._batch_size = training_set, training.batch_size
        self._generator = torch.Generator().manual_seed(training.seed + 1)
        self._audit, self.audited = SupervisionAudit(graph), Audited()
        self._sampler = None
        if isinstance(encoder, SampledEncoder):
            self._sampler = make_sampler(messages, encoder.fanouts, training.seed)

    def epoch(self) -> Iterator[Batch]:
        """Goes once over all examples.

        Raises:
            LeakageError: A sampled batch heard one of its own pairs.
        """
        order = torch.randperm(len(self._set), generator=self._generator)
        for chosen in torch.split(order, self._batch_size):
            question = self._set.ask(chosen, self._generator)
            seeds, places = torch.unique(torch.cat(question.nodes), return_inverse=True)
            blocks = self._sample(seeds, question.answers)
            self.audited += Audited(num_batches=1, num_audited=int(blocks is not None))
            yield Batch(question, len(chosen), seeds, places, blocks)

    def _sample(self, seeds: Tensor, answers: TaskPairs) -> Sequence[Block] | None:
        if self._sampler is None:
            return None
        blocks = self._sampler.sample(seeds, answers.query, answers.candidate)
        self._audit.check(blocks, answers)
        return blocks
