"""Does a task of the day: the same by a step's command, in Airflow and in ``run-day``."""

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graphrec_core.config import STEPS, Grain, StepName, Task

if TYPE_CHECKING:
    from graphrec_core.day import Day
    from graphrec_core.lake import Manifest


def perform(
    task: Task,
    day: "Day",
    region: str = "",
    source: str = "",
    **options: Any,  # noqa: ANN401  (each job has its own)
) -> dict[str, Any]:
    """Runs a task's job on what its grain says, and returns what its command prints.

    Args:
        task: The task.
        day: The day.
        region: For a step with a result per region, and the sources of a region.
        source: This source only, for a step with a result per source.
        options: What the step's job takes beside.

    Raises:
        ConfigError: The step cannot work on that region or source.
        GraphrecError: What the job raises.
    """
    from graphrec.jobs import regions

    run, grain = _job(task.step), STEPS[task.step].grain
    if grain is Grain.DAY:
        regions.refuse_region(region)
        return _shown(task.step, run(day, **options))
    if grain is Grain.REGION:
        return _shown(task.step, run(day, regions.one_region(day, region), **options))
    where, sources = regions.sources_at(day, region, source)
    views = (task.view,) if task.view else ()
    made = run(day, where, *views, sources, **options)
    ids = {name: manifest.id for name, manifest in made.items()}
    told = {"step": str(task.step), "region": where, "sources": ids}
    return {**told, "view": str(task.view)} if task.view else told


def _job(step: StepName) -> Callable[..., Any]:
    module = importlib.import_module(f"graphrec.jobs.{step.replace('-', '_')}")
    run: Callable[..., Any] = module.run
    return run


def _shown(step: StepName, result: "Manifest | dict[str, Any]") -> dict[str, Any]:
    """Tells what a job returned: its artefact's manifest in short, or else the values."""
    from graphrec_core.lake import Manifest

    if isinstance(result, Manifest):
        return _in_short(result)
    made = {name: _in_short(one) for name, one in result.items() if isinstance(one, Manifest)}
    return {"step": str(step), "contenders": made} if len(made) == len(result) else result


def _in_short(result: "Manifest") -> dict[str, Any]:
    from graphrec_core.lake.records import figures_of

    kind = figures_of(result.step)
    told = result.figures(kind).to_json()
    shown = {name: told[name] for name in kind.shown}
    return {"step": result.step, "id": result.id, "region": result.region, **shown}
