"""What a result took is its own, where one process makes several."""

import time

from graphrec_core.lake.meter import Meter


def test_each_result_has_its_own_seconds() -> None:
    """Added up, they are what the process took."""
    started_s, meter = time.perf_counter(), Meter()
    time.sleep(0.2)
    first = meter.take()["seconds"]
    second = meter.take()["seconds"]
    assert first >= 0.2
    assert second < 0.2
    assert first + second <= time.perf_counter() - started_s + 0.002  # each is rounded


def test_the_peak_is_that_of_a_process_in_memory() -> None:
    meter = Meter()
    assert meter.take()["peak_memory_mb"] > 1
    assert meter.take()["peak_memory_mb"] > 1
