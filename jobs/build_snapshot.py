"""build-snapshot: the day's as-of graph, partitioned by region and audited."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.engine import Engine, open_engine
from graphrec_core.lake import Attempt, Lake, Manifest, attempt, find_artifact
from graphrec_core.ledger.chain import Chain
from graphrec_core.quality import CheckedTable, check_source
from graphrec_core.quality.findings import digests
from graphrec_core.snapshot import audit, build_snapshot
from graphrec_core.snapshot.calendar import Calendar, open_calendar
from graphrec_core.snapshot.reuse import cutoffs, earlier_snapshots, with_equal_history
from graphrec_core.sources.areas import Areas
from graphrec_core.sources.canonical import CALENDAR_FEATURES, TableKind, TableName
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
    with attempt(lake.storage, folder, snapshot_id) as trial:
        stats = write_snapshot(config, lake, as_of, trial)
        inputs = chain.snapshot_inputs()
        committed = trial.commit(StepName.SNAPSHOT, config, as_of, region, inputs, stats)
    return committed.manifest


def write_snapshot(
    config: PipelineConfig, lake: Lake, as_of: datetime, trial: Attempt
) -> dict[str, Any]:
    """Writes a day's snapshot into an attempt, audits it and returns its figures."""
    with open_engine(config, lake) as engine:
        checked = check_source(engine, config, lake, as_of)
        areas = source_areas(config, lake)
        calendar = open_calendar(engine, config, as_of)
        earlier = earlier_snapshots(config, lake, as_of)
        found, *then = source_digests(engine, checked, areas, calendar, cutoffs(config, earlier))
        earlier = with_equal_history(earlier, engine.label, then)
        known = {name: table.known for name, table in checked.items()}
        accepted = {name: table.accepted for name, table in checked.items()}
        stats = build_snapshot(
            engine, config, known, accepted, areas, as_of, trial, earlier, calendar
        )
        audit(engine, config, as_of, trial.checked.uri)
        stats["features"] = {ntype: [] for ntype in config.source.nodes}
        for name, table in checked.items():
            if name.kind is not TableKind.EDGES:
                stats["features"][name.name] += table.features
        if calendar is not None:
            for names in stats["features"].values():
                names += CALENDAR_FEATURES
        stats["digest_engine"], stats["row_digests"] = engine.label, found
        stats["tables_without_known_at"] = sorted(
            str(name) for name, table in checked.items() if not table.has_known_at
        )
    return stats


def source_digests(
    engine: Engine,
    checked: Mapping[TableName, CheckedTable],
    areas: Areas | None,
    calendar: Calendar | None,
    cutoffs: Sequence[datetime] = (),
) -> list[dict[str, dict[str, Any]]]:
    """Returns the digests of all that a snapshot is made of: known now, and before each cutoff."""
    found = digests(engine, checked, cutoffs)
    if areas is not None and areas.sha256 is not None:
        for entry in found:
            entry["region.areas"] = {"digest": areas.sha256}
    if calendar is not None:
        for entry, digest in zip(found, calendar.digests(cutoffs), strict=True):
            entry["source.holidays"] = digest
    return found
