"""The command line: one command per step, and the commands people use beside them.

Steps print one line of JSON to standard output; logs go to standard error. Exit codes: 0 done,
1 fault (retry), 2 configuration or usage, 3 refused by data checks or by the gate.
"""

from typing import Annotated

import typer

from graphrec_core.errors import NotReadyError
from graphrec_core.types import Region, View
from jobs.cli_live import app as live_app
from jobs.cli_options import (
    Accept,
    AcceptedBy,
    AcceptedWhy,
    AsOf,
    Config,
    DayOption,
    LakeRoot,
    ModelRegion,
    NoRegion,
    OneRegion,
    Rebuild,
    Set,
    Timeout,
    emit,
    emit_step,
    load,
    open_day,
    refuse_future,
)

app = typer.Typer(
    help="The daily machine behind graph recommendations.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.add_typer(live_app)


@app.command("wait-for-source")
def wait_for_source(
    config: Config,
    as_of: AsOf,
    region: NoRegion = "",
    overrides: Set = [],
    lake: LakeRoot = "",
    timeout_s: Timeout = None,
) -> None:
    """Waits until the day's rows can be there: as_of + lateness, and the readiness marker.

    Example: `graphrec wait-for-source --config configs/town.yaml --as-of 2026-01-01`
    """
    from jobs import regions
    from jobs import wait_for_source as job

    regions.refuse_region(region)
    try:
        job.run(load(config, overrides, lake), as_of, timeout_s)
    except NotReadyError:
        emit({"step": "wait-for-source", "ready": False})  # "not yet", as against a fault
        raise
    emit({"step": "wait-for-source", "ready": True})


@app.command("validate-source")
def validate_source(
    config: Config, as_of: AsOf, region: NoRegion = "", overrides: Set = [], lake: LakeRoot = ""
) -> None:
    """Checks every row and every table; bad rows go to quarantine, too many refuse the day.

    Example: `graphrec validate-source --config configs/town.yaml --as-of 2026-01-01`
    """
    from jobs import regions
    from jobs import validate_source as job

    regions.refuse_region(region)
    emit_step(job.run(open_day(config, as_of, overrides, lake)), "tables")


@app.command("build-snapshot")
def build_snapshot(
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
    """Builds the day's as-of graph: train view, holdout, serve view, by region, audited.

    Example: `graphrec build-snapshot --config configs/town.yaml --as-of 2026-01-01`
    """
    from jobs import regions

    regions.refuse_region(region)
    day = open_day(config, as_of, overrides, lake)
    from jobs import build_snapshot as job

    accepted = job.acceptance(by, reason, rebuild=rebuild, accept=accept)
    emit(job.run(day, accepted, rebuild=rebuild))


@app.command("check-snapshot")
def check_snapshot(
    config: Config, as_of: AsOf, region: NoRegion = "", overrides: Set = [], lake: LakeRoot = ""
) -> None:
    """Compares the snapshot with the last days, as build-snapshot does at its end.

    Example: `graphrec check-snapshot --config configs/town.yaml --as-of 2026-01-01
    --set quality.max_halo_frac=0.5`
    """
    from jobs import check_snapshot as job
    from jobs import regions

    regions.refuse_region(region)
    manifest = job.run(open_day(config, as_of, overrides, lake))
    emit_step(manifest, "kept_regions", "broken_regions", "history", "notes")


@app.command("train-model")
def train_model(
    config: Config, as_of: AsOf, region: ModelRegion = "", overrides: Set = [], lake: LakeRoot = ""
) -> None:
    """Trains the configured encoder on the train view.

    Example: `graphrec train-model --config configs/town.yaml --as-of 2026-01-01 --region ash`
    """
    from jobs import regions

    day = open_day(config, as_of, overrides, lake)
    where = regions.model_region(day, region)
    from jobs import train_model as job

    emit_step(job.run(day, where))


@app.command("generate-embeddings")
def generate_embeddings(
    config: Config,
    as_of: AsOf,
    view: Annotated[View, typer.Option(help="Which view to embed.")],
    region: ModelRegion = "",
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    """Embeds every node of one view with the trained weights.

    Example: `graphrec generate-embeddings --config configs/town.yaml --as-of 2026-01-01
    --region ash --view train`
    """
    from jobs import regions

    day = open_day(config, as_of, overrides, lake)
    where = regions.model_region(day, region)
    from jobs import generate_embeddings as job

    emit_step(job.run(day, where, view), view=view)


@app.command("evaluate-model")
def evaluate_model(
    config: Config, as_of: AsOf, region: OneRegion = "", overrides: Set = [], lake: LakeRoot = ""
) -> None:
    """Ranks every candidate for the holdout's queries and stores the gate's decision.

    Example: `graphrec evaluate-model --config configs/town.yaml --as-of 2026-01-01 --region ash`
    """
    from jobs import regions

    day = open_day(config, as_of, overrides, lake)
    where = regions.one_region(day, region)
    from jobs import evaluate_model as job

    emit_step(job.run(day, where), "verdict", "metrics")


@app.command("build-shard")
def build_shard(
    config: Config, as_of: AsOf, region: OneRegion = "", overrides: Set = [], lake: LakeRoot = ""
) -> None:
    """Builds a region's self-contained shard and measures its recall.

    Example: `graphrec build-shard --config configs/town.yaml --as-of 2026-01-01 --region ash`
    """
    from jobs import regions

    day = open_day(config, as_of, overrides, lake)
    where = regions.one_region(day, region)
    from jobs import build_shard as job

    emit_step(job.run(day, where), "ann_recall", "verdict")


@app.command("publish-release")
def publish_release(
    config: Config,
    as_of: AsOf,
    region: Annotated[list[str], typer.Option(help="Repeatable; none: all.", metavar="R")] = [],
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    """Publishes the regions that passed the gate; exits 3 naming the others.

    Example: `graphrec publish-release --config configs/town.yaml --as-of 2026-01-01`
    """
    from jobs import publish_release as job

    day, regions = open_day(config, as_of, overrides, lake), tuple(map(Region, region))
    refuse_future(day.config, as_of)
    emit({"step": "publish-release", **job.run(day, regions)})


@app.command("write-report")
def write_report(
    config: Config, as_of: AsOf, region: NoRegion = "", overrides: Set = [], lake: LakeRoot = ""
) -> None:
    """Writes the day's HTML page from whatever exists.

    Example: `graphrec write-report --config configs/town.yaml --as-of 2026-01-01`
    """
    from jobs import regions
    from jobs import write_report as job

    regions.refuse_region(region)
    emit({"report": job.run(load(config, overrides, lake), as_of)})


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
    from jobs import status as job

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
    from graphrec_core.quality.quarantine import Wanted
    from jobs import quarantine as job

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
    from jobs import sweep as job

    removed = job.run(load(config, overrides, lake), older_than_hours, dry_run=dry_run)
    emit({"removed": removed, "dry_run": dry_run})


@app.command("show-config")
def show_config(config: Config, overrides: Set = [], lake: LakeRoot = "") -> None:
    """Prints the resolved configuration, every key with its meaning and default.

    Example: `graphrec show-config --config configs/town.yaml --set model.name=graphsage`
    """
    from jobs import show_config as job

    typer.echo(job.run(load(config, overrides, lake)))


def main() -> None:
    """Runs the command line and ends the process with the design's exit codes."""
    from jobs.program import run

    run(app)


if __name__ == "__main__":
    main()
