"""The commands about what is live: going back, and answering from it."""

import json
from pathlib import Path
from typing import Annotated

import typer

from graphrec.jobs.cli_options import (
    Config,
    IncludeSeen,
    LakeRoot,
    LoweredBy,
    LoweredWhy,
    LowerHighWater,
    Set,
    To,
    emit,
    load,
    wrong_use,
)
from graphrec_core.types import ArtifactId

app = typer.Typer()


@app.command("rollback-release")
def rollback_release(
    config: Config,
    to: To = "",
    lower: LowerHighWater = False,
    by: LoweredBy = "",
    reason: LoweredWhy = "",
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    """Withdraws the live release and returns to an earlier one.

    After a release of a mistaken later day: roll it back, then --lower-high-water, or no earlier
    day can go live.

    Example: `graphrec rollback-release --config configs/town.yaml`
    """
    from graphrec.jobs import rollback_release as job

    pipeline = load(config, overrides, lake)
    if not lower and (by or reason):
        raise wrong_use("--by and --reason belong to --lower-high-water.", "no such flag")
    if lower and to:
        raise wrong_use("--lower-high-water withdraws nothing.", f"--to {to}")
    live = job.lower(pipeline, by, reason) if lower else job.run(pipeline, ArtifactId(to))
    emit({"live": live.model_dump(mode="json")})


@app.command("serve")
def serve(
    config: Config,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8000,
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    """Answers recommendations over HTTP from the live shards.

    Example: `graphrec serve --config configs/town.yaml --port 8000`
    """
    from graphrec.jobs import serve as job

    job.run(load(config, overrides, lake), port)


@app.command("query")
def query(
    config: Config,
    node_id: Annotated[
        str | None, typer.Argument(help="Left out: a sample.", metavar="[ID]")
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, max=1000, help="Neighbours.")] = 10,
    region: Annotated[str, typer.Option(help="Where a node without a home is.")] = "",
    explain: Annotated[
        bool, typer.Option("--explain", help="Say why each candidate stands there.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    """Answers one query node from the live shard: candidates, scores, titles.

    With --explain also each source's rank of a candidate and, of a learned ranker, the features
    that moved it most: their values and what they add to the log odds of its being met.

    Example: `graphrec query ash-u7 --config configs/town.yaml --k 5`
    """
    from graphrec.jobs import query as job

    if node_id == "":  # a variable of the shell that is not set
        raise typer.BadParameter("ID must not be empty; leave it out for a sample.")
    pipeline = load(config, overrides, lake)
    answer = job.run(pipeline, node_id or "", k, region, with_why=explain)
    typer.echo(json.dumps(answer.to_dict(), sort_keys=True) if as_json else answer.to_text())


@app.command("recommend")
def recommend(
    config: Config,
    output: Annotated[Path, typer.Option(help="Parquet file to write.", metavar="FILE")],
    k: Annotated[int, typer.Option("--k", min=1, max=1000, help="Candidates per query.")] = 20,
    release: Annotated[str, typer.Option(help="Release id; default: what is live.")] = "",
    include_seen: IncludeSeen = False,
    overrides: Set = [],
    lake: LakeRoot = "",
) -> None:
    """Writes the top k of every active query node to one Parquet file.

    Example: `graphrec recommend --config configs/town.yaml --k 100 --output top.parquet`
    """
    from graphrec.jobs import recommend as job

    pipeline = load(config, overrides, lake)
    num_rows = job.run(pipeline, k, output, ArtifactId(release), include_seen=include_seen)
    emit({"output": str(output), "num_rows": num_rows})
