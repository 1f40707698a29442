"""What is read of a snapshot for pair features: each edge type by what it joins."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.judging.view_features import read_node_features
from graphrec_core.lake import Artifact, Lake, attempt
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.lake.records import GraphSchema, SnapshotFigures
from graphrec_core.retrieval.node_features import NodeFeatures
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.support.snapshots import AS_OF, tiny_config

EAST = Region("east")
Edges = dict[str, list[tuple[str, str, int]]]
EDGES: Edges = {
    "visited": [("ann", "bar", 1), ("bob", "bar", 2), ("bob", "zoo", 1)],
    "called": [("zoo", "ann", 4), ("bar", "bob", 3)],  # from a place to a user
    "knows": [("ann", "bob", 1)],
    "saw": [("ann", "zoo", 2)],
}
ENDS: dict[str, dict[str, Any]] = {
    "visited": {},
    "called": {"src": "place", "dst": "user"},
    "knows": {"dst": "user"},
    "saw": {},
}


def edge_table(rows: list[tuple[str, str, int]]) -> pa.Table:
    src, dst, events = zip(*rows, strict=True)
    times = pa.array([datetime(2025, 12, 1, tzinfo=UTC)] * len(rows), pa.timestamp("us", tz="UTC"))
    columns = {"src": src, "dst": dst, "num_events": pa.array(events, pa.int64())}
    return pa.table({**columns, "first_event_time": times, "last_event_time": times})


def snapshot_of(root: Path, edges: Edges, **sections: Any) -> tuple[PipelineConfig, Artifact]:
    tables = {"t": {"path": "t.parquet"}}
    nodes = {"user": "select 1", "place": "select 1"}
    written = {name: {"select": "select 1", **ENDS[name]} for name in EDGES}
    source = {"tables": tables, "nodes": nodes, "edges": written}
    config = tiny_config(root, source=source, **sections)
    lake, name = Lake(config), Day(config, AS_OF).ref(StepName.SNAPSHOT).id
    places = pa.table({"node_id": ["bar", "zoo"], "kind": ["food", "fun"]})
    users = pa.table({"node_id": ["ann", "bob"]})
    bare = pa.array([None, None], pa.float64())
    with attempt(lake.storage, lake.layout.snapshot(AS_OF, name), name) as trial:
        for ntype, table in (("place", places), ("user", users)):
            table = table.append_column("latitude", bare).append_column("longitude", bare)
            trial.write_table(nodes_file(View.TRAIN, ntype, EAST), table)
        for etype, rows in edges.items():
            trial.write_table(edges_file(View.TRAIN, etype, EAST), edge_table(rows))
        schema = GraphSchema({"user": (), "place": ("kind",)})
        figures = SnapshotFigures(regions={}, features=schema, num_no_history=0)
        return config, trial.commit(StepName.SNAPSHOT, config, AS_OF, ALL_REGIONS, {}, figures)


def read(config: PipelineConfig, snapshot: Artifact, candidates: list[str]) -> NodeFeatures:
    axes = pa.array(["ann", "bob"]), pa.array(candidates)
    return read_node_features(snapshot, View.TRAIN, EAST, config.task, axes, AS_OF)


def test_each_edge_type_counts_for_what_it_joins(tmp_path: Path) -> None:
    found = read(*snapshot_of(tmp_path, EDGES), ["bar", "zoo"])
    assert found.other_events.toarray().tolist() == [[0, 6], [3, 0]]
    assert (found.neighbours @ found.met_by_neighbour).toarray().tolist() == [[1, 1], [1, 0]]
    assert found.attributes.toarray().tolist() == [[1, 0], [0, 1]]
    assert found.attribute_shares.toarray().tolist() == [[1, 0], [0.5, 0.5]]
    assert found.incoming_events.nnz == 0


def test_a_region_without_edges_of_a_type_has_none(tmp_path: Path) -> None:
    found = read(*snapshot_of(tmp_path, {"visited": EDGES["visited"]}), ["bar", "zoo"])
    assert (found.other_events.nnz, found.neighbours.nnz) == (0, 0)


def test_among_people_the_tasks_own_edges_come_back_and_make_neighbours(tmp_path: Path) -> None:
    task = {"query": "user", "candidate": "user", "edge": "knows"}
    users = {"knows": [("ann", "bob", 5), ("ann", "ann", 9)], "saw": [("ann", "bob", 2)]}
    homes = {"user": "from_events", "place": "column"}
    config, snapshot = snapshot_of(tmp_path, users, task=task, region=homes)
    found = read(config, snapshot, ["ann", "bob"])
    assert found.incoming_events.toarray().tolist() == [[0, 0], [5, 0]]
    assert found.neighbours.toarray().tolist() == [[0, 1], [1, 0]]
    assert found.other_events.toarray().tolist() == [[0, 2], [0, 0]]
