"""check-snapshot: compares a built snapshot with the last days; broken regions do not go on."""

from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.lake import Manifest
from graphrec_core.quality.snapshot_suites import check_snapshot


def run(day: Day) -> Manifest:
    """Judges the day's snapshot unless these limits judged it before.

    Raises:
        LakeError: The day has no snapshot.
        ExpectationError: No region may go on.
    """
    return check_snapshot(day, day.open(day.ref(StepName.SNAPSHOT))).manifest
