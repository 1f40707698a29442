"""Counts of what a snapshot's files hold, by region; they go into its manifest."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.config import PipelineConfig
from graphrec_core.evaluation.targets import COLUMNS, find_targets
from graphrec_core.lake.layout import holdout_table
from graphrec_core.lake.records import HoldoutFigures, RegionFigures, ViewFigures
from graphrec_core.snapshot.degrees import degree_histogram
from graphrec_core.snapshot.files import SnapshotFiles
from graphrec_core.types import REQUIRED_VIEWS, Region, Role, View


@dataclass(frozen=True)
class SnapshotCounts:
    """What was written.

    Attributes:
        regions: Region of the train or the serve view -> counts of its views and holdouts.
        num_no_history: Queries of the holdout that had no home at the cut; not judged.
        num_holdout_pairs: Pairs of the holdout, those queries' included.
    """

    regions: Mapping[Region, RegionFigures]
    num_no_history: int
    num_holdout_pairs: int


def count_files(
    config: PipelineConfig, files: SnapshotFiles, homeless: pa.Table
) -> SnapshotCounts:
    """Counts nodes, halo nodes, edges, border edges, candidates and holdout pairs per region.

    Args:
        config: The pipeline.
        files: The written files.
        homeless: ``query_id`` of the holdout's pairs whose query had no home.
    """
    names = set().union(*(files.view_regions(view) for view in REQUIRED_VIEWS))
    regions = {
        region: RegionFigures(
            fit=_count_view(config, files, View.FIT, region),
            train=_count_view(config, files, View.TRAIN, region),
            serve=_count_view(config, files, View.SERVE, region),
            fit_holdout=_count_holdout(config, files, View.FIT, region),
            holdout=_count_holdout(config, files, View.TRAIN, region),
        )
        for region in sorted(names)
    }
    num_pairs = sum(entry.holdout.num_pairs for entry in regions.values())
    return SnapshotCounts(
        regions,
        len(pc.unique(homeless["query_id"])),
        num_pairs + homeless.num_rows,
    )


def empty_regions(
    counts: Mapping[Region, RegionFigures], config: PipelineConfig
) -> dict[Region, str]:
    """Names the regions that cannot be trained or served, with the reason."""
    reasons = {}
    for region, entry in counts.items():
        for view in REQUIRED_VIEWS:
            if reason := _why_empty(entry.views[view], config):
                reasons[region] = f"{reason} in the {view} view"
                break
    return reasons


def _why_empty(view: ViewFigures, config: PipelineConfig) -> str:
    task = config.task
    if not view.num_edges[task.edge]:
        return f"no {task.edge} edges"
    if not view.num_home_nodes[task.query]:
        return f"no {task.query} has its home here"
    if not view.num_candidates:
        return f"no active {task.candidate}"
    return ""


def _count_view(
    config: PipelineConfig, files: SnapshotFiles, view: View, region: Region
) -> ViewFigures:
    nodes, edges = (
        _read_nodes(config, files, view, region),
        _read_edges(config, files, view, region),
    )
    num_halo = {
        ntype: _num_true(pc.equal(rows["role"], Role.HALO.value)) for ntype, rows in nodes.items()
    }
    return ViewFigures(
        num_nodes={ntype: rows.num_rows for ntype, rows in nodes.items()},
        num_home_nodes={ntype: rows.num_rows - num_halo[ntype] for ntype, rows in nodes.items()},
        num_halo_nodes=num_halo,
        num_edges={etype: rows.num_rows for etype, rows in edges.items()},
        num_halo_edges={etype: _num_true(rows["crosses_border"]) for etype, rows in edges.items()},
        num_candidates=sum(_num_true(rows["is_candidate"]) for rows in nodes.values()),
        degree_histogram={ntype: tuple(degree_histogram(rows)) for ntype, rows in nodes.items()},
    )


def _num_true(column: pa.ChunkedArray) -> int:
    return pc.sum(column).as_py() or 0


def _read_nodes(
    config: PipelineConfig, files: SnapshotFiles, view: View, region: Region
) -> dict[str, pa.Table]:
    columns = ["role", "is_candidate", "num_events"]
    return {
        ntype: files.read(f"view={view}/nodes/{ntype}", region, columns)
        for ntype in config.source.nodes
    }


def _read_edges(
    config: PipelineConfig, files: SnapshotFiles, view: View, region: Region
) -> dict[str, pa.Table]:
    return {
        etype: files.read(f"view={view}/edges/{etype}", region, ["crosses_border"])
        for etype in config.source.edges
    }


def _count_holdout(
    config: PipelineConfig, files: SnapshotFiles, after: View, region: Region
) -> HoldoutFigures:
    pairs = files.read(holdout_table(after), region, COLUMNS)
    _, left_out = find_targets(pairs, config.task)
    return HoldoutFigures(
        num_pairs=pairs.num_rows,
        num_queries=len(pc.unique(pairs["query_id"])),
        **left_out.to_json(),
    )
