"""Regions from coordinates: known points, both libraries called directly, and bad files."""

import hashlib
import json
import struct
import time
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graphrec_core.config.region import AreasConfig
from graphrec_core.errors import SchemaError, UnreadableSourceError
from graphrec_core.intake.areas import Areas, Cells, Polygons, load_areas

SQUARE = shapely.box(0, 0, 1, 1)
COORDINATES = hnp.arrays(np.float64, (20, 2), elements=st.floats(-1, 1))


def _feature(name: object, shape: shapely.Geometry = SQUARE) -> dict[str, Any]:
    geometry = json.loads(shapely.to_geojson(shape))
    return {"type": "Feature", "properties": {"NAME": name}, "geometry": geometry}


def _write(folder: Path, features: list[Any]) -> str:
    data = {"type": "FeatureCollection", "features": features}
    (folder / "areas.geojson").write_text(json.dumps(data), encoding="utf-8")
    return str(folder)


def _load(folder: Path, *features: dict[str, Any]) -> Areas:
    root = _write(folder, list(features))
    return load_areas(AreasConfig(polygons="areas.geojson", name="NAME"), root)


def _found(areas: Areas, *points: tuple[float | None, float | None]) -> list[str | None]:
    latitude, longitude = zip(*points, strict=True)
    return areas.find(list(latitude), list(longitude)).to_pylist()


# Cells


def test_a_cell_is_the_one_that_h3_publishes() -> None:
    """The example of h3's own documentation."""
    assert _found(Cells(7), (37.3615593, -122.0553238)) == ["87283472bffffff"]
    areas = load_areas(AreasConfig(cells=7), "nowhere")
    assert _found(areas, (37.3615593, -122.0553238)) == ["87283472bffffff"]
    assert areas.sha256 is None


@given(COORDINATES, st.integers(0, 15))
def test_cells_equal_those_of_h3_one_by_one(points: np.ndarray, resolution: int) -> None:
    latitude, longitude = points[:, 0] * 90, points[:, 1] * 180
    found = Cells(resolution).find(latitude, longitude).to_pylist()
    assert found == [
        h3.latlng_to_cell(lat, lon, resolution)
        for lat, lon in zip(latitude, longitude, strict=True)
    ]


# Polygons


def test_points_of_a_unit_square(tmp_path: Path) -> None:
    areas = _load(tmp_path, _feature("square"))
    inside, outside = [(0.5, 0.5), (0.0, 0.0), (1.0, 0.3)], [(1.01, 0.5), (0.5, -0.01)]
    assert _found(areas, *inside) == ["square"] * 3
    assert _found(areas, *outside) == [None, None]


def test_latitude_comes_first_in_arguments_and_last_in_files() -> None:
    wide = Polygons({"wide": shapely.box(10, 0, 20, 1)})
    assert _found(wide, (0.5, 15.0), (15.0, 0.5)) == ["wide", None]


@pytest.mark.parametrize("make", [lambda: Cells(3), lambda: Polygons({"square": SQUARE})])
def test_unknown_points_have_no_region(make: Any) -> None:
    nan, inf = float("nan"), float("inf")
    unknown = [(None, 0.5), (0.5, None), (nan, 0.5), (0.5, nan), (inf, 0.5), (91, 0.5), (0.5, 181)]
    found = _found(make(), (0.5, 0.5), *unknown, (0.5, 0.5))
    assert found[0] is not None
    assert found == [found[0], *[None] * len(unknown), found[0]]


def test_every_kind_of_column_is_accepted() -> None:
    areas = Polygons({"square": SQUARE})
    column = pa.array([0, None, 1, 5], type=pa.int32())
    expected = ["square", None, "square", None]
    assert areas.find(column, column).to_pylist() == expected
    parts = pa.chunked_array([column[:1], column[1:]])
    assert areas.find(parts, parts).to_pylist() == expected
    assert areas.find([], []).equals(pa.array([], type=pa.string()))
    assert areas.find([None], [None]).type == pa.string()


def test_a_hole_belongs_to_the_area_that_fills_it() -> None:
    """Monaco in a France that is cut out around it; their border is France's, first by name."""
    france = shapely.box(0, 40, 10, 50).difference(shapely.box(7, 43, 8, 44))
    areas = Polygons({"monaco": shapely.box(7, 43, 8, 44), "france": france})
    assert _found(areas, (43.5, 7.5), (45, 5), (43, 7.5)) == ["monaco", "france", "france"]
    assert areas.hidden() == []


def test_an_area_inside_another_is_found_if_its_name_is_first() -> None:
    outer, inner = shapely.box(0, 40, 10, 50), shapely.box(7, 43, 8, 44)
    areas = Polygons({"france": outer, "amonaco": inner})
    assert _found(areas, (43.5, 7.5), (45, 5)) == ["amonaco", "france"]
    assert areas.hidden() == []


def test_an_area_that_no_point_could_find_is_refused(tmp_path: Path) -> None:
    outer, inner = shapely.box(0, 40, 10, 50), shapely.box(7, 43, 8, 44)
    with pytest.raises(SchemaError, match="'monaco' in 'france'"):
        _load(tmp_path, _feature("monaco", inner), _feature("france", outer))
    with pytest.raises(SchemaError, match="'b' in 'a'"):
        _load(tmp_path, _feature("b"), _feature("a"))


def test_parts_of_one_region_are_one_multipolygon(tmp_path: Path) -> None:
    islands = shapely.MultiPolygon([SQUARE, shapely.box(3, 0, 4, 1)])
    areas = _load(tmp_path, _feature("islands", islands))
    assert _found(areas, (0.5, 0.5), (0.5, 2), (0.5, 3.5)) == ["islands", None, "islands"]


def test_areas_end_at_the_antimeridian_unless_the_file_goes_on_behind_it() -> None:
    """GeoJSON's own rule: 180 and -180 are one place, but no polygon spans them."""
    east, west = shapely.box(170, 0, 180, 10), shapely.box(-180, 0, -170, 10)
    assert _found(Polygons({"fiji": east}), (5, 180), (5, -180)) == ["fiji", None]
    cut = Polygons({"fiji": shapely.MultiPolygon([east, west])})
    assert _found(cut, (5, 175), (5, 180), (5, -180), (5, -175)) == ["fiji"] * 4


@given(COORDINATES)
def test_points_are_in_the_first_polygon_by_name_that_covers_them(points: np.ndarray) -> None:
    shapes = {
        "c": shapely.box(-1, -1, 0, 0),
        "b": shapely.Point(0, 0).buffer(0.7),
        "a": shapely.Polygon([(0, -1), (1, 0), (0, 1), (0.5, 0)]),
    }
    found = Polygons(shapes).find(points[:, 0], points[:, 1]).to_pylist()
    for (lat, lon), name in zip(points, found, strict=True):
        covering = [key for key in sorted(shapes) if shapes[key].covers(shapely.Point(lon, lat))]
        assert name == (covering[0] if covering else None)


def test_blocks_of_points_are_joined_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    areas = Polygons({"left": shapely.box(0, 0, 1, 1), "right": shapely.box(1, 0, 2, 1)})
    latitude, longitude = rng.uniform(0, 1, 100), rng.uniform(-1, 3, 100)
    whole = areas.find(latitude, longitude)
    monkeypatch.setattr("graphrec_core.intake.areas.BLOCK", 7)
    assert areas.find(latitude, longitude).equals(whole)


def test_many_points_take_little_time() -> None:
    """0.4 s of one core for 200,000 points in 576 areas of 64 corners; the bound is generous."""
    rng = np.random.default_rng(0)
    shapes = {
        f"{x} {y}": shapely.Point(x + 5, y + 5).buffer(5)
        for x in range(-180, 180, 10)
        for y in range(-80, 80, 10)
    }
    areas = Polygons(shapes)
    latitude, longitude = rng.uniform(-80, 80, 200_000), rng.uniform(-180, 180, 200_000)
    start_s = time.process_time()
    found = areas.find(latitude, longitude)
    assert time.process_time() - start_s < 3
    assert 1 - found.null_count / len(found) == pytest.approx(np.pi / 4, abs=0.01)


# The file


def test_equal_polygons_have_an_equal_digest(tmp_path: Path) -> None:
    left, right = _feature("left"), _feature("right", shapely.box(1, 0, 2, 1))
    given_order, turned = _load(tmp_path, left, right).sha256, _load(tmp_path, right, left).sha256
    richer = {**left, "properties": {"NAME": "left", "population": 7}, "id": 3}
    assert given_order == turned == _load(tmp_path, richer, right).sha256


def test_another_name_or_corner_has_another_digest(tmp_path: Path) -> None:
    digests = {
        _load(tmp_path, _feature("left")).sha256,
        _load(tmp_path, _feature("right")).sha256,
        _load(tmp_path, _feature("left", shapely.box(0, 0, 1, 1.0001))).sha256,
    }
    assert len(digests) == 3


def test_the_digest_is_that_of_names_and_well_known_binary() -> None:
    """Spelt out, since a digest in a stored manifest must mean the same tomorrow."""
    corners = [0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    little_endian, polygon, rings, points = 1, 3, 1, 4
    wkb = struct.pack("<BIII8d", little_endian, polygon, rings, points, *corners).hex().upper()
    expected = hashlib.sha256(f'[["corner","{wkb}"]]'.encode()).hexdigest()
    assert Polygons({"corner": shapely.Polygon([(0, 0), (1, 0), (1, 1)])}).sha256 == expected


def test_heights_are_left_out(tmp_path: Path) -> None:
    flat, tall = _load(tmp_path, _feature("a")), shapely.force_3d(SQUARE, 9)
    assert _load(tmp_path, _feature("a", tall)).sha256 == flat.sha256


def test_numbers_may_be_names(tmp_path: Path) -> None:
    assert _found(_load(tmp_path, _feature(75)), (0.5, 0.5)) == ["75"]


def test_the_file_may_be_a_uri(tmp_path: Path) -> None:
    root = _write(tmp_path, [_feature("square")])
    for polygons in (f"file://{root}/areas.geojson", f"{root}/areas.geojson"):
        areas = load_areas(AreasConfig(polygons=polygons, name="NAME"), "nowhere")
        assert _found(areas, (0.5, 0.5)) == ["square"]
    areas = load_areas(AreasConfig(polygons="areas.geojson", name="NAME"), f"file://{root}/")
    assert _found(areas, (0.5, 0.5)) == ["square"]


@pytest.mark.parametrize("root", ["/nowhere", "ghost://nowhere"])
def test_a_file_that_cannot_be_read_is_named(root: str) -> None:
    with pytest.raises(UnreadableSourceError, match=f"{root}/areas.geojson"):
        load_areas(AreasConfig(polygons="areas.geojson", name="NAME"), root)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,geometry", "must be JSON"),
        (b"\xff\xfe\xff", "must be JSON"),
        ("[]", "must be a GeoJSON FeatureCollection"),
        ('{"type": "Feature"}', "must be a GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection"}', "a feature per region"),
        ('{"type": "FeatureCollection", "features": []}', "a feature per region"),
        ('{"type": "FeatureCollection", "features": [7]}', "must be a GeoJSON object"),
    ],
)
def test_what_is_not_geojson_is_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    (tmp_path / "areas.geojson").write_bytes(data)
    with pytest.raises(SchemaError, match=message):
        load_areas(AreasConfig(polygons="areas.geojson", name="NAME"), str(tmp_path))


@pytest.mark.parametrize("name", [None, "", " ", "_all", "__HIVE_DEFAULT_PARTITION__", 1.5, True])
def test_a_feature_needs_a_proper_name(tmp_path: Path, name: object) -> None:
    with pytest.raises(SchemaError, match=r"in feature 1 .* properties are NAME"):
        _load(tmp_path, _feature("fine"), _feature(name, shapely.box(5, 5, 6, 6)))


@pytest.mark.parametrize("properties", [None, {}, {"name": "lower case"}, ["NAME"]])
def test_a_feature_needs_the_property(tmp_path: Path, properties: object) -> None:
    with pytest.raises(SchemaError, match="must have a property `NAME`"):
        _load(tmp_path, {**_feature("x"), "properties": properties})


def test_two_areas_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="two features whose `NAME` is 'a'"):
        _load(tmp_path, _feature("a"), _feature("a", shapely.box(5, 5, 6, 6)))


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        (None, "a geometry of type None"),
        ({"type": "Point", "coordinates": [0, 0]}, "a geometry of type Point"),
        ({"type": "Polygon"}, "'coordinates' not found"),
        ({"type": "Polygon", "coordinates": []}, "an empty geometry"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}, "closed"),
        (
            {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
            r"Self-intersection\[0.5 0.5\]",
        ),
        ({"type": "Polygon", "coordinates": [[["a", 0], [1, 0], [1, 1]]]}, "must be number"),
    ],
)
def test_a_broken_geometry_is_named(tmp_path: Path, geometry: object, message: str) -> None:
    with pytest.raises(SchemaError, match=f"The geometry of 'bad' must be (.|\n)*{message}"):
        _load(tmp_path, {**_feature("bad"), "geometry": geometry})


def test_metres_are_not_degrees(tmp_path: Path) -> None:
    metres = shapely.box(250_000, 6_000_000, 260_000, 6_100_000)
    with pytest.raises(SchemaError, match=r"must be degrees(.|\n)*longitudes 250000 to 260000"):
        _load(tmp_path, _feature("paris", metres))
