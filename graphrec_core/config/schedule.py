"""When the daily run happens."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from graphrec_core.config.base import MAX_HOURS, CalendarDay, Section

Overridable = Annotated[
    str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z0-9_]+)*\.([a-z0-9_]+|\*)$")
]
"""A dotted key, or ``section.*`` for all keys of a section."""


class ScheduleConfig(Section):
    """When the daily run happens."""

    start: CalendarDay = Field(description="First day of the schedule (UTC).")
    end: CalendarDay | None = Field(None, description="Last day, for historical data.")
    retries: int = Field(2, ge=0, le=100, description="Retries of a task after a fault.")
    wait_timeout_hours: float = Field(
        12, gt=0, le=MAX_HOURS, description="How long the day waits for its source."
    )
    wait_poll_s: float = Field(
        60, gt=0, le=86_400, description="Seconds between two looks at the source."
    )
    overridable: tuple[Overridable, ...] = Field(
        ("training.*", "evaluation.k", "index.*", "snapshot.memory", "snapshot.threads"),
        description="What a triggered run may override: keys (section.key) or section.*; itself "
        "never overridden, nor is `pipeline`.",
    )

    @model_validator(mode="after")
    def _has_a_day(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise ValueError("schedule.end must not lie before schedule.start")
        return self
