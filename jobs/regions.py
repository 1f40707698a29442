"""Takes ``--region`` of a step, and refuses what the step cannot work on before it works."""

from datetime import datetime

from graphrec_core.config import PipelineConfig
from graphrec_core.errors import ConfigError
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.ledger.chain import Chain
from graphrec_core.types import ALL_REGIONS, Region


def model_region(config: PipelineConfig, as_of: datetime, region: str) -> Region:
    """Takes ``--region`` of a step whose model may be global.

    Raises:
        ConfigError: The model is of one region and none is named, or the day has no such region.
        AbsentError: The day has no snapshot.
    """
    if config.model.scope == "global" and not region:
        return ALL_REGIONS
    known = one_region(config, as_of, region)
    return known if config.model.scope == "region" else ALL_REGIONS


def one_region(config: PipelineConfig, as_of: datetime, region: str) -> Region:
    """Takes ``--region`` of a step that needs one.

    Raises:
        ConfigError: None is named, or the day has no such region.
        AbsentError: The day has no snapshot.
    """
    if not region:
        raise ConfigError(
            must="This step works on one region.",
            found="no --region",
            fix="Add --region NAME; `graphrec status` lists the regions.",
        )
    lake = Lake(config)
    folder = lake.layout.snapshot(as_of, Chain(config, as_of).snapshot_id())
    regions = open_artifact(lake.storage, folder).manifest.stats["regions"]
    if region not in regions:
        raise ConfigError(
            must=f"--region must be a region of the day's snapshot: {', '.join(sorted(regions))}.",
            found=repr(region),
            fix="Name one of these; `graphrec build-snapshot` says which are left out, and why.",
        )
    return Region(region)


def all_regions(region: str) -> Region:
    """Takes the place of ``--region`` for steps that cannot be cut by region.

    Raises:
        ConfigError: One is named.
    """
    if region:
        raise ConfigError(
            must="This step works on all regions: their borders and the source are shared.",
            found=f"--region {region}",
            fix="Leave --region out; the steps from train-model on take one.",
        )
    return ALL_REGIONS
