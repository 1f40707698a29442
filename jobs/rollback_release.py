"""Returns LIVE to an earlier release and withdraws what came after it."""

import logging

from graphrec_core.config import PipelineConfig
from graphrec_core.lake import Lake
from graphrec_core.lake.live import Live, roll_back
from graphrec_core.lake.release import named_release
from graphrec_core.types import ArtifactId

logger = logging.getLogger(__name__)


def run(config: PipelineConfig, to: ArtifactId | None = None) -> Live:
    """Rolls back.

    Args:
        config: The pipeline.
        to: A release that was live; None or empty: the one before the present one.

    Returns:
        The pointer afterwards.

    Raises:
        ConfigError: The name is no release's id, or it was not live before the present one.
    """
    lake = Lake(config)
    live = roll_back(lake, named_release(lake, to).id if to else None)
    logger.info("live is release %s; withdrawn: %s", live.release_id, ", ".join(live.withdrawn))
    return live
