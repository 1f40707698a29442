"""build-snapshot: the day's as-of graph, partitioned by region and audited."""

import logging
from datetime import datetime

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.engine import open_engine
from graphrec_core.lake import Chain, Lake, Manifest, attempt, find_artifact
from graphrec_core.quality import check_source
from graphrec_core.quality.findings import digests
from graphrec_core.snapshot import audit, build_snapshot
from graphrec_core.snapshot.reuse import cutoffs, earlier_snapshots, with_equal_history
from graphrec_core.sources.canonical import TableKind
from graphrec_core.sources.root import source_areas
from graphrec_core.types import Region

logger = logging.getLogger(__name__)


def run(config: PipelineConfig, as_of: datetime, region: Region) -> Manifest:
    """Builds the snapshot unless it is there.

    Raises:
        UnreadableSourceError: A raw table cannot be read.
        SchemaError: A SELECT does not yield its canonical table.
        EmptyTableError: A view or the holdout has no event.
        LeakageError: The audit found a row that knows the future.
    """
    lake, chain = Lake(config), Chain(config, as_of)
    snapshot_id = chain.snapshot_id()
    folder = lake.layout.snapshot(as_of, snapshot_id)
    if (done := find_artifact(lake.storage, folder)) is not None:
        logger.info("snapshot %s is already there", snapshot_id)
        return done.manifest
    with open_engine(config, lake) as engine, attempt(lake.storage, folder, snapshot_id) as trial:
        checked = check_source(engine, config, lake, as_of)
        areas = source_areas(config, lake)
        earlier = earlier_snapshots(config, lake, as_of)
        found, *then = digests(engine, checked, cutoffs(config, earlier))
        if areas is not None and areas.sha256 is not None:
            for entry in (found, *then):
                entry["region.areas"] = {"digest": areas.sha256}
        earlier = with_equal_history(earlier, engine.label, then)
        accepted = {name: table.accepted for name, table in checked.items()}
        stats = build_snapshot(engine, config, accepted, areas, as_of, trial, earlier)
        audit(engine, config, as_of, lake.storage, trial.base)
        stats["features"] = {ntype: [] for ntype in config.source.nodes}
        for name, table in checked.items():
            if name.kind is not TableKind.EDGES:
                stats["features"][name.name] += table.features
        stats["digest_engine"], stats["row_digests"] = engine.label, found
        stats["tables_without_known_at"] = sorted(
            str(name) for name, table in checked.items() if not table.has_known_at
        )
        committed = trial.commit(StepName.SNAPSHOT, config, as_of, region, {}, stats)
    return committed.manifest
