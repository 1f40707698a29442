"""Takes ``--region`` of a step, and refuses what the step cannot work on before it works."""

from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.errors import ConfigError
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.types import ALL_REGIONS, Region


def sources_at(day: Day, region: str, source: str) -> tuple[Region, list[str]]:
    """Takes ``--region`` and ``--source`` of a step that has a result per source.

    Returns:
        The region and its own sources; without one, ``ALL_REGIONS`` and the global sources.

    Raises:
        ConfigError: There is no such region or source, or none in the other's scope.
        AbsentError: The day has no snapshot.
    """
    sources = day.config.recommender.sources
    if source and source not in sources:
        raise ConfigError(
            must=f"--source must be one of recommender.sources: {', '.join(sources)}.",
            found=repr(source),
            fix="Name one of these, or leave --source out for all of them.",
        )
    there = [name for name, one in sources.items() if one.is_global != bool(region)]
    if not there and not region:
        return one_region(day, region), []
    where = one_region(day, region) if region else ALL_REGIONS
    wanted = [name for name in there if source in ("", name)]
    if not wanted:
        raise ConfigError(
            must=f"With --region a step works on that region's sources ({', '.join(there)}), "
            "without it on the global ones.",
            found=f"--region {region or 'left out'}, --source {source or 'left out'}",
            fix=f"{'Leave --region out' if region else 'Add --region NAME'}: "
            f"{source or ', '.join(sources)} is of the other scope.",
        )
    return where, wanted


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
