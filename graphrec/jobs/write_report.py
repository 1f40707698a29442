"""write-report: the day as one HTML page, from whatever exists; always runs."""

import logging
from typing import Any

from graphrec_core.day import Day, released_before
from graphrec_core.errors import GraphrecError
from graphrec_core.ledger.past import read_past
from graphrec_core.report.collect import collect_found
from graphrec_core.report.found import find_day
from graphrec_core.report.page import render_page

logger = logging.getLogger(__name__)


def run(day: Day) -> dict[str, Any]:
    """Writes the page, replacing an older one of the same day; returns its URI.

    The release of a horizon ago is scored first, since the day's holdout says what it was worth.
    """
    _score_earlier(day)
    found = find_day(day.config, day.as_of)
    page = render_page(found, collect_found(found))
    path = f"{day.lake.layout.report(day.as_of)}/index.html"
    day.lake.storage.write(path, page.encode())
    uri = day.lake.storage.uri(path)
    logger.info("report: %s", uri)
    return {"report": uri}


def _score_earlier(day: Day) -> None:
    """Scores where there is something to score; what cannot be is said, and the page goes on."""
    try:
        past = read_past(day.lake)
        if day.has_snapshot and released_before(day, past):
            from graphrec_core.judging.score_release import produce_score  # noqa: PLC0415

            produce_score(day, past)
    except GraphrecError as error:
        logger.error("the release of a horizon ago is not scored: %s", error)
