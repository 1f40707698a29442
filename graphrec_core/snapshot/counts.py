"""Counts of what a snapshot's files hold, by region; they go into its manifest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.config import PipelineConfig
from graphrec_core.evaluation.targets import COLUMNS, find_targets
from graphrec_core.snapshot.degrees import degree_histogram
from graphrec_core.snapshot.files import SnapshotFiles
from graphrec_core.types import START_PREFIX, Region, Role, View


@dataclass(frozen=True)
class SnapshotCounts:
    """What was written.

    Attributes:
        regions: Region -> counts of its views and its holdout.
        num_no_history: Queries of the holdout that had no home at the cut; not judged.
        num_holdout_pairs: Pairs of the holdout, those queries' included.
    """

    regions: Mapping[Region, dict[str, Any]]
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
    names = set().union(*(files.view_regions(view) for view in View))
    regions = {
        region: {
            **{str(view): _count_view(config, files, view, region) for view in View},
            "holdout": _count_holdout(config, files, region),
        }
        for region in sorted(names)
    }
    num_pairs = sum(entry["holdout"]["num_pairs"] for entry in regions.values())
    return SnapshotCounts(
        regions,
        len(pc.unique(homeless["query_id"])),
        num_pairs + homeless.num_rows,
    )


def empty_regions(
    counts: Mapping[Region, Mapping[str, Any]], config: PipelineConfig
) -> dict[Region, str]:
    """Names the regions that cannot be trained or served, with the reason."""
    reasons = {}
    for region, entry in counts.items():
        for view in View:
            if reason := _why_empty(entry[view], config):
                reasons[region] = f"{reason} in the {view} view"
                break
    return reasons


def _why_empty(view: Mapping[str, Any], config: PipelineConfig) -> str:
    task = config.task
    if not view["num_edges"][task.edge]:
        return f"no {task.edge} edges"
    if not view["num_home_nodes"][task.query]:
        return f"no {task.query} has its home here"
    if not view["num_candidates"]:
        return f"no active {task.candidate}"
    return ""


def _count_view(
    config: PipelineConfig, files: SnapshotFiles, view: View, region: Region
) -> dict[str, Any]:
    counts: dict[str, Any] = {
        "num_nodes": {},
        "num_home_nodes": {},
        "num_halo_nodes": {},
        "num_edges": {},
        "num_halo_edges": {},
        "num_candidates": 0,
        "degree_histogram": {},
    }
    columns = ["role", "is_candidate", "num_events"]
    for ntype in config.source.nodes:
        nodes = _read(config, files, f"view={view}/nodes/{ntype}", region, "node_id", columns)
        num_halo = pc.sum(pc.equal(nodes["role"], Role.HALO.value)).as_py() or 0
        counts["num_nodes"][ntype] = nodes.num_rows
        counts["num_home_nodes"][ntype] = nodes.num_rows - num_halo
        counts["num_halo_nodes"][ntype] = num_halo
        counts["degree_histogram"][ntype] = degree_histogram(nodes)
        counts["num_candidates"] += pc.sum(nodes["is_candidate"]).as_py() or 0
    for etype in config.source.edges:
        table = f"view={view}/edges/{etype}"
        edges = _read(config, files, table, region, "src", ["crosses_border"])
        counts["num_edges"][etype] = edges.num_rows
        counts["num_halo_edges"][etype] = pc.sum(edges["crosses_border"]).as_py() or 0
    return counts


def _read(
    config: PipelineConfig,
    files: SnapshotFiles,
    table: str,
    region: Region,
    ids: str,
    columns: Sequence[str],
) -> pa.Table:
    """Reads columns of a region's file without the rows of start nodes."""
    if not config.task.start_node:
        return files.read(table, region, columns)
    rows = files.read(table, region, [ids, *columns])
    return rows.filter(pc.invert(pc.starts_with(rows[ids], START_PREFIX))).select(list(columns))


def _count_holdout(config: PipelineConfig, files: SnapshotFiles, region: Region) -> dict[str, int]:
    pairs = files.read("holdout", region, COLUMNS)
    _, left_out = find_targets(pairs, config.task)
    return {
        "num_pairs": pairs.num_rows,
        "num_queries": len(pc.unique(pairs["query_id"])),
        **left_out.to_json(),
    }
