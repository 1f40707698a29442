"""Start nodes of whole snapshots: their edges by hand, nobody else's figures changed."""

from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.errors import BadRowsError
from graphrec_core.graph import load_graph
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, holdout_file, nodes_file
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.types import ALL_REGIONS, START_PREFIX, Region, View
from jobs import validate_source
from tests.snapshot.changing import at, history, pipeline, write_tables
from tests.support.market import AS_OF, market_tables, write_market

EAST, WEST = Region("east"), Region("west")
ID_COLUMNS = {"nodes": "node_id", "edges": "src"}


def market(root: Path, **task: Any) -> PipelineConfig:
    """The market, with a user of the west who began in the east."""
    tables = market_tables()
    for place, days in (("p0", 20), ("p4", 5), ("p5", 4)):
        row = ["eve", place, AS_OF - timedelta(days=days)]
        tables["visits"].loc[len(tables["visits"])] = row
    tables["users"].loc[len(tables["users"])] = ["eve", AS_OF - timedelta(days=25), 20]
    data = write_market(root / "lake", **tables).model_dump(mode="json")
    data["task"] |= task
    return PipelineConfig.model_validate(data)


def built(config: PipelineConfig) -> Artifact:
    produce_snapshot(Day(config, AS_OF))
    day = Day(config, AS_OF)
    return day.open(day.ref(StepName.SNAPSHOT))


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> tuple[Artifact, Artifact]:
    """The market's snapshot without start nodes and with them."""
    root = Path(tmp_path_factory.mktemp("market"))
    return built(market(root)), built(market(root, start_node=True))


def rows(snapshot: Artifact, file: str) -> pa.Table:
    """Rows of a file but those of start nodes."""
    table = snapshot.read_table(file)
    column = ID_COLUMNS.get(file.split("/")[1])
    if column is None:
        return table
    return table.filter(pc.invert(pc.starts_with(table[column], START_PREFIX)))


def starts(snapshot: Artifact, file: str) -> list[dict[str, Any]]:
    table = snapshot.read_table(file)
    column = ID_COLUMNS[file.split("/")[1]]
    return table.filter(pc.starts_with(table[column], START_PREFIX)).to_pylist()


def first_places(plain: Artifact, view: View) -> dict[str, Counter[str]]:
    """Region -> place -> how many users of that home began there."""
    place = Path(plain.checked.uri("holdout").removeprefix("file://").partition("/lake/")[0])
    visits = pd.read_parquet(place / "raw" / "visits.parquet")
    end = AS_OF - timedelta(days=7) if view is View.TRAIN else AS_OF
    visits = visits[visits["at"] < end].sort_values("at").drop_duplicates("user")
    homes = {
        node: region
        for region in (EAST, WEST)
        for node, role in zip(
            *(rows(plain, nodes_file(view, "user", region))[name].to_pylist()
              for name in ("node_id", "role")), strict=True)
        if role == "home"
    }  # fmt: skip
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in visits.itertuples():
        found[homes[row.user]][row.place] += 1
    return found


@pytest.mark.parametrize("view", list(View))
def test_a_start_node_is_linked_to_what_its_homes_users_began_with(
    snapshots: tuple[Artifact, Artifact], view: View
) -> None:
    plain, started = snapshots
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for region in (EAST, WEST):
        for row in starts(started, edges_file(view, "visited", region)):
            home = row["src"].removeprefix(START_PREFIX)
            assert row["weight"] == row["num_events"]
            is_far = (row["dst"] in ("p3", "p4", "p5")) != (home == WEST)
            assert row["crosses_border"] == is_far
            if home == region:
                found[home][row["dst"]] = row["num_events"]
    assert found == first_places(plain, view)


def test_a_first_place_abroad_is_an_edge_of_both_regions(
    snapshots: tuple[Artifact, Artifact],
) -> None:
    """Eve is at home in the west, as the serve view knows; she began in the east."""
    found = [
        (region, row["src"], row["last_event_time"])
        for region in (EAST, WEST)
        for row in starts(snapshots[1], edges_file(View.SERVE, "visited", region))
        if row["crosses_border"] and row["src"] == "__start__:west" and row["dst"] == "p0"
    ]
    assert [region for region, _, _ in found] == [EAST, WEST]
    assert {row[2] for row in found} == {AS_OF - timedelta(days=20)}


@pytest.mark.parametrize("view", list(View))
def test_start_nodes_are_at_home_and_nobody(
    snapshots: tuple[Artifact, Artifact], view: View
) -> None:
    for region in (EAST, WEST):
        homes = {}
        for row in starts(snapshots[1], nodes_file(view, "user", region)):
            homes[row["node_id"]] = row["role"]
            figures = [row[key] for key in ("num_events", "last_event_time", "is_active")]
            assert figures == [0, None, False]
            assert (row["is_candidate"], row["age"], row["title"]) == (False, None, None)
        assert homes[f"__start__:{region}"] == "home"
        assert set(homes.values()) <= {"home", "halo"}


def test_all_other_rows_and_all_counts_are_those_without_start_nodes(
    snapshots: tuple[Artifact, Artifact],
) -> None:
    plain, started = snapshots
    assert plain.manifest.stats == started.manifest.stats
    assert plain.manifest.files.keys() == started.manifest.files.keys()
    for region in (EAST, WEST):
        assert rows(plain, holdout_file(region)).equals(rows(started, holdout_file(region)))
        for view in View:
            for file in (
                nodes_file(view, "user", region),
                nodes_file(view, "place", region),
                edges_file(view, "visited", region),
            ):
                assert rows(plain, file).equals(rows(started, file))


@pytest.mark.parametrize("region", [EAST, WEST, ALL_REGIONS])
def test_its_graph_can_be_loaded(snapshots: tuple[Artifact, Artifact], region: Region) -> None:
    graph = load_graph(snapshots[1], View.SERVE, region)
    assert int(graph.start_mask.sum()) == len(
        {name for name in graph.node_ids("user").to_pylist() if name.startswith(START_PREFIX)}
    )
    assert bool(graph.start_mask[graph.task_pairs.src].any())


def test_a_day_on_the_day_before_equals_a_full_build(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "graphrec_core")
    write_tables(tmp_path / "raw", history())

    def build(lake: str, day: int, **snapshot: Any) -> Any:
        rules = {"user": "from_events"}
        time = {"horizon_days": 1, "window_days": 6}
        config = pipeline(
            tmp_path / "raw", tmp_path / lake, time=time, region=rules, snapshot=snapshot
        )
        data = config.model_dump(mode="json")
        data["task"]["start_node"] = data["time"]["calendar"] = True
        config = PipelineConfig.model_validate(data)
        return produce_snapshot(Day(config, at(day))).manifest

    build("lake", 25)
    found = build("lake", 26)
    assert "on the snapshot of the day before" in caplog.text
    full = build("full", 26, reuse=False)
    assert (found.files, found.stats) == (full.files, full.stats)


def test_ids_of_a_source_may_not_look_like_a_start_node(tmp_path: Path) -> None:
    tables = market_tables()
    tables["users"].loc[len(tables["users"])] = ["__start__:east", AS_OF, 20]
    config = write_market(tmp_path / "lake", **tables)
    with pytest.raises(BadRowsError, match="1 x node_id has a reserved prefix"):
        validate_source.run(Day(config, AS_OF + timedelta(days=1)))
