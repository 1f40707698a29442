"""build-window: samples what the sources propose on the fit view, for the ranker."""

from graphrec_core.day import Day
from graphrec_core.judging.build_window import produce_window
from graphrec_core.lake import Manifest


def run(day: Day) -> Manifest | dict[str, Manifest]:
    """Makes the day's window and returns its manifest; beside challengers those by contender."""
    if not day.config.recommender.challengers:
        return produce_window(day).manifest
    fitted = {name: one for name, one in day.contenders.items() if one.is_fitted}
    return {name: produce_window(one).manifest for name, one in fitted.items()}
