from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.errors import ConfigError
from graphrec_core.lake import Lake, attempt
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.models.snapshot_tables import SnapshotTables
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.support.snapshots import AS_OF, tiny_config

EAST = Region("east")
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
