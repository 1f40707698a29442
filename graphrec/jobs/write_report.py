"""write-report: the day as one HTML page, from whatever exists; always runs."""

import logging
from datetime import datetime

from graphrec_core.config import PipelineConfig
from graphrec_core.report.collect import collect_found
from graphrec_core.report.found import find_day
from graphrec_core.report.page import render_page

logger = logging.getLogger(__name__)


def run(config: PipelineConfig, as_of: datetime) -> str:
    """Writes the page, replacing an older one of the same day.

    Returns:
        The page's URI.
    """
    found = find_day(config, as_of)
    page = render_page(found, collect_found(found))
    path = f"{found.day.lake.layout.report(as_of)}/index.html"
    found.day.lake.storage.write(path, page.encode())
    logger.info("report: %s", found.day.lake.storage.uri(path))
    return found.day.lake.storage.uri(path)
