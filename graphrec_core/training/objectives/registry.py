"""The objectives by the kind of task that configuration gives."""

from collections.abc import Mapping

from graphrec_core.config.task import TaskConfig, TaskKind
from graphrec_core.config.training import TrainingConfig
from graphrec_core.errors import ConfigError
from graphrec_core.graph import RegionGraph
from graphrec_core.training.objectives.objective import Objective
from graphrec_core.training.objectives.ranking import Ranking

OBJECTIVES: Mapping[TaskKind, type[Objective]] = {"recommend": Ranking}


def build_objective(task: TaskConfig, graph: RegionGraph, training: TrainingConfig) -> Objective:
    """Builds the objective of a kind of task on a graph.

    Args:
        task: The ``task`` section.
        graph: A view's graph.
        training: The ``training`` section.

    Raises:
        ConfigError: There is no such kind.
    """
    if task.kind not in OBJECTIVES:
        raise ConfigError(
            must="task.kind must name an objective.",
            found=repr(task.kind),
            fix=f"Choose one of {', '.join(sorted(OBJECTIVES))}.",
        )
    return OBJECTIVES[task.kind](graph, task, training)
