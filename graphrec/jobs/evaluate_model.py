"""evaluate-model: judges a region's model on the holdout and stores the decision."""

from graphrec_core.day import Day
from graphrec_core.judging.evaluate import produce_evaluation
from graphrec_core.lake import Manifest
from graphrec_core.types import Region


def run(day: Day, region: Region) -> Manifest:
    """Judges ``region`` and returns the evaluation's manifest."""
    return produce_evaluation(day, region).manifest
