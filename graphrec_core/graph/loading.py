"""Reads a region's graph from a snapshot."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from graphrec_core.errors import LakeError
from graphrec_core.graph.region_graph import EdgeList, RegionGraph
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.types import ALL_REGIONS, Region, Role, View

EDGE_COLUMNS = ["src", "dst", "weight"]


def load_graph(snapshot: Artifact, view: View, region: Region) -> RegionGraph:
    """Loads one region's graph, or with ``ALL_REGIONS`` the union of all.

    In the union a node that is home in one region and halo in another counts once, as home.

    Args:
        snapshot: A committed snapshot.
        view: Which of its views.
        region: A region of the snapshot, or ``ALL_REGIONS``.

    Raises:
        LakeError: The snapshot holds no such region, or an edge ends at an unknown node.
    """
    figures = snapshot.manifest.figures(SnapshotFigures)
    regions, ntypes = _regions(snapshot, figures, region), figures.features.ntypes
    files = {
        ntype: [snapshot.read_table(nodes_file(view, ntype, name)) for name in regions]
        for ntype in ntypes
    }
    nodes = {ntype: _merge_nodes(files[ntype]) for ntype in ntypes}
    sizes = [nodes[ntype].num_rows for ntype in ntypes]
    offsets = dict(zip(ntypes, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
    task = snapshot.manifest.config["task"]
    index = _Index(nodes, offsets)
    return RegionGraph(
        region=region,
        query=task["query"],
        candidate=task["candidate"],
        task_edge=task["edge"],
        nodes=nodes,
        offsets=offsets,
        edges={
            etype: _load_edges(snapshot, view, etype, regions, index, endpoints, figures)
            for etype, endpoints in _endpoints(snapshot.manifest.config).items()
        },
        members={
            name: {ntype: index.of(ntype, files[ntype][row].column("node_id")) for ntype in ntypes}
            for row, name in enumerate(regions)
        },
        candidates={
            name: _candidates(index, task["candidate"], files[task["candidate"]][row])
            for row, name in enumerate(regions)
        },
        query_regions=_query_regions(nodes, offsets, task["query"], regions, sum(sizes)),
    )


class _Index:
    """Looks up global indices by original id."""

    def __init__(self, nodes: Mapping[str, pa.Table], offsets: Mapping[str, int]) -> None:
        self._ids = {ntype: table.column("node_id") for ntype, table in nodes.items()}
        self._offsets = offsets

    def of(self, ntype: str, ids: pa.ChunkedArray) -> Tensor:
        """Returns int64 global indices, or raises where an id is unknown."""
        found = pc.index_in(ids, value_set=self._ids[ntype])
        if found.null_count:
            unknown = ids.filter(pc.is_null(found))
            raise LakeError(
                must=f"Every edge of a snapshot must end at a {ntype} of its node files.",
                found=f"{found.null_count} unknown ids, such as {unknown[0].as_py()!r}",
                fix="Build the snapshot again; if it stays so, report a bug in build-snapshot.",
            )
        return torch.from_numpy(_int64(found) + self._offsets[ntype])


def _regions(snapshot: Artifact, figures: SnapshotFigures, region: Region) -> list[Region]:
    known = sorted(figures.regions)
    if region == ALL_REGIONS:
        return known
    if region not in known:
        raise LakeError(
            must=f"Snapshot {snapshot.manifest.id} must hold the region {region!r}.",
            found=f"regions {known}",
            fix="Name one of these regions; empty regions are listed in the snapshot's manifest.",
        )
    return [region]


def _endpoints(config: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Returns etype -> (ntype of src, ntype of dst), as ``PipelineConfig.endpoints`` does."""
    task = config["task"]
    return {
        etype: (edge["src"] or task["query"], edge["dst"] or task["candidate"])
        for etype, edge in sorted(config["source.edges"].items())
    }


def _merge_nodes(tables: Sequence[pa.Table]) -> pa.Table:
    """Unites node files: one row per id, home or member before halo, the largest event counts."""
    table = pa.concat_tables(tables)
    is_halo = pc.equal(table.column("role"), Role.HALO.value)
    keyed = table.append_column("_is_halo", is_halo.cast(pa.int8()))
    keyed = keyed.sort_by([("node_id", "ascending"), ("_is_halo", "ascending")])
    table = keyed.drop_columns(["_is_halo"]).combine_chunks()
    if len(tables) == 1 or table.num_rows == 0:
        return table
    ids = table.column("node_id")
    is_first = np.ones(table.num_rows, dtype=bool)
    is_first[1:] = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1)).to_numpy()
    starts = np.flatnonzero(is_first)
    counts = np.maximum.reduceat(_int64(table.column("num_events")), starts)
    merged = table.take(pa.array(starts))
    place = merged.schema.get_field_index("num_events")
    return merged.set_column(place, "num_events", pa.array(counts))


def _load_edges(
    snapshot: Artifact,
    view: View,
    etype: str,
    regions: Sequence[Region],
    index: _Index,
    endpoints: tuple[str, str],
    figures: SnapshotFigures,
) -> EdgeList:
    """Reads and unites the edge files of one etype, sorted by (src, dst)."""
    features = figures.edge_features.get(etype, ())
    columns = [*EDGE_COLUMNS, *features]
    files = [edges_file(view, etype, name) for name in regions]
    table = pa.concat_tables([snapshot.read_table(file, columns) for file in files])
    src = index.of(endpoints[0], table.column("src"))
    dst = index.of(endpoints[1], table.column("dst"))
    width = int(dst.max()) + 1 if len(dst) else 1
    _, first = np.unique((src * width + dst).numpy(), return_index=True)
    every = EdgeList(
        src=src,
        dst=dst,
        weight=_float64(table.column("weight")),
        features={name: _float64(table.column(name)) for name in features},
    )
    return every.where(torch.from_numpy(first))


def _candidates(index: _Index, candidate: str, table: pa.Table) -> Tensor:
    chosen = table.filter(table.column("is_candidate"))
    return index.of(candidate, chosen.column("node_id"))


def _query_regions(
    nodes: Mapping[str, pa.Table],
    offsets: Mapping[str, int],
    query: str,
    regions: Sequence[Region],
    num_nodes: int,
) -> Tensor:
    homes = pc.index_in(nodes[query].column("home_region"), value_set=pa.array(regions))
    result = torch.full((num_nodes,), -1, dtype=torch.int64)
    start = offsets[query]
    result[start : start + nodes[query].num_rows] = torch.from_numpy(_int64(homes.fill_null(-1)))
    return result


def _float64(array: pa.ChunkedArray) -> Tensor:
    """Returns a copy; NaN where a value is null."""
    return torch.from_numpy(np.array(array.to_numpy(), dtype=np.float64))


def _int64(array: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Returns a writable int64 copy."""
    return np.array(array.to_numpy(), dtype=np.int64)
