"""Returns LIVE to an earlier release and withdraws what came after it."""

import logging

from graphrec_core.config import PipelineConfig
from graphrec_core.lake import Lake
from graphrec_core.lake.release import Live, roll_back
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
        ConfigError: There is no such earlier release.
    """
    live = roll_back(Lake(config), to or None)
    logger.info("live is release %s; withdrawn: %s", live.release_id, ", ".join(live.withdrawn))
    return live
