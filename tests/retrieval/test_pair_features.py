"""What a ranker sees of a pair: by hand, and against a loop over the pairs."""

import math
import tracemalloc
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from graphrec_core.axes.places import haversine_km
from graphrec_core.retrieval import pair_features as features
from graphrec_core.retrieval.chance_model import REGION
from graphrec_core.retrieval.node_features import NUM_PLACES, NodeFeatures
from graphrec_core.retrieval.pair_features import (
    OF_SOURCES,
    PAIR_FEATURES,
    Proposed,
    feature_names,
    pair_features,
)
from graphrec_core.retrieval.proposals import Proposals
from graphrec_core.retrieval.relations import as_columns

SOURCES = ["taste", "recent"]
NAMES = feature_names(SOURCES)


def proposals(*lists: list[list[int]]) -> list[Proposals]:
    """Each source's rows; the score of a place is minus its number."""
    found = []
    for rows in lists:
        places = np.broadcast_to(-np.arange(len(rows[0]), dtype=np.float32), np.shape(rows))
        found.append((np.array(rows), np.where(np.array(rows) < 0, -np.inf, places)))
    return found


def random_nodes(random: np.random.Generator, num_queries: int, num: int) -> NodeFeatures:
    is_free = np.arange(NUM_PLACES) >= random.integers(0, 6, num_queries)[:, None]

    def places(low: float, high: float) -> pa.Array:
        values = random.uniform(low, high, (num_queries, NUM_PLACES)).astype(np.float32)
        values[is_free] = np.nan
        return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), NUM_PLACES)

    def columns(names: list[str], size: int) -> dict[str, pa.Array]:
        return {name: pa.array(random.random(size).astype(np.float32)) for name in names}

    def lists(size: int, width: int, *values: str) -> dict[str, pa.Array]:
        matrix = sp.random_array((size, width), density=0.3, rng=random, format="csr")
        names, *others = values
        columns = as_columns(names, matrix)
        for name in others:
            matrix.data[:] = random.uniform(0.1, 3, matrix.nnz)
            columns |= as_columns(names, matrix, name)
        return columns

    queries = [f.name.removeprefix("query_") for f in PAIR_FEATURES if f.name.startswith("query_")]
    others = [one.name.removeprefix("candidate_") for one in PAIR_FEATURES]
    others = [name for name, one in zip(others, PAIR_FEATURES, strict=True) if name != one.name]
    latitudes, longitudes = places(40, 41), places(-74, -73)
    lat = pa.array(random.uniform(40, 41, num).astype(np.float32))
    lon = pa.array(random.uniform(-74, -73, num).astype(np.float32))
    return NodeFeatures(
        pa.table(
            {
                **columns(queries, num_queries),
                "latitudes": latitudes,
                "longitudes": longitudes,
                **lists(num_queries, 6, "attributes", "attribute_shares"),
                **lists(num_queries, 9, "neighbours"),
                **lists(num_queries, num, "incoming", "incoming_events", "incoming_days"),
                **lists(num_queries, num, "others", "other_events"),
            }
        ),
        pa.table(
            {
                **columns(others, num),
                "latitude": lat,
                "longitude": lon,
                **lists(num, 6, "attributes"),
                **lists(num, 9, "met_by"),
            }
        ),
    )


def test_pairs_are_gathered_once_each_by_query_and_candidate() -> None:
    found = Proposed.of(proposals([[7, 5], [2, -1]], [[5, -1], [-1, -1]]))
    assert found.places.tolist() == [0, 0, 1]
    assert found.candidates.tolist() == [5, 7, 2]
    np.testing.assert_array_equal(found.ranks, [[2, 1], [1, np.nan], [1, np.nan]])
    np.testing.assert_array_equal(found.scores, [[-1, 0], [0, np.nan], [0, np.nan]])
    assert found.proposed_by.tolist() == [[True, True], [True, False], [True, False]]


def test_nothing_proposed_is_no_pair() -> None:
    nothing = proposals([[-1, -1]], [[-1]])
    found = Proposed.of(nothing)
    assert (len(found.places), found.ranks.shape) == (0, (0, 2))
    nodes = random_nodes(np.random.default_rng(0), 1, 3)
    assert pair_features(found, np.array([0]), nodes).shape == (0, len(NAMES))


def test_one_degree_of_the_equator_and_the_way_to_the_other_side() -> None:
    here = haversine_km(np.zeros(2), np.zeros(2), np.zeros(2), np.array([1.0, 180.0]))
    assert here == pytest.approx([6371.0088 * math.pi / 180, 6371.0088 * math.pi])


def test_each_feature_against_a_loop() -> None:
    random = np.random.default_rng(5)
    nodes, rows = random_nodes(random, 6, 20), np.array([4, 1, 5])
    lists = [[list(random.choice(20, 5, replace=False)) for _ in rows] for _ in SOURCES]
    found = proposals(*lists)
    proposed = Proposed.of(found)
    values = pair_features(proposed, rows, nodes)
    assert values.shape == (len(proposed.places), len(NAMES))
    assert values.dtype == np.float32
    for pair, (place, candidate) in enumerate(
        zip(proposed.places, proposed.candidates, strict=True)
    ):
        wanted = naive(found, place, rows[place], candidate, nodes)
        assert dict(zip(NAMES, values[pair], strict=True)) == pytest.approx(
            wanted, rel=1e-4, nan_ok=True
        )


def naive(
    found: list[Proposals], place: int, query: int, candidate: int, nodes: NodeFeatures
) -> dict[str, float]:
    values: dict[str, float] = {}
    points = 0.0
    for name, (rows, scores) in zip(SOURCES, found, strict=True):
        where = rows[place].tolist().index(candidate) if candidate in rows[place] else None
        values[f"{name}_rank"] = math.nan if where is None else where + 1
        values[f"{name}_score"] = math.nan if where is None else scores[place, where]
        points += 0 if where is None else 1 / (60 + where + 1)
    values["reciprocal_ranks"] = points
    one, two = nodes.queries.to_pylist()[query], nodes.candidates.to_pylist()[candidate]
    for feature in PAIR_FEATURES:
        if feature.name.startswith("query_"):
            values[feature.name] = one[feature.name.removeprefix("query_")]
        elif feature.name.startswith("candidate_"):
            values[feature.name] = two[feature.name.removeprefix("candidate_")]
    places = zip(one["latitudes"], one["longitudes"], strict=True)
    ways = [
        haversine_km(*(np.array(v) for v in (lat, lon, two["latitude"], two["longitude"])))
        for lat, lon in places
        if not math.isnan(lat)
    ]
    values["last_km"] = float(ways[0]) if ways else math.nan
    values["nearest_km"] = float(min(ways)) if ways else math.nan
    near = [math.exp(-way) for way in ways]
    values["nearness"] = sum(near) / len(near) if near else math.nan
    return values | naive_relations(candidate, one, two)


def naive_relations(
    candidate: int, query: dict[str, Any], other: dict[str, Any]
) -> dict[str, float]:
    shares = dict(zip(query["attributes"], query["attribute_shares"], strict=True))
    own = [shares.get(one, 0.0) for one in other["attributes"]]
    events = dict(zip(query["incoming"], query["incoming_events"], strict=True))
    days = dict(zip(query["incoming"], query["incoming_days"], strict=True))
    others = dict(zip(query["others"], query["other_events"], strict=True))
    return {
        "attribute_share": sum(own) / len(own) if own else math.nan,
        "incoming_events": events.get(candidate, 0.0),
        "incoming_days": days.get(candidate, math.nan),
        "neighbours_met": len({*query["neighbours"]} & {*other["met_by"]}),
        "other_events": others.get(candidate, 0.0),
    }


def test_a_pair_has_the_same_features_whatever_block_it_stands_in() -> None:
    nodes, rows = random_nodes(np.random.default_rng(2), 3, 9), np.array([2, 0])
    whole = pair_features(Proposed.of(proposals([[4, 8], [8, 1]], [[3], [8]])), rows, nodes)
    alone = pair_features(Proposed.of(proposals([[8, 1]], [[8]])), rows[1:], nodes)
    np.testing.assert_array_equal(whole[3:], alone)


def test_pairs_are_taken_in_parts_so_that_distances_fit_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(3)
    nodes, rows = random_nodes(random, 200, 2000), np.arange(200)
    lists = [[list(random.choice(2000, 500, replace=False)) for _ in rows] for _ in SOURCES]
    proposed = Proposed.of(proposals(*lists))
    tracemalloc.start()
    values = pair_features(proposed, rows, nodes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(values) > 150_000
    distances = len(values) * NUM_PLACES * 8  # bytes of a single matrix of them
    assert peak < 2 * values.nbytes + distances
    monkeypatch.setattr(features, "AT_A_TIME", 10**6)
    np.testing.assert_array_equal(pair_features(proposed, rows, nodes), values)


def test_no_name_of_a_source_makes_a_column_twice() -> None:
    """A source may have any name, so ``reciprocal_rank`` is one source's rank."""
    names = [one.name for one in PAIR_FEATURES] + [REGION]
    assert not [name for name in names if name.rpartition("_")[2] in OF_SOURCES]
    cut = [name.rpartition("_")[0] for name in names if "_" in name]
    columns = [*feature_names(sorted({"reciprocal", *cut})), REGION]
    assert len(set(columns)) == len(columns)


def test_the_registry_says_what_each_feature_is() -> None:
    assert len(set(NAMES)) == len(NAMES) == 2 * len(SOURCES) + len(PAIR_FEATURES)
    assert all(one.meaning and one.unit for one in PAIR_FEATURES)
