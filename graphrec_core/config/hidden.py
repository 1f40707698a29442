"""A pipeline as it may be shown and stored: without the passwords and keys in its settings."""

from graphrec_core.config.pipeline import PipelineConfig
from graphrec_core.config.region import RegionConfig
from graphrec_core.config.snapshot import SnapshotConfig
from graphrec_core.config.source import SourceConfig
from graphrec_core.redaction import hide_in_uris, hide_options


def without_secrets(config: PipelineConfig) -> PipelineConfig:
    """Returns a copy that holds no secret, for eyes and for ids; it is no use to a step.

    An artefact's id is made of it: another password is no other result.
    """
    root = hide_in_uris(config.lake.root)
    return config.model_copy(
        update={
            "source": _source(config.source),
            "region": _region(config.region),
            "snapshot": _snapshot(config.snapshot),
            "lake": config.lake.model_copy(update={"root": root}),
        }
    )


def _source(source: SourceConfig) -> SourceConfig:
    tables = {
        name: table.model_copy(update={"path": hide_in_uris(table.path)})
        for name, table in source.tables.items()
    }
    update = {
        "root": hide_in_uris(source.root),
        "tables": tables,
        "ready_marker": hide_in_uris(source.ready_marker),
    }
    return source.model_copy(update=update)


def _region(region: RegionConfig) -> RegionConfig:
    if region.areas is None:
        return region
    polygons = hide_in_uris(region.areas.polygons)
    return region.model_copy(
        update={"areas": region.areas.model_copy(update={"polygons": polygons})}
    )


def _snapshot(snapshot: SnapshotConfig) -> SnapshotConfig:
    return snapshot.model_copy(
        update={
            "spark_master": hide_in_uris(snapshot.spark_master),
            "spark_settings": hide_options(snapshot.spark_settings),
        }
    )
