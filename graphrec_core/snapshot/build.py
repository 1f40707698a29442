"""Builds a snapshot: writes its views and holdouts by region, and counts what it wrote."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Engine, Relation
from graphrec_core.errors import EmptyTableError
from graphrec_core.intake.areas import Areas
from graphrec_core.intake.canonical import TableName
from graphrec_core.lake import Attempt
from graphrec_core.lake.records import LeftOut, SnapshotFigures
from graphrec_core.snapshot.counts import SnapshotCounts, count_files, empty_regions
from graphrec_core.snapshot.day_views import DayViews
from graphrec_core.snapshot.files import SnapshotFiles
from graphrec_core.snapshot.instants import Instants, holdout_instants, view_instants
from graphrec_core.snapshot.left_out import count_known_nodes, warn_of_absent_nodes
from graphrec_core.snapshot.reuse import Earlier
from graphrec_core.snapshot.view import ViewBuilder
from graphrec_core.types import REQUIRED_VIEWS, Region, View

logger = logging.getLogger(__name__)


def build_snapshot(
    engine: Engine,
    config: PipelineConfig,
    known: Mapping[TableName, Relation],
    accepted: Mapping[TableName, Relation],
    areas: Areas | None,
    as_of: datetime,
    trial: Attempt,
    earlier: Earlier = Earlier(),  # noqa: B008
) -> SnapshotFigures:
    """Computes and writes the views and holdouts.

    Args:
        engine: A running engine.
        config: The pipeline.
        known: The rows of every canonical table that were known in time, good and bad.
        accepted: The good ones.
        areas: The areas of types with the rule ``coordinates``, if there are such types.
        as_of: The run's instant.
        trial: Where the files go.
        earlier: Snapshots of earlier days to build on; the rows are those of a full build.

    Returns:
        What it wrote; without the schema and the digests of what it was made of.

    Raises:
        EmptyTableError: The train view, the serve view or the holdout has no event, or no region
            has all it needs.
    """
    files = SnapshotFiles(engine, trial)
    cutoff = view_instants(config, as_of, View.SERVE).known_before
    builder = ViewBuilder(engine, config, accepted, areas, files, cutoff)
    views = DayViews(builder, known, as_of, earlier)
    homeless, left_out = views.write(), views.left_out
    num_known = count_known_nodes(engine, accepted)
    _refuse_no_nodes(num_known)
    for view, found in left_out.items():
        warn_of_absent_nodes(view, found, num_known)
    counts = count_files(config, files, homeless)
    _refuse_empty_windows(config, counts, left_out, as_of)
    skipped = empty_regions(counts.regions, config)
    for region, reason in skipped.items():
        logger.warning("region %s is skipped: %s", region, reason)
    kept = sorted(set(counts.regions) - set(skipped))
    _refuse_no_region(kept, skipped)
    files.finish(kept)
    return SnapshotFigures(
        regions={region: counts.regions[region] for region in kept},
        empty_regions=skipped,
        merged_regions=dict(views.merged),
        long_regions=tuple(files.long_regions()),
        num_known_nodes=num_known,
        left_out=left_out,
        num_no_history=counts.num_no_history,
    )


def _refuse_no_nodes(num_known: Mapping[str, int]) -> None:
    if unknown := [ntype for ntype, num in num_known.items() if not num]:
        raise EmptyTableError(
            must="Every node type must have a node with a good row.",
            found=f"none in nodes/{', nodes/'.join(unknown)}",
            fix="Choose an --as-of after the first rows. If it is, run validate-source: it says "
            "what is wrong with every row.",
        )


def _refuse_empty_windows(
    config: PipelineConfig,
    counts: SnapshotCounts,
    left_out: Mapping[View, LeftOut],
    as_of: datetime,
) -> None:
    edge = config.task.edge
    for view in REQUIRED_VIEWS:
        if not any(entry.views[view].num_edges[edge] for entry in counts.regions.values()):
            if num_edges := left_out[view].num_homeless_edges[edge]:
                _refuse_homeless(view, edge, num_edges, left_out[view])
            _refuse_empty(f"The {view} view", edge, view_instants(config, as_of, view))
    if not counts.num_holdout_pairs:
        _refuse_empty("The holdout", edge, holdout_instants(config, as_of, View.TRAIN))


def _refuse_no_region(kept: Sequence[Region], skipped: Mapping[Region, str]) -> None:
    if not kept:
        raise EmptyTableError(
            must="At least one region must have edges, query nodes and active candidates.",
            found="; ".join(f"{region}: {reason}" for region, reason in skipped.items()),
            fix="Choose an --as-of inside the data, or change time.window_days, time.active_days "
            "and region.",
        )


def _refuse_homeless(view: View, edge: str, num_edges: int, left_out: LeftOut) -> None:
    nodes = ", ".join(
        f"{num} of {left_out.num_nodes[ntype]} {ntype}"
        for ntype, num in left_out.num_homeless_nodes.items()
        if num
    )
    raise EmptyTableError(
        must=f"The {view} view must hold events of edges/{edge} in some region.",
        found=f"{num_edges} edges, all between nodes without a home region ({nodes})",
        fix="Check the rules in `region`; with coordinates, that region.areas covers the nodes "
        "and that latitude and longitude are not swapped.",
    )


def _refuse_empty(what: str, edge: str, instants: Instants) -> None:
    raise EmptyTableError(
        must=f"{what} must hold events of edges/{edge} in "
        f"[{instants.start.isoformat()}, {instants.end.isoformat()}).",
        found="none between known nodes with a home region",
        fix="Choose an --as-of inside the data, or change time.window_days and time.horizon_days. "
        "validate-source says which rows of the source are bad: they do not count.",
    )
