"""The pairs a model learns from, and those held out to stop on."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from graphrec_core.graph import Messages, RegionGraph


@dataclass(frozen=True)
class TaskPairs:
    """Task pairs in global indices.

    Attributes:
        query: int64 [P].
        candidate: int64 [P].
    """

    query: Tensor
    candidate: Tensor

    def __len__(self) -> int:
        return len(self.query)

    def where(self, chosen: Tensor) -> "TaskPairs":
        """Returns the pairs at a mask or at indices."""
        return TaskPairs(self.query[chosen], self.candidate[chosen])


@dataclass(frozen=True)
class Split:
    """A graph's task pairs, divided to train and to stop.

    Attributes:
        pairs: The pairs to learn from.
        held: The newest pairs, to judge by.
        messages: The graph's message edges without the held pairs, in both directions.
    """

    pairs: TaskPairs
    held: TaskPairs
    messages: Messages


def hold_out_newest(graph: RegionGraph, validation_frac: float, rng: np.random.Generator) -> Split:
    """Holds out the task pairs whose last event is newest, of labels and of messages.

    Ties in time are broken at random, so that no node loses all of its pairs to its id. Node
    features still count the held events: they are the view's, and only stopping depends on it.

    Args:
        graph: A graph.
        validation_frac: Share to hold out.
        rng: Breaks ties.
    """
    pairs, times_us = all_pairs(graph), graph.task_pairs.last_event_us[_is_of_two(graph)]
    order = np.lexsort((rng.permutation(len(pairs)), times_us.numpy()))
    is_held = np.zeros(len(pairs), dtype=bool)
    is_held[order[len(pairs) - int(validation_frac * len(pairs)) :]] = True
    chosen = torch.from_numpy(is_held)
    held = pairs.where(chosen)
    return Split(
        pairs=pairs.where(~chosen),
        held=held,
        messages=graph.messages().without(held.query, held.candidate),
    )


def all_pairs(graph: RegionGraph) -> TaskPairs:
    """Returns the task pairs of a graph; no node is to be recommended to itself."""
    return TaskPairs(graph.task_pairs.src, graph.task_pairs.dst).where(_is_of_two(graph))


def _is_of_two(graph: RegionGraph) -> Tensor:
    """Bool [P]; False for a node paired with itself (nodes of two types never are)."""
    return graph.task_pairs.src != graph.task_pairs.dst
