"""Whole snapshots: equal to a naive reference, to themselves, and audited on the written files."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
import yaml

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.errors import EmptyTableError
from graphrec_core.lake import Artifact, Lake, open_artifact
from graphrec_core.lake.layout import edges_file, holdout_file, nodes_file
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.types import Region, View
from tests.snapshot.naive import NaiveView, naive_view
from tests.support.market import AS_OF, START, market_tables, write_market

pytestmark = pytest.mark.pipeline

REPOSITORY = Path(__file__).parents[2]
REGIONS = (Region("east"), Region("west"))


def market_with_changes() -> dict[str, pd.DataFrame]:
    """The market, with a user who is new in the holdout, a place that opens in it, and noise."""
    tables = market_tables()
    late = AS_OF - timedelta(days=3)
    tables["users"].loc[len(tables["users"])] = ["new", late, 33]
    tables["places"].loc[len(tables["places"])] = ["p7", "east", late, 5.0]
    for user, place in (("new", "p7"), ("ann", "p7"), ("new", "p1")):
        tables["visits"].loc[len(tables["visits"])] = [user, place, late + timedelta(hours=1)]
    return tables


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> PipelineConfig:
    root = Path(tmp_path_factory.mktemp("market"))
    config = write_market(root / "lake", **market_with_changes())
    produce_snapshot(Day(config, AS_OF))
    return config


@pytest.fixture(scope="module")
def snapshot(market: PipelineConfig) -> Artifact:
    day = Day(market, AS_OF)
    return day.open(day.ref(StepName.SNAPSHOT))


def reference(config: PipelineConfig, view: View) -> NaiveView:
    instant = AS_OF - {View.FIT: 2, View.TRAIN: 1, View.SERVE: 0}[view] * config.time.horizon
    days = config.time
    return naive_view(market_with_changes(), instant, days.window_days, days.active_days)


@pytest.mark.parametrize("view", list(View))
@pytest.mark.parametrize("region", REGIONS)
def test_nodes_equal_the_naive_reference(
    market: PipelineConfig, snapshot: Artifact, view: View, region: Region
) -> None:
    expected, found = reference(market, view), {}
    for ntype in ("user", "place"):
        for row in snapshot.read_table(nodes_file(view, ntype, region)).to_pylist():
            found[row["node_id"]] = row["role"]
            is_candidate = ntype == "place" and row["role"] == "home"
            assert row["is_active"] == (row["node_id"] in expected.active)
            assert row["is_candidate"] == (is_candidate and row["is_active"])
    assert found == expected.roles[region]


@pytest.mark.parametrize("view", list(View))
@pytest.mark.parametrize("region", REGIONS)
def test_edges_equal_the_naive_reference(
    market: PipelineConfig, snapshot: Artifact, view: View, region: Region
) -> None:
    rows = snapshot.read_table(edges_file(view, "visited", region)).to_pylist()
    found = {
        (row["src"], row["dst"]): {
            "num_events": row["num_events"],
            "first_event_time": row["first_event_time"],
            "last_event_time": row["last_event_time"],
            "crosses": row["crosses_border"],
        }
        for row in rows
    }
    assert found == reference(market, view).edges[region]
    assert [(row["src"], row["dst"]) for row in rows] == sorted(found)


@pytest.mark.parametrize(("after", "num_horizons"), [(View.FIT, 2), (View.TRAIN, 1)])
def test_holdouts_equal_the_naive_reference(
    market: PipelineConfig, snapshot: Artifact, after: View, num_horizons: int
) -> None:
    before, start = reference(market, after), AS_OF - num_horizons * market.time.horizon
    visits = market_with_changes()["visits"]
    expected = {
        (before.homes.get(row.user), row.user, row.place, (row.user, row.place) in before.pairs)
        for row in visits.itertuples()
        if start <= row.at < start + market.time.horizon
    }
    found = {
        (region, row["query_id"], row["candidate_id"], row["is_seen"])
        for region in REGIONS
        for row in snapshot.read_table(holdout_file(region, after)).to_pylist()
    }
    assert found == {row for row in expected if row[0] is not None}
    assert found
    if after is View.TRAIN:
        assert snapshot.manifest.stats["num_no_history"] == len(
            {row[1] for row in expected if row[0] is None}
        )


def test_counts_are_those_of_the_files(snapshot: Artifact) -> None:
    for region in REGIONS:
        counts = snapshot.manifest.stats["regions"][region]
        for view in View:
            edges = snapshot.read_table(edges_file(view, "visited", region))
            places = snapshot.read_table(nodes_file(view, "place", region)).to_pandas()
            assert counts[view]["num_edges"]["visited"] == edges.num_rows
            assert counts[view]["num_halo_nodes"]["place"] == (places["role"] == "halo").sum()
            assert counts[view]["num_candidates"] == places["is_candidate"].sum()
        for after, table in ((View.FIT, "fit_holdout"), (View.TRAIN, "holdout")):
            pairs = snapshot.read_table(holdout_file(region, after))
            assert counts[table]["num_pairs"] == pairs.num_rows


@pytest.mark.process
def test_building_again_in_another_process_gives_the_same_id_and_bytes(
    snapshot: Artifact, tmp_path: Path
) -> None:
    config = write_market(tmp_path / "lake", **market_with_changes())
    path = tmp_path / "market.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json")))
    command = [sys.executable, "-m", "graphrec.jobs.cli", "build-snapshot", "--config", str(path)]
    subprocess.run([*command, "--as-of", AS_OF.isoformat()], check=True, cwd=REPOSITORY)
    lake = Lake(config)
    folder = lake.layout.snapshot(AS_OF, snapshot.manifest.id)
    assert open_artifact(lake.storage, folder).manifest == snapshot.manifest


def test_rows_after_the_instant_change_nothing(snapshot: Artifact, tmp_path: Path) -> None:
    tables = market_with_changes()
    future = tables["visits"].tail(10).assign(at=AS_OF + timedelta(days=1))
    tables["visits"] = pd.concat([tables["visits"], future], ignore_index=True)
    config = write_market(tmp_path / "lake", **tables)
    assert produce_snapshot(Day(config, AS_OF)).manifest.files == snapshot.manifest.files


def test_events_without_an_id_are_events_of_their_own(
    market: PipelineConfig, snapshot: Artifact, tmp_path: Path
) -> None:
    """An empty text is no id: otherwise all of them were corrections of one event."""
    data = market.model_dump(mode="json")
    data["lake"]["root"] = str(tmp_path / "lake")
    data["source"]["edges"]["visited"]["select"] = (
        "select user as src, place as dst, at as event_time, ' ' as event_id from visits"
    )
    manifest = produce_snapshot(Day(PipelineConfig.model_validate(data), AS_OF)).manifest
    assert manifest.files == snapshot.manifest.files


def test_nodes_that_mostly_do_not_exist_yet_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """All users but one changed in the holdout, and the source tells nothing older of them."""
    users = market_with_changes()["users"]
    since = AS_OF - timedelta(days=3)
    users = users.assign(since=[START, *[since] * (len(users) - 1)])
    config = write_market(tmp_path / "lake", **(market_with_changes() | {"users": users}))
    manifest = produce_snapshot(Day(config, AS_OF)).manifest
    num = len(users)
    assert f"train view: only 1 of {num} nodes of user exist at its instant" in caplog.text
    assert "serve view: only" not in caplog.text
    assert manifest.stats["num_known_nodes"]["user"] == num
    assert manifest.stats["left_out"]["train"]["num_nodes"]["user"] == 1


def test_a_source_that_begins_after_the_fit_view_has_an_empty_one(tmp_path: Path) -> None:
    """A train view cannot be empty: that day is refused, this one is not."""
    tables = market_with_changes()
    visits, cut = tables["visits"], AS_OF - timedelta(days=7)
    tables["visits"] = visits[visits["at"] >= cut - timedelta(days=7)].reset_index(drop=True)
    config = write_market(tmp_path / "lake", **tables)
    day = Day(config, AS_OF)
    built = produce_snapshot(day)
    for region in built.manifest.stats["regions"]:
        for kind in ("nodes/user", "nodes/place", "edges/visited"):
            name = f"view=fit/{kind}/region={region}/part-00000.parquet"
            rows = built.read_table(name).num_rows
            assert rows == (len(homes_of(built, region)) if kind == "nodes/place" else 0)
        figures = built.manifest.stats["regions"][region]
        assert figures["fit"]["num_edges"] == {"visited": 0}
        assert figures["fit"]["num_candidates"] == figures["fit_holdout"]["num_pairs"] == 0
    later = visits[visits["at"] >= cut].reset_index(drop=True)
    refused = write_market(tmp_path / "refused", **{**tables, "visits": later})
    with pytest.raises(EmptyTableError, match="The train view must hold events"):
        produce_snapshot(Day(refused, AS_OF))


def homes_of(built: Artifact, region: str) -> list[str]:
    """The places of a region: their home is a column, so they have one before any visit."""
    rows = built.read_table(nodes_file(View.TRAIN, "place", Region(region))).to_pylist()
    return [row["node_id"] for row in rows if row["role"] == "home"]


def test_border_drop_leaves_no_halo(market: PipelineConfig, tmp_path: Path) -> None:
    write_market(tmp_path / "lake", **market_with_changes())
    data = market.model_dump(mode="json")
    data["region"] = {"user": "from_events", "place": "column", "border": "drop"}
    data["lake"]["root"] = str(tmp_path / "lake")
    manifest = produce_snapshot(Day(PipelineConfig.model_validate(data), AS_OF)).manifest
    for counts in manifest.stats["regions"].values():
        assert counts["train"]["num_halo_nodes"] == {"user": 0, "place": 0}
        assert counts["train"]["num_halo_edges"] == {"visited": 0}
    for view in View:
        dropped = {
            region: sum(edge["crosses"] for edge in edges.values())
            for region, edges in reference(market, view).edges.items()
        }
        assert manifest.stats["left_out"][view]["num_dropped_edges"] == {"visited": dropped}
        assert all(dropped.values())


def test_timed_features_and_a_second_edge_type(tmp_path: Path) -> None:
    """Friends are users, too; moods are joined as they were effective at each view's instant."""
    data = write_market(tmp_path / "lake").model_dump(mode="json")
    raw = tmp_path / "raw"
    start, cut = AS_OF - timedelta(days=20), AS_OF - timedelta(days=7)
    moods = [("ann", start, 1.0), ("ann", cut + timedelta(days=1), 2.0), ("ben", cut, 5.0)]
    friends = [("ann", "ben", start), ("ann", "cem", start)]
    for name, rows, columns in (
        ("moods", moods, ["user", "at", "mood"]),
        ("friends", friends, ["a", "b", "at"]),
    ):
        table = pd.DataFrame(rows, columns=columns)
        table.to_parquet(raw / f"{name}.parquet", coerce_timestamps="us")
    source = data["source"]
    source["tables"] |= {
        "moods": {"path": "moods.parquet"},
        "friends": {"path": "friends.parquet"},
    }
    source["features"] = {"user": "select user as node_id, at as effective_at, mood from moods"}
    source["edges"]["knows"] = {
        "src": "user",
        "dst": "user",
        "select": "select a as src, b as dst, at as event_time from friends",
    }
    config = PipelineConfig.model_validate(data)
    manifest = produce_snapshot(Day(config, AS_OF)).manifest
    assert manifest.stats["features"]["user"] == ["age", "mood"]
    lake = Lake(config)
    built = open_artifact(lake.storage, lake.layout.snapshot(AS_OF, manifest.id))

    def moods_in(view: View) -> dict[str, float | None]:
        rows = [
            row
            for region in REGIONS
            for row in built.read_table(nodes_file(view, "user", region)).to_pylist()
        ]
        return {row["node_id"]: row["mood"] for row in rows if row["role"] == "home"}

    assert moods_in(View.TRAIN) == {"ann": 1.0, "ben": None, "cem": None, "dia": None}
    assert moods_in(View.SERVE) == {"ann": 2.0, "ben": 5.0, "cem": None, "dia": None}
    home = {row["node_id"]: region for region in REGIONS for row in built.read_table(
        nodes_file(View.TRAIN, "user", region)).to_pylist() if row["role"] == "home"}  # fmt: skip
    for region in REGIONS:
        edges = built.read_table(edges_file(View.TRAIN, "knows", region)).to_pylist()
        touching = {(a, b) for a, b, _ in friends if region in (home[a], home[b])}
        assert {(row["src"], row["dst"]) for row in edges} == touching
