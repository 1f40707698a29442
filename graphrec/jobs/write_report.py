"""write-report: the day as one HTML page, from whatever exists; always runs."""

import logging
from typing import Any

from graphrec_core.day import Day
from graphrec_core.report.collect import collect_found
from graphrec_core.report.found import find_day
from graphrec_core.report.page import render_page

logger = logging.getLogger(__name__)


def run(day: Day) -> dict[str, Any]:
    """Writes the page, replacing an older one of the same day; returns its URI."""
    found = find_day(day.config, day.as_of)
    page = render_page(found, collect_found(found))
    path = f"{day.lake.layout.report(day.as_of)}/index.html"
    day.lake.storage.write(path, page.encode())
    uri = day.lake.storage.uri(path)
    logger.info("report: %s", uri)
    return {"report": uri}
