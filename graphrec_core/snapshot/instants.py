"""The instants of one view: what lies in it, and what was known of it."""

from dataclasses import dataclass
from datetime import datetime

from graphrec_core.config import PipelineConfig
from graphrec_core.types import View


@dataclass(frozen=True)
class Instants:
    """Half-open bounds of a view or of a holdout, UTC.

    Attributes:
        start: Events before it are not used.
        end: Events at or after it are not used; for a view its one instant.
        known_before: Rows that reached us at or after it are not used.
        active_from: Nodes whose last event is older are not active.
    """

    start: datetime
    end: datetime
    known_before: datetime
    active_from: datetime


def view_instants(config: PipelineConfig, as_of: datetime, view: View) -> Instants:
    """Returns a view's instants: the serve view's end is as_of, the others' horizons earlier."""
    time = config.time
    end = time.end_of(as_of, view)
    return Instants(end - time.window, end, end + time.lateness, end - time.active)


def holdout_instants(config: PipelineConfig, as_of: datetime, after: View) -> Instants:
    """Returns the instants of a holdout: from the end of a view to the next view's."""
    time, start = config.time, view_instants(config, as_of, after).end
    end = start + time.horizon
    return Instants(start, end, end + time.lateness, end - time.active)
