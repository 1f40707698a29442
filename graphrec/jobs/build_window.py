"""build-window: samples what the sources propose on the fit view, for the ranker."""

from graphrec_core.day import Day
from graphrec_core.judging.build_window import produce_window
from graphrec_core.lake import Manifest


def run(day: Day) -> Manifest:
    """Makes the day's window and returns its manifest."""
    return produce_window(day).manifest
