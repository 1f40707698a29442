from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from graphrec_core.axes.rows import TASK_PAIRS
from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.errors import ConfigError
from graphrec_core.lake import Lake, attempt
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.models.snapshot_tables import SnapshotTables
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot

EAST, WEST = Region("east"), Region("west")
TIME = datetime(2025, 12, 30, tzinfo=UTC)


@pytest.fixture
def tables(tmp_path: Path) -> SnapshotTables:
    """Two places with a kind, and two people who know each other."""
    config = tiny_config(tmp_path)
    lake, name = Lake(config), Day(config, AS_OF).ref(StepName.SNAPSHOT).id
    known = {"src": ["u"], "dst": ["v"], "first_event_time": [TIME], "last_event_time": [TIME],
             "weight": [2.0], "num_events": [3]}  # fmt: skip
    with attempt(lake.storage, f"tiny/{name}", name) as trial:
        nodes = {"node_id": ["a", "b"], "kind": ["bar", None], "title": ["A", "B"]}
        trial.write_table(nodes_file(View.TRAIN, "place", EAST), pa.table(nodes))
        trial.write_table(edges_file(View.TRAIN, "knows", EAST), pa.table(known))
        figures = SnapshotFigures(regions={})
        snapshot = trial.commit(StepName.SNAPSHOT, config, AS_OF, ALL_REGIONS, {}, figures)
    return SnapshotTables(snapshot, View.TRAIN, EAST, config.task)


def test_the_pairs_of_all_regions_are_there_once(tmp_path: Path) -> None:
    """One crosses the border and stands in both; a region without the view has none."""
    config = tiny_config(tmp_path)
    lake, name = Lake(config), Day(config, AS_OF).ref(StepName.SNAPSHOT).id
    ends = {EAST: [("u", "a"), ("u", "b")], WEST: [("v", "b"), ("u", "b")]}
    other = write_tiny_snapshot(tiny_config(tmp_path / "other"))
    size = other.manifest.figures(SnapshotFigures).regions[EAST]
    with attempt(lake.storage, f"tiny/{name}", name) as trial:
        for region, pairs in ends.items():
            columns = {"src": [src for src, _ in pairs], "dst": [dst for _, dst in pairs],
                       "first_event_time": [TIME, TIME], "last_event_time": [TIME, TIME],
                       "weight": [2.0, 3.0]}  # fmt: skip
            file = edges_file(View.TRAIN, config.task.edge, region)
            trial.write_table(file, pa.table(columns))
        figures = SnapshotFigures(regions={EAST: size, Region("north"): size, WEST: size})
        snapshot = trial.commit(StepName.SNAPSHOT, config, AS_OF, ALL_REGIONS, {}, figures)
    found = SnapshotTables(snapshot, View.TRAIN, EAST, config.task).pairs_of_all_regions()
    assert found.column_names == TASK_PAIRS
    assert list(zip(*(found[end].to_pylist() for end in ("src", "dst")), strict=True)) == [
        ("u", "a"), ("u", "b"), ("v", "b"),
    ]  # fmt: skip
    assert found["weight"].to_pylist() == [2.0, 3.0, 2.0]
    assert set(found["last_event_time"].to_pylist()) == {TIME}


def test_a_scorer_reads_the_columns_that_it_names(tables: SnapshotTables) -> None:
    assert tables.nodes(["kind"]).to_pydict() == {"node_id": ["a", "b"], "kind": ["bar", None]}
    (pair,) = tables.edges("knows").to_pylist()
    assert pair == {"src": "u", "dst": "v", "first_event_time": TIME, "last_event_time": TIME,
                    "weight": 2.0}  # fmt: skip


def test_a_column_that_the_select_does_not_yield_is_refused(tables: SnapshotTables) -> None:
    with pytest.raises(ConfigError, match=r"source\.nodes\.place must yield colour") as refused:
        tables.nodes(["kind", "colour"])
    assert refused.value.found == "node_id, kind, title"
    assert refused.value.exit_code == 2
