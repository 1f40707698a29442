"""The objectives by the kind of task that configuration gives."""

from collections.abc import Mapping

from graphrec_core.config.task import TaskKind
from graphrec_core.config.training import TrainingConfig
from graphrec_core.errors import ConfigError
from graphrec_core.graph import RegionGraph
from graphrec_core.training.objectives.objective import Objective
from graphrec_core.training.objectives.ranking import Ranking

OBJECTIVES: Mapping[TaskKind, type[Objective]] = {"recommend": Ranking}


def build_objective(kind: TaskKind, graph: RegionGraph, training: TrainingConfig) -> Objective:
    """Builds the objective of a kind of task on a graph.

    Args:
        kind: ``task.kind``.
        graph: A view's graph.
        training: The ``training`` section.

    Raises:
        ConfigError: There is no such kind.
    """
    if kind not in OBJECTIVES:
        raise ConfigError(
            must="task.kind must name an objective.",
            found=repr(kind),
            fix=f"Choose one of {', '.join(sorted(OBJECTIVES))}.",
        )
    return OBJECTIVES[kind](graph, training)
