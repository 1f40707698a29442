"""validate-source: judges every row and every table; bad rows go to quarantine."""

from graphrec_core.day import Day
from graphrec_core.lake import Manifest
from graphrec_core.quality.source_check import check_day_source


def run(day: Day) -> Manifest:
    """Validates the day's source and returns the validation's manifest."""
    return check_day_source(day).manifest
