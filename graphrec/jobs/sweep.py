"""sweep: removes what dead and losing attempts left in the lake."""

import logging

from graphrec_core.config import PipelineConfig
from graphrec_core.errors import ConfigError
from graphrec_core.lake import Lake
from graphrec_core.lake.sweep import find_leftovers, sweep

logger = logging.getLogger(__name__)


def run(
    config: PipelineConfig, older_than_hours: float = 24, *, dry_run: bool = False
) -> list[str]:
    """Removes uncommitted attempts and temporary files; committed artefacts are never touched.

    Args:
        config: The pipeline.
        older_than_hours: Younger ones are left alone; so is what a running step works in.
        dry_run: List only, remove nothing.

    Returns:
        Paths of what was removed (or would be), relative to the lake's root.

    Raises:
        ConfigError: The age is negative.
    """
    if older_than_hours < 0:
        raise ConfigError(
            must="--older-than-hours must be 0 or more.",
            found=str(older_than_hours),
            fix="Leave it out for 24.",
        )
    act = find_leftovers if dry_run else sweep
    leftovers = act(Lake(config), older_than_hours * 3600)
    logger.info("%d leftovers %s", len(leftovers), "found" if dry_run else "removed")
    return [leftover.path for leftover in leftovers]
