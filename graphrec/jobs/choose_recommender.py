"""choose-recommender: lets the recommender and its challengers compete on the fit holdout."""

from graphrec_core.day import Day
from graphrec_core.judging.choose import produce_choice
from graphrec_core.lake import Manifest


def run(day: Day) -> Manifest:
    """Chooses a recommender for each region and returns the choice's manifest."""
    return produce_choice(day).manifest
