"""The day's snapshot: found, or made from the source as it was known then, audited, committed."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.engine import Engine, open_engine
from graphrec_core.errors import EmptyTableError
from graphrec_core.intake import CheckedTable, check_source
from graphrec_core.intake.areas import Areas
from graphrec_core.intake.canonical import TableKind, TableName
from graphrec_core.intake.findings import digests
from graphrec_core.intake.root import source_areas
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import GraphSchema, SnapshotFigures, TableDigest
from graphrec_core.snapshot.audit import audit
from graphrec_core.snapshot.build import build_snapshot
from graphrec_core.snapshot.reuse import cutoffs, earlier_snapshots, with_equal_history

logger = logging.getLogger(__name__)


def produce_snapshot(day: Day) -> Artifact:
    """Builds the day's snapshot unless it is there.

    Raises:
        UnreadableSourceError: A raw table cannot be read.
        SchemaError: A SELECT does not yield its canonical table.
        EmptyTableError: A view or the holdout has no event.
        LeakageError: The audit found a row that knows the future.
    """
    return day.produce(day.ref(StepName.SNAPSHOT), lambda trial: write_snapshot(day, trial))


def produce_earlier_snapshots(day: Day) -> None:
    """Builds the snapshots that the ranker's earlier windows are of, where they are not there.

    The oldest one first: each stands on the one before.
    """
    for earlier in reversed(day.earlier_window_days):
        try:
            produce_snapshot(earlier)
        except EmptyTableError as error:
            logger.warning("the ranker has no window of %s: %s", earlier.as_of, error)


def write_snapshot(day: Day, trial: Attempt) -> SnapshotFigures:
    """Writes a day's snapshot into an attempt, audits it and returns its figures."""
    config, lake, as_of = day.config, day.lake, day.as_of
    with open_engine(config, lake) as engine:
        checked = check_source(engine, config, lake, as_of)
        areas = source_areas(config, lake)
        earlier = earlier_snapshots(config, as_of)
        found, *then = source_digests(engine, checked, areas, cutoffs(config, earlier))
        earlier = with_equal_history(earlier, engine.label, then)
        known = {name: table.known for name, table in checked.items()}
        accepted = {name: table.accepted for name, table in checked.items()}
        figures = build_snapshot(engine, config, known, accepted, areas, as_of, trial, earlier)
        audit(engine, config, as_of, trial.checked.uri)
        without_known_at = [str(name) for name, one in checked.items() if not one.has_known_at]
        return figures.model_copy(
            update={
                "features": _schema(config.source.nodes, checked),
                "edge_features": {
                    etype: tuple(sorted(edge.features))
                    for etype, edge in config.source.edges.items()
                    if edge.features
                },
                "digest_engine": engine.label,
                "row_digests": found,
                "tables_without_known_at": tuple(sorted(without_known_at)),
            }
        )


def source_digests(
    engine: Engine,
    checked: Mapping[TableName, CheckedTable],
    areas: Areas | None,
    cutoffs: Sequence[datetime] = (),
) -> list[dict[str, TableDigest]]:
    """Returns the digests of all that a snapshot is made of: known now, and before each cutoff."""
    found = digests(engine, checked, cutoffs)
    if areas is not None and areas.sha256 is not None:
        for entry in found:
            entry["region.areas"] = TableDigest(digest=areas.sha256)
    return found


def _schema(ntypes: Mapping[str, Any], checked: Mapping[TableName, CheckedTable]) -> GraphSchema:
    """Names the node types and their feature columns."""
    names: dict[str, list[str]] = {ntype: [] for ntype in ntypes}
    for name, table in checked.items():
        if name.kind is not TableKind.EDGES:
            names[name.name] += table.features
    return GraphSchema({ntype: tuple(own) for ntype, own in names.items()})
