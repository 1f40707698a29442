"""Home regions from coordinates: cells of the H3 grid, or the polygons of a GeoJSON file.

Polygons are GeoJSON (RFC 7946): degrees on WGS 84, longitude before latitude, edges straight in
degrees. An area that crosses the antimeridian must be cut there (section 3.1.9 of the RFC); no
point east of it is found in a polygon west of it.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

import fsspec
import h3
import numpy as np
import pyarrow as pa
import shapely

from graphrec_core.config.region import AreasConfig, check_region_name
from graphrec_core.config.source import resolve_path
from graphrec_core.errors import SchemaError, UnreadableSourceError
from graphrec_core.lake.identity import canonical_json

Degrees: TypeAlias = pa.Array | pa.ChunkedArray | np.ndarray | Sequence[float | None]
"""Latitudes (-90 to 90, north positive) or longitudes (-180 to 180, east positive)."""
BLOCK = 500_000
"""Points looked up at a time; bounds the memory of their tree."""


class Areas(ABC):
    """A map from coordinates to region names.

    Attributes:
        sha256: Hash of names and polygons, whatever their order in the file; None for cells,
            which the configuration alone describes.
    """

    sha256: str | None = None

    def find(self, latitude: Degrees, longitude: Degrees) -> pa.Array:
        """Finds the region of every point.

        Args:
            latitude: Degrees, shape (N,); null and NaN: unknown.
            longitude: Degrees, shape (N,).

        Returns:
            Names, string, shape (N,); null where the point is unknown, off the globe (latitude
            outside -90..90 or longitude outside -180..180) or in no area.
        """
        lat, lon = _degrees(latitude), _degrees(longitude)
        is_known = (np.abs(lat) <= 90) & (np.abs(lon) <= 180)
        # A complex number holds a pair, and numpy finds distinct numbers faster than rows.
        points = np.column_stack([lat[is_known], lon[is_known]]).view(np.complex128).ravel()
        distinct, which = np.unique(points, return_inverse=True)
        row = np.zeros(len(lat), dtype=np.int64)
        row[is_known] = which
        return self._at(distinct.real, distinct.imag).take(pa.array(row, mask=~is_known))

    @abstractmethod
    def _at(self, latitude: np.ndarray, longitude: np.ndarray) -> pa.Array:
        """Finds the regions of distinct points on the globe."""


class Cells(Areas):
    """The cells of the H3 grid at one resolution; a region is named by its cell's index.

    Args:
        resolution: 0 (122 cells) to 15; every step has about seven times as many.
    """

    def __init__(self, resolution: int) -> None:
        self._resolution = resolution

    def _at(self, latitude: np.ndarray, longitude: np.ndarray) -> pa.Array:
        points = zip(latitude.tolist(), longitude.tolist(), strict=True)
        names = [h3.latlng_to_cell(lat, lon, self._resolution) for lat, lon in points]
        return pa.array(names, type=pa.string())


class Polygons(Areas):
    """Named polygons. A point on a border or in several of them is in the first by name.

    Args:
        shapes: Name -> polygon or multi-polygon, valid, in degrees.
    """

    def __init__(self, shapes: Mapping[str, shapely.Geometry]) -> None:
        self._names = sorted(shapes)
        self._shapes = np.array([shapes[name] for name in self._names], dtype=object)
        wkb = shapely.to_wkb(self._shapes, hex=True, byte_order=1).tolist()
        content = canonical_json(list(zip(self._names, wkb, strict=True)))
        self.sha256 = hashlib.sha256(content.encode()).hexdigest()

    def hidden(self) -> list[tuple[str, str]]:
        """Lists areas that lie wholly in one with an earlier name, so that no point finds them.

        Returns:
            (hidden area, area that hides it), sorted.
        """
        inner, outer = shapely.STRtree(self._shapes).query(self._shapes)
        inner, outer = inner[outer < inner], outer[outer < inner]
        west, south, east, north = (shapely.bounds(self._shapes)[:, i] for i in range(4))
        # Boxes first: neighbours touch, and comparing their whole borders would be slow.
        fits = (west[outer] <= west[inner]) & (south[outer] <= south[inner])
        fits &= (east[outer] >= east[inner]) & (north[outer] >= north[inner])
        inner, outer = inner[fits], outer[fits]
        is_hidden = shapely.covers(self._shapes[outer], self._shapes[inner])
        pairs = zip(inner[is_hidden].tolist(), outer[is_hidden].tolist(), strict=True)
        return sorted((self._names[a], self._names[b]) for a, b in pairs)

    def _at(self, latitude: np.ndarray, longitude: np.ndarray) -> pa.Array:
        first = np.full(len(latitude), len(self._names))
        for start in range(0, len(latitude), BLOCK):
            block = slice(start, start + BLOCK)
            # A tree of points, since a query prepares its polygons: long borders cost little.
            tree = shapely.STRtree(shapely.points(longitude[block], latitude[block]))
            area, point = tree.query(self._shapes, predicate="intersects")
            np.minimum.at(first, start + point, area)
        names = pa.array(self._names, type=pa.string())
        return names.take(pa.array(first, mask=first == len(names)))


def load_areas(config: AreasConfig, root: str) -> Areas:
    """Makes the areas of a configuration.

    Args:
        config: ``region.areas``.
        root: Folder or URI that a relative path starts from.

    Raises:
        UnreadableSourceError: The file of polygons cannot be read.
        SchemaError: It is not GeoJSON, or holds an area without a proper name or polygon.
    """
    if config.cells is not None:
        return Cells(config.cells)
    uri = resolve_path(config.polygons, root)
    polygons = Polygons(_shapes(uri, _features(uri), config.name))
    if hidden := polygons.hidden():
        _refuse(
            "No area may lie wholly in one with an earlier name: no point would be in it.",
            ", ".join(f"{inner!r} in {outer!r}" for inner, outer in hidden[:10]),
            uri,
            "Cut a hole for it, leave it out, or rename it so that it comes first.",
        )
    return polygons


def _features(uri: str) -> list[dict[str, Any]]:
    """Reads the features of a GeoJSON file."""
    fix = "Export the areas as one GeoJSON FeatureCollection of Polygons and MultiPolygons."
    try:
        data = json.loads(_read(uri))
    except ValueError as error:
        _refuse("The file of region.areas must be JSON in UTF-8.", str(error), uri, fix, error)
    found = data.get("type") if isinstance(data, dict) else type(data).__name__
    if found != "FeatureCollection":
        _refuse("region.areas must be a GeoJSON FeatureCollection.", repr(found), uri, fix)
    features = data.get("features")
    if not isinstance(features, list) or not features:
        _refuse("region.areas must hold a feature per region.", "no features", uri, fix)
    if not all(isinstance(feature, dict) for feature in features):
        _refuse("Every feature must be a GeoJSON object.", "something else", uri, fix)
    return features


def _read(uri: str) -> bytes:
    try:
        with fsspec.open(uri, "rb") as handle:
            return bytes(handle.read())
    except (OSError, ValueError, ImportError) as error:
        raise UnreadableSourceError(
            must="The file of region.areas.polygons must be readable.",
            found=f"{uri}: {error}",
            fix="Check the path and source.root; it is relative to source.root, or a URI.",
        ) from error


def _shapes(
    uri: str, features: Sequence[Mapping[str, Any]], prop: str
) -> dict[str, shapely.Geometry]:
    """Maps name to polygon, refusing a name that two features have."""
    shapes: dict[str, shapely.Geometry] = {}
    for number, feature in enumerate(features):
        name = _name(uri, number, feature, prop)
        if name in shapes:
            _refuse(
                "Every area must have a name of its own.",
                f"two features whose `{prop}` is {name!r}",
                uri,
                "Make one MultiPolygon of them, or name another property in region.areas.name.",
            )
        shapes[name] = _shape(uri, name, feature.get("geometry"))
    return shapes


def _name(uri: str, number: int, feature: Mapping[str, Any], prop: str) -> str:
    properties = feature.get("properties") or {}
    value = properties.get(prop) if isinstance(properties, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # codes of areas are often numbers
    try:
        return check_region_name(value)
    except ValueError as error:
        _refuse(
            f"Every feature must have a property `{prop}` that can name a region.",
            f"{value!r} in feature {number} (counted from 0), whose properties are "
            f"{', '.join(sorted(properties)) or 'none'}",
            uri,
            "Fill the property (text or a whole number, neither empty nor reserved), or name "
            "another one in region.areas.name.",
            error,
        )


def _shape(uri: str, name: str, geometry: object) -> shapely.Geometry:
    """Reads one area's polygon without heights."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    must = f"The geometry of {name!r} must be a valid Polygon or MultiPolygon."
    fix = "Repair it, for example with shapely.make_valid or ogr2ogr -makevalid."
    if kind not in ("Polygon", "MultiPolygon"):
        _refuse(must, f"a geometry of type {kind}", uri, "Keep areas only, or repair the export.")
    try:
        shape = shapely.force_2d(shapely.from_geojson(json.dumps(geometry)))
    except shapely.errors.GEOSException as error:
        _refuse(must, str(error), uri, fix, error)
    if shape.is_empty:
        _refuse(must, "an empty geometry", uri, "Leave the feature out, or give it a shape.")
    if not shape.is_valid:
        _refuse(must, shapely.is_valid_reason(shape), uri, fix)
    west, south, east, north = shape.bounds
    if west < -180 or south < -90 or east > 180 or north > 90:
        _refuse(
            f"The coordinates of {name!r} must be degrees on WGS 84, longitude first.",
            f"longitudes {west:g} to {east:g}, latitudes {south:g} to {north:g}",
            uri,
            "Convert them (ogr2ogr -t_srs EPSG:4326) and cut areas at the antimeridian.",
        )
    return shape


def _refuse(must: str, found: str, uri: str, fix: str, cause: Exception | None = None) -> NoReturn:
    raise SchemaError(must=must, found=f"{found}, in {uri}", fix=fix) from cause


def _degrees(column: Degrees) -> np.ndarray:
    """Returns float64 numbers, NaN for null."""
    if isinstance(column, pa.Array | pa.ChunkedArray):
        return column.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    return np.asarray(column, dtype=np.float64)
