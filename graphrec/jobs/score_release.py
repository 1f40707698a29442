"""score-release: what the release of a horizon ago was worth."""

from graphrec_core.day import Day
from graphrec_core.judging.score_release import produce_score
from graphrec_core.lake import Manifest
from graphrec_core.ledger.past import read_past


def run(day: Day) -> Manifest:
    """Scores the release and returns the manifest of the score."""
    return produce_score(day, read_past(day.lake)).manifest
