"""Takes ``--region`` of a step, and refuses what the step cannot work on before it works."""

from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.errors import ConfigError
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.types import ALL_REGIONS, Region


def model_region(day: Day, region: str) -> Region:
    """Takes ``--region`` of a step whose model may be global.

    Raises:
        ConfigError: The model is of one region and none is named, or the day has no such region.
        AbsentError: The day has no snapshot.
    """
    scope = day.config.model.scope
    if scope == "global" and not region:
        return ALL_REGIONS
    known = one_region(day, region)
    return known if scope == "region" else ALL_REGIONS


def one_region(day: Day, region: str) -> Region:
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
    regions = day.open(day.ref(StepName.SNAPSHOT)).manifest.figures(SnapshotFigures).regions
    if region not in regions:
        raise ConfigError(
            must=f"--region must be a region of the day's snapshot: {', '.join(sorted(regions))}.",
            found=repr(region),
            fix="Name one of these; `graphrec build-snapshot` says which are left out, and why.",
        )
    return Region(region)


def refuse_region(region: str) -> None:
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
