"""The steps as commands: each one of the table of steps, by its job ``jobs/<step>.py``.

A step takes the options of its grain; one with options of its own has a command of its own.
"""

from collections.abc import Callable, Mapping
from typing import Annotated

import typer

from graphrec.jobs.cli_options import (
    Accept,
    AcceptedBy,
    AcceptedWhy,
    AsOf,
    Config,
    LakeRoot,
    NoRegion,
    OneRegion,
    OneSource,
    OnlyRegions,
    Rebuild,
    Set,
    Timeout,
    emit,
    open_day,
    refuse_future,
)
from graphrec.jobs.perform import perform
from graphrec_core.config import STEPS, Grain, StepName, Task
from graphrec_core.errors import NotReadyError
from graphrec_core.types import Region, View

Command = Callable[..., None]


def add_steps(app: typer.Typer) -> None:
    """Adds a command for each step of the table, in its order."""
    for step in STEPS:
        app.command(str(step), help=_help(step))(OWN.get(step) or _command(step))


def _help(step: StepName) -> str:
    spec = STEPS[step]
    example = f"graphrec {step} --config configs/town.yaml --as-of 2026-01-01"
    example += " --region ash" if spec.grain is not Grain.DAY else ""
    example += f" --view {View.TRAIN}" if spec.has_views else ""
    return f"{spec.help}\n\nExample: `{example}`"


def _command(step: StepName) -> Command:
    """Makes the command of a step that takes the options of its grain and no others."""
    if STEPS[step].has_views:
        return _of_view(step)
    return {Grain.DAY: _of_day, Grain.REGION: _of_region, Grain.SOURCE: _of_sources}[
        STEPS[step].grain
    ](step)


def _of_day(step: StepName) -> Command:
    def command(
        config: Config,
        as_of: AsOf,
        region: NoRegion = "",
        overrides: Set = [],
        lake: LakeRoot = "",
    ) -> None:
        emit(perform(Task(step), open_day(config, as_of, overrides, lake), region))

    return command


def _of_region(step: StepName) -> Command:
    def command(
        config: Config,
        as_of: AsOf,
        region: OneRegion = "",
        overrides: Set = [],
        lake: LakeRoot = "",
    ) -> None:
        emit(perform(Task(step), open_day(config, as_of, overrides, lake), region))

    return command


def _of_sources(step: StepName) -> Command:
    def command(
        config: Config,
        as_of: AsOf,
        region: OneRegion = "",
        source: OneSource = "",
        overrides: Set = [],
        lake: LakeRoot = "",
    ) -> None:
        emit(perform(Task(step), open_day(config, as_of, overrides, lake), region, source))

    return command


def _of_view(step: StepName) -> Command:
    def command(
        config: Config,
        as_of: AsOf,
        view: Annotated[View, typer.Option(help="Which view to work on.")],
        region: OneRegion = "",
        source: OneSource = "",
        overrides: Set = [],
        lake: LakeRoot = "",
    ) -> None:
        emit(perform(Task(step, view), open_day(config, as_of, overrides, lake), region, source))

    return command


def _wait_for_source(
    config: Config,
    as_of: AsOf,
    region: NoRegion = "",
    overrides: Set = [],
    lake: LakeRoot = "",
    timeout_s: Timeout = None,
) -> None:
    day = open_day(config, as_of, overrides, lake)
    try:
        emit(perform(Task(StepName.WAIT), day, region, timeout_s=timeout_s))
    except NotReadyError:
        emit({"step": str(StepName.WAIT), "ready": False})  # "not yet", as against a fault
        raise


def _build_snapshot(
    config: Config,
    as_of: AsOf,
    region: NoRegion = "",
    rebuild: Rebuild = False,
    accept: Accept = False,
    by: AcceptedBy = "",
    reason: AcceptedWhy = "",
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    day = open_day(config, as_of, overrides, lake)
    from graphrec.jobs.build_snapshot import acceptance

    accepted = acceptance(by, reason, rebuild=rebuild, accept=accept)
    task = Task(StepName.SNAPSHOT)
    emit(perform(task, day, region, acceptance=accepted, rebuild=rebuild))


def _publish_release(
    config: Config,
    as_of: AsOf,
    region: OnlyRegions = [],
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    day = open_day(config, as_of, overrides, lake)
    refuse_future(day.config, as_of)
    emit(perform(Task(StepName.PUBLISH), day, regions=tuple(map(Region, region))))


OWN: Mapping[StepName, Command] = {
    StepName.WAIT: _wait_for_source,
    StepName.SNAPSHOT: _build_snapshot,
    StepName.PUBLISH: _publish_release,
}
"""The commands with options of their own."""
