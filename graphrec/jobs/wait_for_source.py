"""wait-for-source: until as_of + lateness has passed and the source's readiness marker exists."""

import logging
import time
from datetime import UTC, datetime
from typing import Any

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.errors import NotReadyError
from graphrec_core.lake import Storage

logger = logging.getLogger(__name__)


def run(day: Day, timeout_s: float | None = None) -> dict[str, Any]:
    """Returns as soon as the source is ready.

    Args:
        day: The day; ``time.lateness_hours``, ``source.ready_marker``, ``schedule.wait_*``.
        timeout_s: Seconds to wait; 0 looks once; None: ``schedule.wait_timeout_hours``.

    Raises:
        NotReadyError: The source was not ready in time.
    """
    config, as_of = day.config, day.as_of
    limit_s = config.schedule.wait_timeout_hours * 3600 if timeout_s is None else timeout_s
    deadline_s = time.monotonic() + limit_s
    while (missing := missing_for(config, as_of, datetime.now(UTC))) is not None:
        if time.monotonic() >= deadline_s:
            raise NotReadyError(
                must=f"The source must be ready for {as_of.isoformat()}.",
                found=missing,
                fix="Wait for the source, or check source.ready_marker and time.lateness_hours.",
            )
        logger.info("waiting: %s", missing)
        time.sleep(min(config.schedule.wait_poll_s, max(deadline_s - time.monotonic(), 0)))
    return {"step": str(StepName.WAIT), "ready": True}


def missing_for(config: PipelineConfig, as_of: datetime, now: datetime) -> str | None:
    """Says what the day still waits for, or None when everything is there."""
    if now < as_of + config.time.lateness:
        return f"it is before {(as_of + config.time.lateness).isoformat()}"
    if config.source.ready_marker:
        marker = config.source.ready_marker.format(as_of=as_of.date().isoformat())
        source = Storage(config.source.root)
        if not source.exists(marker):
            return f"{source.uri(marker)} does not exist"
    return None
