"""A day's tasks in order, as the table of steps has them."""

from dataclasses import dataclass

from graphrec_core.config.recommender import RecommenderConfig
from graphrec_core.config.steps import STEPS, Grain, StepName
from graphrec_core.types import View


@dataclass(frozen=True)
class Task:
    """One run of a step's command, once or once per region.

    Attributes:
        step: The step.
        view: The view, for a step with one result a view.
    """

    step: StepName
    view: View | None = None

    @property
    def name(self) -> str:
        """Its name in the DAG and in tables."""
        return f"{self.step}-{self.view}" if self.view else str(self.step)


def tasks_of_day() -> list[Task]:
    """Returns the day's tasks in the order of the table.

    A step with views comes just before the first step that reads a view; a step that another one
    does at its end is no task.
    """
    found: dict[Task, None] = {}
    for step, spec in STEPS.items():
        if spec.within is not None:
            continue
        for one in spec.inputs:
            if one.view is not None:
                found.setdefault(Task(one.step, one.view))
        if not spec.has_views:
            found.setdefault(Task(step))
    return list(found)


def sources_of(step: StepName, recommender: RecommenderConfig) -> list[str]:
    """Names the sources that a step has a result for, each one of its own."""
    if STEPS[step].grain is not Grain.SOURCE:
        return []
    named = recommender.sources.items()
    return [name for name, one in named if one.is_trained or step is not StepName.TRAIN]


def scopes_of(step: StepName, recommender: RecommenderConfig) -> list[str]:
    """Says what a step has results for: the ``day``, each ``region``, or all (``global``)."""
    if STEPS[step].grain is not Grain.SOURCE:
        return [str(STEPS[step].grain)]
    own = (recommender.sources[name] for name in sources_of(step, recommender))
    return sorted({"global" if one.is_global else "region" for one in own})


def shape_of(recommender: RecommenderConfig) -> dict[str, list[str]]:
    """Says by step what it has results for: what the shape of a DAG follows from."""
    return {str(step): scopes_of(step, recommender) for step in STEPS}
