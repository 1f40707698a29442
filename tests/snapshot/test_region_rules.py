"""Whole snapshots under the rules that make regions: coordinates, split, merge, tiny, moves."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import h3
import pandas as pd
import pytest

from graphrec.jobs import validate_source
from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.errors import EmptyTableError, UnreadableSourceError
from graphrec_core.lake import Artifact, Lake, Manifest, open_artifact
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.types import Region, View
from tests.support.market import AS_OF, START, market_data, market_tables, write_market

pytestmark = pytest.mark.pipeline

LATITUDE = {"p0": 10.0, "p1": 11.0, "p2": 12.0, "p3": 10.0, "p4": 11.0, "p5": 12.0}
LONGITUDE = {"p0": 10.0, "p1": 11.0, "p2": 12.0, "p3": 50.0, "p4": 51.0, "p5": 52.0}


def located() -> dict[str, pd.DataFrame]:
    places = market_tables()["places"]
    return {
        "places": places.assign(
            lat=places["place"].map(LATITUDE),
            lon=places["place"].map(LONGITUDE),
            kind=["bar", "bar", None, "bar", "cafe", ""],
        )
    }


def built(
    root: Path, tables: dict[str, pd.DataFrame], region: dict[str, Any], columns: str = ""
) -> tuple[Manifest, Artifact]:
    """Builds the market under a rule; ``columns`` are more columns of its places."""
    write_market(root / "lake", **tables)
    data = market_data(root / "lake")
    data["region"] = {"user": "from_events", "place": "column", **region}
    data["source"]["nodes"]["place"] = (
        f"select place as node_id, opened as valid_from, region, stars{columns} from places"
    )
    config = PipelineConfig.model_validate(data)
    manifest = produce_snapshot(Day(config, AS_OF)).manifest
    lake = Lake(config)
    return manifest, open_artifact(lake.storage, lake.layout.snapshot(AS_OF, manifest.id))


def homes(snapshot: Artifact, view: View = View.TRAIN, ntype: str = "place") -> dict[str, str]:
    """Node -> the region where it is home."""
    return {
        row["node_id"]: region
        for region in snapshot.manifest.stats["regions"]
        for row in snapshot.read_table(nodes_file(view, ntype, Region(region))).to_pylist()
        if row["role"] == "home"
    }


def test_cells_are_regions(tmp_path: Path) -> None:
    region = {"place": "coordinates", "areas": {"cells": 0}}
    columns = ", lat as latitude, lon as longitude"
    manifest, snapshot = built(tmp_path, located(), region, columns)
    expected = {
        place: h3.latlng_to_cell(LATITUDE[place], LONGITUDE[place], 0) for place in LATITUDE
    }
    kept = set(manifest.stats["regions"])
    assert len(kept) > 1
    assert homes(snapshot) == {place: cell for place, cell in expected.items() if cell in kept}
    assert kept | set(manifest.stats["empty_regions"]) == set(expected.values())


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def write_areas(root: Path, areas: dict[str, Any]) -> dict[str, Any]:
    """Writes polygons and returns the rule that takes them."""
    features = [
        {"type": "Feature", "properties": {"NAME": name}, "geometry": geometry}
        for name, geometry in areas.items()
    ]
    (root / "raw").mkdir()
    text = json.dumps({"type": "FeatureCollection", "features": features})
    (root / "raw" / "areas.geojson").write_text(text, encoding="utf-8")
    areas = {"polygons": "areas.geojson", "name": "NAME"}
    return {"place": "coordinates", "areas": areas}


def test_areas_that_hold_nobody_are_blamed(tmp_path: Path) -> None:
    region = write_areas(tmp_path, {"Atlantis": box(-40, 5, -35, 11)})
    columns = ", lat as latitude, lon as longitude"
    with pytest.raises(EmptyTableError, match=r"4 of 4 user, 6 of 6 place(.|\n)*region\.areas"):
        built(tmp_path, located(), region, columns)


def test_missing_areas_are_refused_by_the_validation(tmp_path: Path) -> None:
    write_market(tmp_path / "lake")
    data = market_data(tmp_path / "lake")
    areas = {"polygons": "gone.geojson", "name": "NAME"}
    data["region"] = {"user": "from_events", "place": "coordinates", "areas": areas}
    places = data["source"]["nodes"]["place"]
    data["source"]["nodes"]["place"] = places.replace(
        "region,", "60 as latitude, 10 as longitude,"
    )
    with pytest.raises(UnreadableSourceError, match=r"gone\.geojson"):
        validate_source.run(Day(PipelineConfig.model_validate(data), AS_OF))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"merge": {"north": ["esat", "west"]}}, "region.merge names regions that no node has"),
        ({"split": {"esat": "kind"}}, "region.split names regions that no node has"),
    ],
)
def test_a_rule_for_regions_that_nobody_has_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, rule: dict[str, Any], words: str
) -> None:
    built(tmp_path, located(), rule, ", kind")
    assert f"{words}: esat" in caplog.text


def test_a_tiny_region_that_is_new_is_merged_as_well(tmp_path: Path) -> None:
    """The train view does not know it: nobody could be recommended anything there."""
    opened = AS_OF - timedelta(days=3)
    place = {"place": "p9", "region": "north", "opened": opened, "stars": 1.0}
    tables = {"places": pd.concat([market_tables()["places"], pd.DataFrame([place])])}
    region = {"tiny": {"below": 2, "count": "place", "into": "east"}}
    manifest, snapshot = built(tmp_path, tables, region)
    assert manifest.stats["merged_regions"] == {"north": "east"}
    assert homes(snapshot, View.SERVE)["p9"] == "east"
    assert "p9" not in homes(snapshot, View.TRAIN)


def test_polygons_are_regions_and_a_place_in_none_has_no_home(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    areas = {"São Paulo": box(5, 5, 15, 11.5), "the/east": box(45, 5, 55, 15)}
    region = write_areas(tmp_path, areas)
    _, snapshot = built(tmp_path, located(), region, ", lat as latitude, lon as longitude")
    left_out = snapshot.manifest.stats["left_out"][View.TRAIN]
    assert left_out["num_nodes"] == {"user": 4, "place": 6}
    assert left_out["num_homeless_nodes"] == {"user": 0, "place": 1}
    assert left_out["num_homeless_edges"] == {"visited": 0}
    assert "train view: 1 of 6 nodes of place lie in no area" in caplog.text
    assert homes(snapshot) == {
        "p0": "São Paulo",
        "p1": "São Paulo",
        "p3": "the/east",
        "p4": "the/east",
        "p5": "the/east",
    }
    roles = {
        (row["role"], row["home_region"], row["is_candidate"])
        for name in areas
        for row in snapshot.read_table(nodes_file(View.TRAIN, "place", Region(name))).to_pylist()
        if row["node_id"] == "p2"
    }
    assert roles == {("halo", None, False)}


def test_a_region_is_split_by_a_column_and_parts_are_merged(tmp_path: Path) -> None:
    region = {"split": {"west": "kind"}, "merge": {"east": ["west-bar"]}}
    manifest, snapshot = built(tmp_path, located(), region, ", kind")
    found = homes(snapshot)
    assert {place: found.get(place) for place in ("p0", "p1", "p2", "p3")} == dict.fromkeys(
        ("p0", "p1", "p2", "p3"), "east"
    )
    # p5's kind is empty: it stays in west.
    regions = set(manifest.stats["regions"]) | set(manifest.stats["empty_regions"])
    assert regions == {"east", "west", "west-cafe"}


def test_tiny_regions_are_merged_in_all_views_alike(tmp_path: Path) -> None:
    lonely = {"place": "p9", "region": "north", "opened": START, "stars": 1.0}
    tables = {
        "places": pd.concat([market_tables()["places"], pd.DataFrame([lonely])], ignore_index=True)
    }
    region = {"tiny": {"below": 2, "count": "place", "into": "east"}}
    manifest, snapshot = built(tmp_path, tables, region)
    assert manifest.stats["merged_regions"] == {"north": "east"}
    assert sorted(manifest.stats["regions"]) == ["east", "west"]
    for view in View:
        assert homes(snapshot, view)["p9"] == "east"
    _, kept = built(tmp_path / "kept", tables, {"tiny": {**region["tiny"], "below": 1}})
    assert kept.manifest.stats["merged_regions"] == {}


def test_a_place_that_moves_has_the_home_of_each_views_instant(tmp_path: Path) -> None:
    """Nobody visits it, so that nobody moves with it."""
    versions = [
        {"place": "p9", "region": "east", "opened": START, "stars": 1.0},
        {"place": "p9", "region": "west", "opened": AS_OF - timedelta(days=3), "stars": 1.0},
    ]
    places = [market_tables()["places"], pd.DataFrame(versions)]
    _, snapshot = built(tmp_path, {"places": pd.concat(places, ignore_index=True)}, {})
    assert homes(snapshot, View.TRAIN)["p9"] == "east"
    assert homes(snapshot, View.SERVE)["p9"] == "west"


def test_edges_between_places_cross_borders_too(tmp_path: Path) -> None:
    near = pd.DataFrame([("p0", "p1", START), ("p0", "p3", START)], columns=["a", "b", "at"])
    write_market(tmp_path / "lake")
    near.to_parquet(tmp_path / "raw" / "near.parquet", coerce_timestamps="us")
    data = market_data(tmp_path / "lake")
    data["source"]["tables"]["near"] = {"path": "near.parquet"}
    data["source"]["edges"]["near"] = {
        "src": "place",
        "dst": "place",
        "select": "select a as src, b as dst, at as event_time from near",
    }
    config = PipelineConfig.model_validate(data)
    manifest = produce_snapshot(Day(config, AS_OF)).manifest
    lake = Lake(config)
    snapshot = open_artifact(lake.storage, lake.layout.snapshot(AS_OF, manifest.id))

    def edges(region: str) -> set[tuple[str, str, bool]]:
        rows = snapshot.read_table(edges_file(View.TRAIN, "near", Region(region))).to_pylist()
        return {(row["src"], row["dst"], row["crosses_border"]) for row in rows}

    assert edges("east") == {("p0", "p1", False), ("p0", "p3", True)}
    assert edges("west") == {("p0", "p3", True)}
