"""What the commands share: options, reading what was given, printing results."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphrec_core.config import PipelineConfig, load_pipeline
from graphrec_core.errors import ConfigError
from graphrec_core.redaction import hide_in_uris
from graphrec_core.types import parse_instant

if TYPE_CHECKING:
    from graphrec_core.day import Day

Config = Annotated[Path, typer.Option(help="The pipeline's YAML file.", metavar="FILE")]
AsOf = Annotated[
    datetime,
    typer.Option(parser=parse_instant, help="The run's one instant, ISO, UTC.", metavar="ISO"),
]
OnlyRegions = Annotated[
    list[str], typer.Option("--region", help="Repeatable; none: all.", metavar="R")
]
OneRegion = Annotated[
    str, typer.Option(help="The region to work on; none: the global sources.", metavar="R")
]
OneSource = Annotated[str, typer.Option("--source", help="This source only.", metavar="NAME")]
NoRegion = Annotated[str, typer.Option(help="Refused: it works on all regions.", metavar="R")]
Set = Annotated[
    list[str],
    typer.Option("--set", help="Override one setting; repeatable.", metavar="SECTION.KEY=VALUE"),
]
LakeRoot = Annotated[str, typer.Option(help="Folder or URI (lake.root).", metavar="URI")]
Rebuild = Annotated[
    bool, typer.Option("--rebuild", help="Compare the source's past with the day's snapshot.")
]
Accept = Annotated[
    bool, typer.Option("--accept", help="Take a changed past: adds a revision of the snapshot.")
]
AcceptedBy = Annotated[str, typer.Option("--by", help="Who accepts; recorded.", metavar="NAME")]
AcceptedWhy = Annotated[str, typer.Option("--reason", help="Why; recorded.", metavar="TEXT")]
To = Annotated[
    str,
    typer.Option(help="Release to return to, or `nothing`; default: that before.", metavar="ID"),
]
LowerHighWater = Annotated[
    bool,
    typer.Option("--lower-high-water", help="Instead, lower the mark to the newest live day."),
]
LoweredBy = Annotated[str, typer.Option("--by", help="Who lowers it; recorded.", metavar="NAME")]
LoweredWhy = Annotated[str, typer.Option("--reason", help="Why; recorded.", metavar="TEXT")]
DayOption = Annotated[
    datetime | None,
    typer.Option("--as-of", parser=parse_instant, help="Show this day's run too.", metavar="ISO"),
]
IncludeSeen = Annotated[
    bool, typer.Option("--include-seen", help="Keep candidates already interacted with.")
]
Timeout = Annotated[
    float | None,
    typer.Option(
        min=0, help="Seconds to wait; 0: one look; default: schedule.wait_timeout_hours."
    ),
]


def load(config: Path, overrides: list[str] | None, lake: str) -> PipelineConfig:
    """Reads the pipeline with its overrides and ``--lake``."""
    extra = [f"lake.root={json.dumps(lake)}"] if lake else []
    return load_pipeline(config, [*(overrides or []), *extra])


def open_day(config: Path, as_of: datetime, overrides: list[str] | None, lake: str) -> "Day":
    """Opens the day's artefacts of a pipeline with its overrides and ``--lake``."""
    from graphrec_core.day import Day

    return Day(load(config, overrides, lake), as_of)


def refuse_future(config: PipelineConfig, as_of: datetime) -> None:
    """Refuses to let a day go live that is not over by the clock.

    Only here, at the border, is a clock looked at: a release of a mistaken day would keep all
    earlier days from going live. wait-for-source waits for the same moment.

    Raises:
        ConfigError: It is before ``as_of`` + ``time.lateness_hours``, and nobody forces.
    """
    over = as_of + config.time.lateness
    if config.publish.mode == "auto" and datetime.now(UTC) < over:
        raise ConfigError(
            must=f"A day goes live once it is over: not before {over.isoformat()}.",
            found=f"--as-of {as_of.isoformat()}, at {datetime.now(UTC).isoformat()}",
            fix="Correct --as-of, or wait; publish.mode=never stores the release only, and "
            "publish.mode=force, with who and why, publishes it all the same.",
        )


def wrong_use(must: str, found: str) -> ConfigError:
    """Makes the error of options that do not belong together."""
    return ConfigError(must=must, found=found, fix="See `graphrec rollback-release --help`.")


def emit(result: dict[str, Any]) -> None:
    """Prints a command's result as one line of JSON; Airflow keeps it, so it holds no secret."""
    typer.echo(hide_in_uris(json.dumps(result, sort_keys=True)))
