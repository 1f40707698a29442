"""publish-release: publishes the regions that passed the gate, and tells what is live."""

from typing import Any

from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.ledger.live import read_live
from graphrec_core.publishing.publish import publish
from graphrec_core.types import Region


def run(day: Day, regions: tuple[Region, ...] = ()) -> dict[str, Any]:
    """Publishes the regions, none: all, and returns the release's id and which serve it now."""
    release = publish(day, regions)
    served = read_live(day.lake).regions
    live = sorted(name for name, one in served.items() if one.release_id == release.id)
    return {"step": str(StepName.PUBLISH), "id": release.id, "live": live}
