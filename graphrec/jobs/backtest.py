"""backtest: scores past releases on what happened after them, beside simple references."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.box import SIMPLE
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from graphrec.jobs.wait_for_source import run as wait_for_source
from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day, released_before
from graphrec_core.engine.sessions import one_session
from graphrec_core.errors import AbsentError, EmptyTableError, NotReadyError
from graphrec_core.evaluation.forward import Scored, pooled, read_scores
from graphrec_core.evaluation.metrics import judged_metrics
from graphrec_core.judging.score_release import produce_score
from graphrec_core.lake import Lake
from graphrec_core.ledger.past import Past, read_past
from graphrec_core.report.backtest import write_backtest
from graphrec_core.report.systems import system_title
from graphrec_core.report.wording import few, metric_heading, share
from graphrec_core.snapshot.daily import produce_snapshot
from graphrec_core.types import format_instant, parse_instant

logger = logging.getLogger(__name__)


def run(config: PipelineConfig, first: datetime, last: datetime) -> dict[str, Any]:
    """Scores the releases of days, and writes a page with what each was worth.

    What happened after a day is the holdout of the snapshot a horizon later, which is built where
    it is not there; a day whose horizon is not over yet is left out, and said.

    Args:
        config: The pipeline.
        first: The first release's instant.
        last: The last one's.

    Returns:
        Means by system, per day and pooled over all queries; the page.

    Raises:
        AbsentError: No release of these days can be scored.
    """
    lake = Lake(config)
    past = read_past(lake)
    days = past.catalogue.days(format_instant(first), format_instant(last))
    if absent := _days_without(days, first, last):
        logger.warning("left out for want of a release: %s", few(absent))
    with one_session():
        scored = [one for day in days for one in _score_day(config, past, parse_instant(day))]
    if not scored:
        raise AbsentError(
            must="A release between --from and --to must have a whole horizon behind it.",
            found=f"none from {first.isoformat()} to {last.isoformat()}",
            fix="`graphrec status` shows what is live; run-days makes releases of past days.",
        )
    figures = pooled(scored, config)
    for day, found in figures["days"].items():
        if found["parted"]:
            logger.warning("%s: less came than the holdout promised: %s", day, found["parted"])
    return {**figures, "page": write_backtest(lake, config, figures)}


def as_table(figures: Mapping[str, Any]) -> RenderableType:
    """Shows the means over all queries, a line per system."""
    table = Table(
        title=f"{figures['num_queries']} answers of {len(figures['days'])} days", box=SIMPLE
    )
    names = [one.name for one in judged_metrics()]
    table.add_column("system")
    for name in names:
        table.add_column(metric_heading(name, figures["k"]), justify="right")
    table.add_column("queries", justify="right")
    for system, means in figures["means"].items():
        table.add_row(Text(system_title(system)), *(share(means[name]) for name in names),
                      str(means["num_queries"]))  # fmt: skip
    return table


def _days_without(days: Sequence[str], first: datetime, last: datetime) -> list[str]:
    """Names the days from the first to the last that have no release."""
    released = {parse_instant(day).date() for day in days}
    every = (first.date() + timedelta(days=n) for n in range((last - first).days + 1))
    return [str(day) for day in every if day not in released]


def _score_day(config: PipelineConfig, past: Past, as_of: datetime) -> Iterator[Scored]:
    later = Day(config, as_of + config.time.horizon)
    if released_before(later, past) and _is_followed(later):
        yield from read_scores(produce_score(later, past))


def _is_followed(later: Day) -> bool:
    """Tells whether a day's snapshot is there, or can be built: not while it is not over."""
    if later.has_snapshot:
        return True
    try:
        wait_for_source(later, timeout_s=0)
        produce_snapshot(later)
    except (NotReadyError, EmptyTableError) as error:
        released = later.as_of - later.config.time.horizon
        logger.warning("%s is left out: what followed is not known: %s", released, error)
        return False
    return True
