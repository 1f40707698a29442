"""The commands that run whole days in this process."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from graphrec.jobs.cli_options import (
    AsOf,
    Config,
    LakeRoot,
    OnlyRegions,
    Set,
    emit,
    load,
    open_day,
)
from graphrec_core.redaction import hide_in_uris
from graphrec_core.types import parse_instant

if TYPE_CHECKING:
    from rich.console import Console

    from graphrec.jobs.run_day import DayOutcome

app = typer.Typer()
FirstDay = Annotated[
    datetime,
    typer.Option("--from", parser=parse_instant, help="The first day's --as-of.", metavar="ISO"),
]
LastDay = Annotated[
    datetime,
    typer.Option("--to", parser=parse_instant, help="The last day's --as-of.", metavar="ISO"),
]
DayTimeout = Annotated[
    float, typer.Option("--timeout-s", min=0, help="Seconds to wait for the source; 0: one look.")
]


@app.command("run-day")
def run_day(
    config: Config,
    as_of: AsOf,
    region: OnlyRegions = [],
    timeout_s: DayTimeout = 0,
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    """Runs all steps of a day in one process, regions one after the other.

    Each leaves what it leaves by hand or in Airflow. Progress, what failed and the day's table go
    to standard error. A refused region does not stop the others; what is done already is found.
    Exit codes: 1 a fault, else 2 wrong configuration, else 3 something was refused, else 0.

    Example: `graphrec run-day --config configs/town.yaml --as-of 2026-01-01`
    """
    from graphrec.jobs import run_day as job
    from graphrec.jobs import status
    from graphrec.jobs.progress import shown_progress

    pipeline, console = load(config, overrides, lake), _console()
    with shown_progress(console) as progress:
        outcome = job.run(pipeline, as_of, progress, region, timeout_s)
    status.show(pipeline, as_of, console)
    _tell(console, outcome)
    emit(outcome.to_json())
    raise typer.Exit(outcome.exit_code)


@app.command("run-days")
def run_days(
    config: Config,
    first: FirstDay,
    last: LastDay,
    region: OnlyRegions = [],
    timeout_s: DayTimeout = 0,
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    """Runs `run-day` for each day from --from to --to, in the order of their dates.

    It stops at a day that ends with a fault or a wrong configuration, and goes on after one that
    ends with a refusal. Run again, it finds what is done.

    Example: `graphrec run-days --config configs/town.yaml --from 2025-12-31 --to 2026-01-01`
    """
    from graphrec.jobs import run_days as job
    from graphrec.jobs.progress import shown_progress

    pipeline, console = load(config, overrides, lake), _console()
    days = job.days_between(pipeline.schedule, first, last)
    with shown_progress(console) as progress:
        outcomes = list(job.run(pipeline, days, progress, region, timeout_s))
    for outcome in outcomes:
        _tell(console, outcome)
    code = min((one.exit_code for one in outcomes if one.exit_code), default=0)
    num_left = len(days) - len(outcomes)
    stopped_at = outcomes[-1].as_of.isoformat() if num_left else None
    if stopped_at:
        text = (
            f"Days not run: {num_left}. Go on with --from {stopped_at} --to {days[-1].isoformat()}"
        )
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    ended = [one.to_json() for one in outcomes]
    going_on = {"num_not_run": num_left, "next": stopped_at}
    emit({"exit_code": code, "days": ended, **going_on})
    raise typer.Exit(code)


@app.command("backtest")
def backtest(
    config: Config,
    first: FirstDay,
    last: LastDay,
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    """Scores the releases from --from to --to on what then happened, and draws a page.

    What served in each region stands beside popularity (of all time and recent), co-visitation,
    each source alone and the champion of the day, on the same queries. What happened is read from
    the snapshot a horizon later, which is built where it is not there.

    Example: `graphrec backtest --config configs/town.yaml --from 2025-12-20 --to 2025-12-25`
    """
    from graphrec.jobs import backtest as job

    found = job.run(load(config, overrides, lake), first, last)
    _console().print(job.as_table(found), highlight=False)
    emit(found)


@app.command("tune")
def tune(
    config: Config,
    as_of: AsOf,
    trials: Annotated[int, typer.Option(min=1, help="Trials of this call.")] = 30,
    timeout_s: Annotated[
        float, typer.Option("--timeout-s", min=0, help="No trial begins later; 0: no limit.")
    ] = 0,
    study: Annotated[str, typer.Option(help="Keeps the trials; default: in the lake.")] = "",
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    """Searches settings that do better on a day's fit holdout; shows the YAML lines to change.

    Which sources are in, their settings and the ranker's; not the training of encoders, whose
    models are taken as train-model left them. The day needs its snapshot. Called again, it goes on
    with what was tried. Nothing is changed, and the holdout of the gate is not read.

    Example: `graphrec tune --config configs/town.yaml --as-of 2026-01-01 --trials 20`

    For ten minutes: `graphrec tune --config configs/town.yaml --as-of 2026-01-01 --trials 999
    --timeout-s 600`
    """
    from graphrec.jobs import tune as job
    from graphrec.jobs.progress import Lines
    from graphrec_core.config.loader import names_sources

    console = _console()
    day = open_day(config, as_of, overrides, lake)
    is_whole = not names_sources(config)
    found = job.run(day, Lines(console), trials, timeout_s, study, is_whole=is_whole)
    console.print(job.as_text(found), markup=False, highlight=False, soft_wrap=True)
    emit(found)


def _console() -> "Console":
    from rich.console import Console

    return Console(stderr=True)


def _tell(console: "Console", outcome: "DayOutcome") -> None:
    """Says how a day ended, and names what failed and what did not run."""
    day = f"{outcome.as_of:%Y-%m-%d %H:%M} UTC"
    how = f"exit code {outcome.exit_code}" if outcome.exit_code else "done"
    parts = [f"{day}: {how}, {len(outcome.codes)} tasks in {outcome.seconds:.0f} s."]
    if outcome.failed:
        failed = (f"{title} (exit code {code})" for title, code in outcome.failed.items())
        parts.append(f"Failed: {', '.join(failed)}.")
    if outcome.skipped:
        parts.append(f"Skipped: {', '.join(outcome.skipped)}.")
    if outcome.report:
        parts.append(f"Report: {hide_in_uris(outcome.report)}")
    console.print("\n  ".join(parts), markup=False, highlight=False, soft_wrap=True)
