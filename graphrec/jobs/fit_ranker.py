"""fit-ranker: fits the ranker of all regions on the fit view, or of each chosen challenger."""

from graphrec_core.day import Day
from graphrec_core.judging.fit_ranker import produce_ranker
from graphrec_core.lake import Manifest


def run(day: Day) -> Manifest | dict[str, Manifest]:
    """Fits the day's ranker and returns its manifest; beside challengers those by contender."""
    if not day.config.recommender.challengers:
        return produce_ranker(day).manifest
    return {name: produce_ranker(one).manifest for name, one in day.of_rankers.items()}
