"""The last releases whose horizon is over, beside what their holdouts had promised."""

from collections.abc import Iterator
from datetime import timedelta

from graphrec_core.day import Day, released_before, score_ref
from graphrec_core.evaluation.forward import Scored, by_region, pooled, read_scores
from graphrec_core.report.day import LastReleases
from graphrec_core.report.found import FoundDay
from graphrec_core.types import format_instant, parse_instant

NUM_DAYS = 14
"""Days before the newest release whose horizon is over that are looked at."""


def last_releases(found: FoundDay) -> LastReleases:
    """Reads the scores that the day and earlier ones left; what is damaged is noted."""
    scored, unscored = list[Scored](), list[str]()
    for released, later in _days(found):
        own = list[Scored]()
        with found.damaged.noted(f"the score of the release of {released}"):
            score = later.find(score_ref(later, found.past))
            own = list(read_scores(score)) if score else []
        scored += own
        unscored += [] if own else [released]
    if not scored:
        return LastReleases(None, {}, tuple(unscored))
    last = max(one.as_of for one in scored)
    newest = by_region([one for one in scored if one.as_of == last])
    return LastReleases(pooled(scored, found.day.config), newest, tuple(unscored))


def _days(found: FoundDay) -> Iterator[tuple[str, Day]]:
    """Yields the days of releases, and those a horizon later."""
    config, horizon = found.day.config, found.day.config.time.horizon
    last = found.day.as_of - horizon
    first = last - timedelta(days=NUM_DAYS)
    for name in found.past.catalogue.days(format_instant(first), format_instant(last)):
        later = Day(config, parse_instant(name) + horizon)
        if released_before(later, found.past):
            yield name, later
