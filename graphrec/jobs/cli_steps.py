"""The steps as commands: each one of the table of steps, by its job ``jobs/<step>.py``.

A step takes the options of its grain. One with options of its own has its command here.
"""

import importlib
from collections.abc import Callable, Mapping
from types import ModuleType
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
    Rebuild,
    Set,
    Timeout,
    emit,
    emit_sources,
    emit_step,
    load,
    open_day,
    refuse_future,
)
from graphrec_core.config import STEPS, Grain, StepName
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


def _job(step: StepName) -> ModuleType:
    return importlib.import_module(f"graphrec.jobs.{step.replace('-', '_')}")


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
        from graphrec.jobs import regions

        regions.refuse_region(region)
        day = open_day(config, as_of, overrides, lake)
        emit_step(_job(step).run(day))

    return command


def _of_region(step: StepName) -> Command:
    def command(
        config: Config,
        as_of: AsOf,
        region: OneRegion = "",
        overrides: Set = [],
        lake: LakeRoot = "",
    ) -> None:
        from graphrec.jobs import regions

        day = open_day(config, as_of, overrides, lake)
        where = regions.one_region(day, region)
        emit_step(_job(step).run(day, where))

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
        from graphrec.jobs import regions

        day = open_day(config, as_of, overrides, lake)
        where, sources = regions.sources_at(day, region, source)
        emit_sources(step, where, _job(step).run(day, where, sources))

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
        from graphrec.jobs import regions

        day = open_day(config, as_of, overrides, lake)
        where, sources = regions.sources_at(day, region, source)
        emit_sources(step, where, _job(step).run(day, where, view, sources), view=view)

    return command


def _wait_for_source(
    config: Config,
    as_of: AsOf,
    region: NoRegion = "",
    overrides: Set = [],
    lake: LakeRoot = "",
    timeout_s: Timeout = None,
) -> None:
    from graphrec.jobs import regions
    from graphrec.jobs import wait_for_source as job

    regions.refuse_region(region)
    try:
        job.run(load(config, overrides, lake), as_of, timeout_s)
    except NotReadyError:
        emit({"step": "wait-for-source", "ready": False})  # "not yet", as against a fault
        raise
    emit({"step": "wait-for-source", "ready": True})


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
    from graphrec.jobs import regions

    regions.refuse_region(region)
    day = open_day(config, as_of, overrides, lake)
    from graphrec.jobs import build_snapshot as job

    accepted = job.acceptance(by, reason, rebuild=rebuild, accept=accept)
    emit(job.run(day, accepted, rebuild=rebuild))


def _publish_release(
    config: Config,
    as_of: AsOf,
    region: Annotated[list[str], typer.Option(help="Repeatable; none: all.", metavar="R")] = [],
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    from graphrec.jobs import publish_release as job

    day, regions = open_day(config, as_of, overrides, lake), tuple(map(Region, region))
    refuse_future(day.config, as_of)
    emit({"step": "publish-release", **job.run(day, regions)})


def _write_report(
    config: Config, as_of: AsOf, region: NoRegion = "", overrides: Set = [], lake: LakeRoot = ""
) -> None:
    from graphrec.jobs import regions
    from graphrec.jobs import write_report as job

    regions.refuse_region(region)
    emit({"report": job.run(load(config, overrides, lake), as_of)})


OWN: Mapping[StepName, Command] = {
    StepName.WAIT: _wait_for_source,
    StepName.SNAPSHOT: _build_snapshot,
    StepName.PUBLISH: _publish_release,
    StepName.REPORT: _write_report,
}
"""The commands with options or results of their own."""
