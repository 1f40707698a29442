"""A day's tasks in order, as the table of steps has them: what the DAG and ``run-day`` follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from graphrec_core.config.recommender import RecommenderConfig
from graphrec_core.config.steps import STEPS, Grain, StepName
from graphrec_core.errors import ConfigError, EmptyTableError
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


def tasks_of_day(recommender: RecommenderConfig) -> list[Task]:
    """Returns the day's tasks in the order of the table.

    A step with views comes just before the first step that reads a view; a step that another one
    does at its end, or that the recommender does without, is no task.
    """
    found: dict[Task, None] = {}
    for step, spec in STEPS.items():
        if spec.within is not None or not is_part_of(step, recommender):
            continue
        for one in spec.inputs:
            if one.view is not None:
                found.setdefault(Task(one.step, one.view))
        if not spec.has_views:
            found.setdefault(Task(step))
    return list(found)


@dataclass(frozen=True)
class Stage:
    """What is done once the regions are known, up to where all of them have to be waited for.

    Attributes:
        shared: What is done once: the day's own task, then the global sources'.
        per_region: What is done once per region after that.
    """

    shared: tuple[Task, ...]
    per_region: tuple[Task, ...]


@dataclass(frozen=True)
class Flow:
    """A day's tasks, each group in order.

    Attributes:
        early: What is done once, before the regions are known; they follow from the snapshot.
        stages: What follows for the regions; a second stage begins with the choice, or the ranker.
        late: What is done once after all regions.
    """

    early: tuple[Task, ...]
    stages: tuple[Stage, ...]
    late: tuple[Task, ...]

    @property
    def after_regions(self) -> tuple[Task, ...]:
        """All tasks but the early ones."""
        staged = (one for stage in self.stages for one in (*stage.shared, *stage.per_region))
        return (*staged, *self.late)


def flow_of(recommender: RecommenderConfig) -> Flow:
    """Returns the day's tasks as the scopes of the sources part them."""
    tasks = tasks_of_day(recommender)
    scopes = {one: _scopes_of(one.step, recommender) for one in tasks}
    runs = [
        (of_day, tuple(run)) for of_day, run in groupby(tasks, lambda one: "day" in scopes[one])
    ]
    (_, early), *middle, (_, late) = runs
    stages, begun = list[Stage](), tuple[Task, ...]()
    for of_day, run in middle:
        if of_day:
            begun = run
            continue
        shared = tuple(one for one in run if "global" in scopes[one])
        per_region = tuple(one for one in run if "region" in scopes[one])
        stages.append(Stage(begun + shared, per_region))
    return Flow(early, tuple(one for one in stages if one.shared or one.per_region), late)


def is_part_of(step: StepName, recommender: RecommenderConfig) -> bool:
    """Tells whether a day with this recommender has the step."""
    if step in (StepName.WINDOW, StepName.RANKER):
        return recommender.num_windows > 0
    return step is not StepName.CHOICE or bool(recommender.challengers)


def regions_of_day(snapshot: Mapping[str, Any], wanted: Sequence[str]) -> list[str]:
    """Returns the regions that a day goes on with, sorted.

    Args:
        snapshot: The result of ``build-snapshot``; ``regions`` names what it holds and
            is not broken.
        wanted: Only these; empty: all.

    Raises:
        ConfigError: A wanted region is unknown.
        EmptyTableError: No region is left.
    """
    known = sorted(snapshot["regions"])
    if unknown := sorted(set(wanted) - set(known)):
        broken = ", ".join(snapshot.get("broken_regions", {})) or "none"
        raise ConfigError(
            must=f"Wanted regions must be of the snapshot, and not broken: {known}.",
            found=f"{unknown}; broken: {broken}",
            fix="Name some of these, or none for all.",
        )
    if not known:
        raise EmptyTableError(
            must="The snapshot must have a region with data.",
            found="no region",
            fix="See what build-snapshot said of the regions that it left out.",
        )
    return sorted(set(wanted or known))


def sources_of(step: StepName, recommender: RecommenderConfig) -> list[str]:
    """Names the sources that a step has a result for, each one of its own."""
    if STEPS[step].grain is not Grain.SOURCE:
        return []
    named = recommender.sources.items()
    return [name for name, one in named if one.is_trained or step is not StepName.TRAIN]


def shape_of(recommender: RecommenderConfig) -> dict[str, list[str]]:
    """Says by step what it has results for: what the shape of a DAG follows from."""
    return {str(step): _scopes_of(step, recommender) for step in STEPS}


def _scopes_of(step: StepName, recommender: RecommenderConfig) -> list[str]:
    """Says what a step has results for: the ``day``, each ``region``, or all (``global``)."""
    if not is_part_of(step, recommender):
        return []
    if STEPS[step].grain is not Grain.SOURCE:
        return [str(STEPS[step].grain)]
    own = (recommender.sources[name] for name in sources_of(step, recommender))
    return sorted({"global" if one.is_global else "region" for one in own})
