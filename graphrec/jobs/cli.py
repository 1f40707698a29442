"""The command line: one command per step, and the commands people use beside them.

Steps print one line of JSON to standard output; logs go to standard error. Exit codes: 0 done,
1 fault (retry), 2 configuration or usage, 3 refused by data checks or by the gate.
"""

from typing import Annotated

import typer

from graphrec.jobs.cli_days import app as days_app
from graphrec.jobs.cli_live import app as live_app
from graphrec.jobs.cli_options import AsOf, Config, DayOption, LakeRoot, Set, emit, load
from graphrec.jobs.cli_steps import add_steps

app = typer.Typer(
    help="The daily machine behind graph recommendations.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
add_steps(app)
app.add_typer(days_app)
app.add_typer(live_app)


@app.command("init")
def init(
    example: Annotated[
        str, typer.Argument(help="gowalla, movielens or town.", metavar="EXAMPLE")
    ] = "town",
) -> None:
    """Writes configs/EXAMPLE.yaml, never over a file, and says where Airflow finds the DAGs.

    Example: `graphrec init town`
    """
    from graphrec.jobs import init as job

    path = job.run(example)
    typer.echo(f"Wrote {path}. All its keys: graphrec show-config --config {path}")
    typer.echo(f"For Airflow: export AIRFLOW__CORE__DAGS_FOLDER={job.dags_folder()}")


@app.command("status")
def status(
    config: Config,
    as_of: DayOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    """Shows what is live per region and, with --as-of, a day's run.

    Example: `graphrec status --config configs/town.yaml --as-of 2026-01-01`
    """
    from graphrec.jobs import status as job

    pipeline = load(config, overrides, lake)
    if as_json:
        emit(job.run(pipeline, as_of))
    else:
        job.show(pipeline, as_of)


@app.command("quarantine")
def quarantine(
    config: Config,
    as_of: AsOf,
    table: Annotated[str, typer.Option(help="Such as edges/visited.", metavar="T")] = "",
    reason: Annotated[str, typer.Option(help="Part of the reason.", metavar="R")] = "",
    node_id: Annotated[str, typer.Option("--id", help="Of a node or an event.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="Most rows; 0: all.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON a row.")] = False,
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    """Shows rejected rows of the day's last validation, each with its reason.

    Example: `graphrec quarantine --config configs/town.yaml --as-of 2026-01-01
    --table edges/visited --reason unknown`
    """
    from graphrec.jobs import quarantine as job
    from graphrec_core.quality.quarantine import Wanted

    wanted = Wanted(table, reason, node_id)
    rows = job.run(load(config, overrides, lake), as_of, wanted, limit)
    typer.echo(job.to_json(rows) if as_json else job.to_text(rows), nl=False)


@app.command("sweep")
def sweep(
    config: Config,
    older_than_hours: Annotated[float, typer.Option(min=0, help="Spares younger ones.")] = 24,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List, remove nothing.")] = False,
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    """Removes what dead and losing attempts left in the lake.

    Example: `graphrec sweep --config configs/town.yaml --dry-run`
    """
    from graphrec.jobs import sweep as job

    removed = job.run(load(config, overrides, lake), older_than_hours, dry_run=dry_run)
    emit({"removed": removed, "dry_run": dry_run})


@app.command("show-config")
def show_config(config: Config, overrides: Set = [], lake: LakeRoot = "") -> None:
    """Prints the resolved configuration, every key with its meaning and default.

    Example: `graphrec show-config --config configs/town.yaml
    --set recommender.sources.taste.model=graphsage`
    """
    from graphrec.jobs import show_config as job

    typer.echo(job.run(load(config, overrides, lake)))


def main() -> None:
    """Runs the command line and ends the process with the design's exit codes."""
    from graphrec.jobs.program import run

    run(app)


if __name__ == "__main__":
    main()
