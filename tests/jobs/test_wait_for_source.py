"""wait-for-source: lateness, the readiness marker, and the end of the wait."""

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graphrec.jobs import wait_for_source
from graphrec.jobs.wait_for_source import missing_for
from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.errors import NotReadyError
from tests.support.snapshots import AS_OF, tiny_config

MARKER = "ready/{as_of}.done"


def _config(root: Path, marker: str = "", lateness_hours: float = 0) -> PipelineConfig:
    config = tiny_config(
        root / "lake",
        time={"lateness_hours": lateness_hours},
        schedule={"start": "2026-01-01", "wait_poll_s": 0.05, "wait_timeout_hours": 0.0001},
    )
    source = config.source.model_copy(update={"root": str(root), "ready_marker": marker})
    return config.model_copy(update={"source": source})


def _mark(root: Path) -> None:
    (root / "ready").mkdir(exist_ok=True)
    (root / "ready" / "2026-01-01.done").touch()


@pytest.mark.parametrize(
    ("lateness_hours", "hours_after", "missing"),
    [
        (0, -0.001, "it is before 2026-01-01T00:00:00+00:00"),
        (0, 0, None),
        (6, 5.999, "it is before 2026-01-01T06:00:00+00:00"),
        (6, 6, None),
    ],
)
def test_a_day_is_ready_when_its_lateness_is_over(
    tmp_path: Path, lateness_hours: float, hours_after: float, missing: str | None
) -> None:
    config = _config(tmp_path, lateness_hours=lateness_hours)
    assert missing_for(config, AS_OF, AS_OF + timedelta(hours=hours_after)) == missing


def test_the_marker_of_that_very_day_must_exist(tmp_path: Path) -> None:
    config = _config(tmp_path, MARKER)
    missing = missing_for(config, AS_OF, AS_OF)
    assert missing is not None
    assert missing.endswith("ready/2026-01-01.done does not exist")
    _mark(tmp_path)
    assert missing_for(config, AS_OF, AS_OF) is None
    tomorrow = AS_OF + timedelta(days=1)
    assert "2026-01-02.done" in str(missing_for(config, tomorrow, tomorrow))


def test_a_marker_does_not_shorten_the_lateness(tmp_path: Path) -> None:
    _mark(tmp_path)
    config = _config(tmp_path, MARKER, lateness_hours=6)
    assert "it is before" in str(missing_for(config, AS_OF, AS_OF))


def test_one_look_is_enough_when_everything_is_there(tmp_path: Path) -> None:
    _mark(tmp_path)
    wait_for_source.run(Day(_config(tmp_path, MARKER), AS_OF), 0)


@pytest.mark.parametrize("timeout_s", [0, 0.2, None])
def test_the_wait_ends_with_what_was_missing(tmp_path: Path, timeout_s: float | None) -> None:
    """0 looks once; None: ``schedule.wait_timeout_hours``, here 0.36 s."""
    started_s = time.monotonic()
    with pytest.raises(NotReadyError, match=r"2026-01-01\.done does not exist") as caught:
        wait_for_source.run(Day(_config(tmp_path, MARKER), AS_OF), timeout_s)
    took_s = time.monotonic() - started_s
    limit_s = 0.36 if timeout_s is None else timeout_s
    assert limit_s <= took_s < limit_s + 60
    assert caught.value.exit_code == 1  # a retry may find it
    assert "source.ready_marker" in caught.value.fix


def test_the_future_is_never_ready(tmp_path: Path) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(NotReadyError, match="it is before"):
        wait_for_source.run(Day(_config(tmp_path), tomorrow), 0)


def test_a_marker_that_arrives_ends_the_wait(tmp_path: Path) -> None:
    arrival = threading.Timer(0.2, _mark, [tmp_path])
    started_s = time.monotonic()
    arrival.start()
    wait_for_source.run(Day(_config(tmp_path, MARKER), AS_OF), 300)
    arrival.join()
    assert 0.2 <= time.monotonic() - started_s < 100
