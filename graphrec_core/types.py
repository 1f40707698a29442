"""Typed names of things: ids, enums and the one notation for instants."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import NewType

from graphrec_core.errors import ConfigError

Region = NewType("Region", str)
ArtifactId = NewType("ArtifactId", str)

ALL_REGIONS = Region("_all")
"""The region of an artefact that covers every region (one global model)."""
DAY_US = 86_400_000_000
"""Microseconds of a day: the unit of every timestamp in a view."""
FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Years of the instants that a run may be about: a window and two horizons before them, and a
horizon after them, stay within what every engine's timestamps hold."""


class View(StrEnum):
    """The three views of a snapshot, by their instants: a horizon lies between each and the next.

    ``FIT`` is where epochs are chosen, ``TRAIN`` what is judged, ``SERVE`` what is published.
    """

    FIT = "fit"
    TRAIN = "train"
    SERVE = "serve"


REQUIRED_VIEWS = (View.TRAIN, View.SERVE)
"""The views that a day cannot do without; one without a fit view runs all the same."""


class Role(StrEnum):
    """Why a node is part of a region's graph."""

    HOME = "home"
    HALO = "halo"
    MEMBER = "member"


def parse_instant(text: str) -> datetime:
    """Reads an ISO date or date-time as a UTC instant.

    Args:
        text: e.g. ``2010-09-01`` or ``2010-09-01T00:00:00+00:00``; no offset means UTC.

    Raises:
        ConfigError: The text is not an ISO date or date-time, is finer than a second, or its
            year is out of reach.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
        instant = instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
        if not FIRST_YEAR <= instant.year <= LAST_YEAR:
            raise ValueError("no run can be about this year")
        if instant.microsecond:
            raise ValueError("finer than a second")
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            must="An as-of instant must be an ISO date or date-time in UTC, a whole second of the "
            f"years {FIRST_YEAR} to {LAST_YEAR}.",
            found=repr(text),
            fix="Write it like 2010-09-01 or 2010-09-01T00:00:00+00:00.",
        ) from error
    return instant


def format_instant(instant: datetime) -> str:
    """Writes a UTC instant without colons, as paths need it: ``20100901T000000Z``.

    A part of a second is written too, so that two instants never have one name.
    """
    utc = instant.astimezone(UTC)
    fraction = f".{utc.microsecond:06d}" if utc.microsecond else ""
    return f"{utc:%Y%m%dT%H%M%S}{fraction}Z"
