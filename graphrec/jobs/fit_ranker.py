"""fit-ranker: fits the ranker of all regions on the fit view."""

from graphrec_core.day import Day
from graphrec_core.judging.fit_ranker import produce_ranker
from graphrec_core.lake import Manifest


def run(day: Day) -> Manifest:
    """Fits the day's ranker and returns its manifest."""
    return produce_ranker(day).manifest
