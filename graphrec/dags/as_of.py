"""The one instant of a run: resolved once, by the first task.

Airflow's ``data_interval`` and ``ds`` are not read at all: a manual run infers the interval from
the moment it was triggered, and a run without a logical date has neither.
"""

from datetime import UTC, datetime, time, timedelta

from graphrec_core.errors import ConfigError
from graphrec_core.types import parse_instant

BACKFILL = "backfill"


def resolve_as_of(
    wanted: str | None, run_type: str, logical_date: datetime | None, run_after: datetime
) -> datetime:
    """Returns the instant of a run, UTC.

    Args:
        wanted: The parameter ``as_of``: an ISO date or date-time, or None.
        run_type: Airflow's kind of run: scheduled, manual, backfill...
        logical_date: The day that the run is about; None for a manual run without a date.
        run_after: When the run became due.

    Raises:
        ConfigError: ``wanted`` is not ISO, or is given in a backfill, whose runs have own dates.
    """
    if wanted and run_type == BACKFILL:
        raise ConfigError(
            must="A backfill gives each of its runs the instant of its own date.",
            found=f"the parameter as_of={wanted!r}",
            fix="Leave as_of out; choose the days with --from-date and --to-date.",
        )
    if wanted:
        return parse_instant(wanted)
    if logical_date is not None:
        return _day_of(logical_date) + timedelta(days=1)
    return _day_of(run_after)


def _day_of(moment: datetime) -> datetime:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.combine(aware.astimezone(UTC).date(), time(), UTC)
