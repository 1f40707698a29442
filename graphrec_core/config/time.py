"""The windows around an instant."""

from datetime import datetime, timedelta

from pydantic import Field

from graphrec_core.config.base import MAX_DAYS, MAX_HOURS, Section
from graphrec_core.types import View

HORIZONS_BEFORE = {View.FIT: 2, View.TRAIN: 1, View.SERVE: 0}
"""View -> how many horizons its instant lies before as_of."""


class FreshnessConfig(Section):
    """Old events lose their place: a share of them is dropped each time they grow a bucket older.

    Which ones is decided by a hash of the event, so that a dropped event stays dropped and every
    build drops the same ones.
    """

    bucket_days: int = Field(30, gt=0, le=MAX_DAYS, description="Length of an age bucket in days.")
    drop_frac: float = Field(
        0.1, gt=0, lt=1, description="Share of the events dropped on entering the next bucket."
    )


class TimeConfig(Section):
    """Lengths of the windows around an instant."""

    window_days: int = Field(
        365, gt=0, le=MAX_DAYS, description="A view holds the events of this many days."
    )
    horizon_days: int = Field(
        7, gt=0, le=MAX_DAYS, description="Days before as_of held out for evaluation."
    )
    active_days: int = Field(
        90,
        gt=0,
        le=MAX_DAYS,
        description="A node without an event for this many days is not a candidate.",
    )
    lateness_hours: float = Field(
        0,
        ge=0,
        le=MAX_HOURS,
        description="How long after an instant late rows still belong to its view.",
    )
    half_life_days: float = Field(
        0,
        ge=0,
        le=MAX_DAYS,
        description="An event this old weighs half in an edge's weight; 0: no decay.",
    )
    freshness: FreshnessConfig | None = Field(
        None, description="Drops a share of the old events; none: all of the window are used."
    )

    @property
    def window(self) -> timedelta:
        """Length of a view."""
        return timedelta(days=self.window_days)

    @property
    def horizon(self) -> timedelta:
        """Length of the holdout."""
        return timedelta(days=self.horizon_days)

    def end_of(self, as_of: datetime, view: View) -> datetime:
        """Returns a view's one instant."""
        return as_of - HORIZONS_BEFORE[view] * self.horizon

    @property
    def active(self) -> timedelta:
        """How recent a candidate's or query's last event must be."""
        return timedelta(days=self.active_days)

    @property
    def lateness(self) -> timedelta:
        """How long a view waits for late rows."""
        return timedelta(hours=self.lateness_hours)
