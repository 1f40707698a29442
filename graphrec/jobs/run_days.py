"""run-days: days one after the other, in the order of their dates.

In that order because a day's decisions depend on those of earlier days.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta

from graphrec.jobs import run_day
from graphrec.jobs.progress import Lines
from graphrec.jobs.run_day import DayOutcome
from graphrec_core.config import PipelineConfig
from graphrec_core.config.schedule import ScheduleConfig
from graphrec_core.errors import ConfigError

DAY = timedelta(days=1)
GOES_ON = (0, 3)
"""Exit codes of a day after which the next one is run: after a fault it would decide on less."""


def run(
    config: PipelineConfig,
    days: Iterable[datetime],
    progress: Lines,
    regions: Iterable[str] = (),
    timeout_s: float = 0,
) -> Iterator[DayOutcome]:
    """Runs days in order, and stops after one that ended with a fault or a wrong configuration.

    What a day has already is found, not made again.

    Args:
        config: The pipeline.
        days: Their instants.
        progress: Told which day it is, what runs and how it ended.
        regions: Only these; empty: all of each day's snapshot.
        timeout_s: Seconds to wait for each day's source; 0: one look.
    """
    for as_of in days:
        progress.say(f"{config.pipeline}, as of {as_of:%Y-%m-%d %H:%M} UTC")
        outcome = run_day.run(config, as_of, progress, regions, timeout_s)
        yield outcome
        if outcome.exit_code not in GOES_ON:
            return


def days_between(schedule: ScheduleConfig, first: datetime, last: datetime) -> list[datetime]:
    """Returns the instants from the first to the last, both included, a day apart.

    Raises:
        ConfigError: The range is reversed, does not end on one of its days, or leaves the
            schedule.
    """
    if last < first:
        raise _wrong("--to must not lie before --from.", first, last, "Swap them.")
    if (last - first) % DAY:
        raise _wrong("--from and --to must be whole days apart.", first, last, "Leave times out.")
    _refuse_unscheduled(schedule, first, last)
    return [first + number * DAY for number in range((last - first) // DAY + 1)]


def _refuse_unscheduled(schedule: ScheduleConfig, first: datetime, last: datetime) -> None:
    """Refuses days before ``schedule.start``, and after the end of ``schedule.end``."""
    start = datetime.combine(schedule.start, time(), UTC)
    end = datetime.combine(schedule.end, time(), UTC) + DAY if schedule.end else None
    if first < start or (end is not None and last > end):
        until = f"to {end.isoformat()}, the end of schedule.end" if end else "on"
        raise _wrong(
            f"Days must lie in the schedule: from {start.isoformat()} (schedule.start) {until}.",
            first,
            last,
            "Choose days of it, or change the schedule.",
        )


def _wrong(must: str, first: datetime, last: datetime, fix: str) -> ConfigError:
    found = f"--from {first.isoformat()} --to {last.isoformat()}"
    return ConfigError(must=must, found=found, fix=fix)
