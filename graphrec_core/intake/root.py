"""Where a pipeline's files are: below ``source.root``, or in the generated town."""

from graphrec_core.config import PipelineConfig
from graphrec_core.intake.areas import Areas, load_areas
from graphrec_core.intake.town import ensure_town
from graphrec_core.lake import Lake


def source_root(config: PipelineConfig, lake: Lake) -> str:
    """Returns the folder or URI of the raw tables; the town is generated if it is not there."""
    town = config.source.town
    return config.source.root if town is None else ensure_town(lake, town)


def source_areas(config: PipelineConfig, lake: Lake) -> Areas | None:
    """Loads ``region.areas``; None where no node type needs them.

    Raises:
        UnreadableSourceError: The polygons cannot be read.
        SchemaError: They are not a GeoJSON of named, valid areas.
    """
    areas = config.region.areas
    return None if areas is None else load_areas(areas, source_root(config, lake))
