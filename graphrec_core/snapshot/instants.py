"""The instants of one view: what lies in it, and what was known of it."""

from dataclasses import dataclass
from datetime import datetime

from graphrec_core.config import PipelineConfig
from graphrec_core.types import View


@dataclass(frozen=True)
class Instants:
    """Half-open bounds of a view or of the holdout, UTC.

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
    """Returns the instants of a view: the train view ends at the cut, the serve view at as_of."""
    time = config.time
    end = as_of - time.horizon if view is View.TRAIN else as_of
    return Instants(end - time.window, end, end + time.lateness, end - time.active)


def holdout_instants(config: PipelineConfig, as_of: datetime) -> Instants:
    """Returns the instants of the holdout: from the cut to as_of."""
    time = config.time
    return Instants(as_of - time.horizon, as_of, as_of + time.lateness, as_of - time.active)
