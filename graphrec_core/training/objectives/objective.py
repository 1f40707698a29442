"""The contract of every objective: what is asked, how an answer is scored, when one is better.

Batches, step and loop work with these four classes and know nothing of the task behind them.
An objective says what there is to learn on a graph, and how a holdout measures it; a training set
asks a batch's question; the question knows its loss; a validation set says whether training still
helps.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from torch import Generator, Tensor

from graphrec_core.config.task import TaskConfig
from graphrec_core.config.training import TrainingConfig
from graphrec_core.graph import RegionGraph
from graphrec_core.training.pairs import TaskPairs


@dataclass(frozen=True)
class Metric:
    """A figure that training is stopped by.

    Attributes:
        name: As logs and reports write it, such as ``recall@20``.
        is_larger_better: Which way is progress.
    """

    name: str
    is_larger_better: bool

    def is_better(self, value: float, than: float | None) -> bool:
        """Tells whether a value is progress; anything is, compared with nothing or with NaN."""
        if than is None or math.isnan(than):
            return True
        return value > than if self.is_larger_better else value < than


@dataclass(frozen=True)
class Question(ABC):
    """What one batch is asked.

    Attributes:
        nodes: int64 global indices, a tensor per role; the loss needs the vectors of these.
        answers: Pairs that no message edge of the batch may be, in either direction.
    """

    nodes: tuple[Tensor, ...]
    answers: TaskPairs

    @abstractmethod
    def loss(self, vectors: Sequence[Tensor], *, is_normalised: bool) -> Tensor:
        """Scores the encoder's answer.

        Args:
            vectors: float32 [len(nodes[i]), D] per role.
            is_normalised: Whether all vectors have length 1.

        Returns:
            A scalar: the mean loss of the batch's examples.
        """


class TrainingSet(ABC):
    """The examples of one run."""

    @abstractmethod
    def __len__(self) -> int:
        """Counts the examples that can be learned from."""

    @abstractmethod
    def ask(self, chosen: Tensor, generator: Generator) -> Question:
        """Makes a batch's question.

        Args:
            chosen: int64 positions of the batch's examples.
            generator: The source of chance, on the CPU.
        """


class ValidationSet(ABC):
    """What happened after the view that a run sees, to stop it by.

    Attributes:
        metric: What is measured.
    """

    metric: Metric

    @abstractmethod
    def __len__(self) -> int:
        """Counts what the metric is a mean over, such as queries."""

    @abstractmethod
    def measure(self, h_ND: Tensor) -> float:
        """Measures the vectors of all nodes."""


class Objective(ABC):
    """What there is to learn on one graph.

    Args:
        graph: A view's graph.
        task: The ``task`` section.
        training: The ``training`` section.
    """

    def __init__(self, graph: RegionGraph, task: TaskConfig, training: TrainingConfig) -> None:
        self.graph, self.task, self.training = graph, task, training

    @abstractmethod
    def everything(self) -> TrainingSet:
        """Takes all examples to learn from."""

    @abstractmethod
    def validation(self, holdout: pa.Table) -> ValidationSet:
        """Makes the measure of a run.

        Args:
            holdout: Rows of the holdout that begins where the graph's view ends.
        """
