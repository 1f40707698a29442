"""Returns LIVE to an earlier release, or lowers its high-water mark once that is done."""

import logging

from graphrec_core.config import PipelineConfig
from graphrec_core.lake import Lake
from graphrec_core.ledger.live import NOTHING, Live
from graphrec_core.ledger.release import named_release
from graphrec_core.publishing.going_live import lower_high_water, roll_back
from graphrec_core.types import ArtifactId

logger = logging.getLogger(__name__)


def run(config: PipelineConfig, to: ArtifactId | None = None) -> Live:
    """Rolls back.

    Args:
        config: The pipeline.
        to: A release that is in the history; ``nothing``: before the first; None or empty: the
            one before the present one.

    Returns:
        The pointer afterwards.

    Raises:
        ConfigError: The name is no release's id, or it was not live before the present one.
        DamagedError: A release of the remaining history is damaged.
    """
    lake = Lake(config)
    target = named_release(lake, to).id if to and to != NOTHING else to or None
    live = roll_back(lake, target)
    live_now = live.release_id or "nothing"
    logger.info("live is %s; withdrawn: %s", live_now, ", ".join(live.withdrawn))
    return live


def lower(config: PipelineConfig, by: str, why: str) -> Live:
    """Lowers the high-water mark to the newest day that is still live; withdraws nothing.

    Args:
        config: The pipeline.
        by: Who lowers it; recorded in LIVE.
        why: Why; recorded in LIVE.

    Returns:
        The pointer afterwards.

    Raises:
        ConfigError: Nobody or no reason is named, or the mark's day is live.
    """
    live = lower_high_water(Lake(config), by, why)
    logger.warning("the high-water mark is %s again", live.high_water or "that of an empty lake")
    return live
