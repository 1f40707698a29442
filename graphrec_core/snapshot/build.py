"""Builds a snapshot: both views and the holdout; writes them by region; counts what it wrote."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Relation, SparkEngine
from graphrec_core.errors import EmptyTableError
from graphrec_core.lake import Attempt
from graphrec_core.snapshot.counts import SnapshotCounts, count_files, empty_regions
from graphrec_core.snapshot.files import SnapshotFiles
from graphrec_core.snapshot.instants import Instants, holdout_instants, view_instants
from graphrec_core.snapshot.view import ViewTables, build_view, events_as_of
from graphrec_core.sources.canonical import TableName
from graphrec_core.types import View

logger = logging.getLogger(__name__)


def build_snapshot(
    engine: SparkEngine,
    config: PipelineConfig,
    accepted: Mapping[TableName, Relation],
    as_of: datetime,
    trial: Attempt,
) -> dict[str, Any]:
    """Computes and writes both views and the holdout.

    Args:
        engine: A running engine.
        config: The pipeline.
        accepted: The accepted rows of every canonical table.
        as_of: The run's instant.
        trial: Where the files go.

    Returns:
        ``regions`` (counts per region and view), ``empty_regions`` (region -> why it is skipped)
        and ``num_no_history`` (holdout queries that had no home at the cut).

    Raises:
        EmptyTableError: A view or the holdout has no event.
    """
    views = {
        view: build_view(engine, config, accepted, view_instants(config, as_of, view))
        for view in View
    }
    holdout = _holdout(engine, config, accepted, as_of, views[View.TRAIN])
    files = SnapshotFiles(engine, trial)
    for ntype in config.source.nodes:
        files.write(f"nodes/{ntype}", {v: views[v].nodes[ntype] for v in View}, ("node_id",))
        logger.info("nodes/%s written", ntype)
    for etype in config.source.edges:
        files.write(f"edges/{etype}", {v: views[v].edges[etype] for v in View}, ("src", "dst"))
        logger.info("edges/%s written", etype)
    files.write("holdout", {None: holdout}, ("query_id", "candidate_id"))
    counts = count_files(config, files)
    _refuse_empty_windows(config, counts, as_of)
    skipped = empty_regions(counts.regions, config)
    for region, reason in skipped.items():
        logger.warning("region %s is skipped: %s", region, reason)
    kept = sorted(set(counts.regions) - set(skipped))
    files.collect(kept)
    return {
        "regions": {region: counts.regions[region] for region in kept},
        "empty_regions": skipped,
        "num_no_history": counts.num_no_history,
    }


def _holdout(
    engine: SparkEngine,
    config: PipelineConfig,
    accepted: Mapping[TableName, Relation],
    as_of: datetime,
    train: ViewTables,
) -> Relation:
    task, instants = config.task, holdout_instants(config, as_of)
    engine.register("holdout_events", events_as_of(engine, accepted, task.edge, instants))
    engine.register("query_homes", train.homes[task.query])
    engine.register("train_pairs", train.events[task.edge].select("src", "dst").distinct())
    candidates = train.nodes[task.candidate].where("is_candidate")
    engine.register("train_candidates", candidates.select("region", "node_id"))
    return engine.run("holdout_by_region")


def _refuse_empty_windows(config: PipelineConfig, counts: SnapshotCounts, as_of: datetime) -> None:
    edge = config.task.edge
    for view in View:
        if not any(entry[view]["num_edges"][edge] for entry in counts.regions.values()):
            _refuse_empty(f"The {view} view", edge, view_instants(config, as_of, view))
    if not counts.num_holdout_pairs:
        _refuse_empty("The holdout", edge, holdout_instants(config, as_of))


def _refuse_empty(what: str, edge: str, instants: Instants) -> None:
    raise EmptyTableError(
        must=f"{what} must hold events of edges/{edge} in "
        f"[{instants.start.isoformat()}, {instants.end.isoformat()}).",
        found="none between known nodes with a home region",
        fix="Choose an --as-of inside the data, or change time.window_days and time.horizon_days.",
    )
