"""Where nodes are on the globe, and how far from each other."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.axes.rows import rows_of

EARTH_KM = 6371.0088
COORDINATES = ["latitude", "longitude"]


def coordinates(nodes: pa.Table, ids: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Looks up where nodes are.

    Args:
        nodes: node_id and ``COORDINATES``, in degrees.
        ids: The nodes wanted.

    Returns:
        float64 [num_ids, 2], latitude and longitude; NaN for a node without both, or an unknown.
    """
    rows = rows_of(ids, nodes["node_id"].combine_chunks())
    found = np.full((nodes.num_rows + 1, 2), np.nan)  # the last is that of an unknown node
    for place, name in enumerate(COORDINATES):
        found[:-1, place] = pc.fill_null(nodes[name].cast(pa.float64()), np.nan)
    found[np.isnan(found).any(axis=1)] = np.nan
    return found[rows]


def haversine_km(
    latitude: np.ndarray, longitude: np.ndarray, other_latitude: np.ndarray, other: np.ndarray
) -> np.ndarray:
    """Returns the distance over the globe, in km; all in degrees, ``other`` a longitude."""
    a, b, c, d = (
        np.radians(one.astype(np.float64)) for one in (latitude, longitude, other_latitude, other)
    )
    half = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return _over_the_globe(half)


def distances_km(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Returns the distances between all places of two lists: ``haversine_km``, much faster.

    The haversine is a quarter of the squared chord between two points of the unit sphere, and
    chords of all pairs are one product of matrices; they are exact to a metre.

    Args:
        here: float64 [N, 2] of latitudes and longitudes in degrees.
        there: float64 [M, 2], likewise.

    Returns:
        float64 [N, M], in km.
    """
    return _over_the_globe((1 - _on_the_sphere(here) @ _on_the_sphere(there).T) / 2)


def _on_the_sphere(places: np.ndarray) -> np.ndarray:
    latitude, longitude = np.radians(places).T
    axes = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude)
    return np.column_stack([*axes, np.sin(latitude)])


def _over_the_globe(haversines: np.ndarray) -> np.ndarray:
    distance: np.ndarray = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(haversines, 0, 1)))
    return distance
