"""Small committed snapshots in the real format, written without Spark, for fast tests."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.lake import Artifact, Lake, attempt
from graphrec_core.lake.layout import edges_file, holdout_file, nodes_file
from graphrec_core.lake.records import CheckFigures, GraphSchema, SnapshotFigures
from graphrec_core.types import ALL_REGIONS, Region, View

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = "lightgcn"
"""Name of the tiny pipeline's only source."""
NODES = pa.schema(
    [
        ("node_id", pa.string()),
        ("home_region", pa.string()),
        ("role", pa.string()),
        ("is_active", pa.bool_()),
        ("is_candidate", pa.bool_()),
        ("num_events", pa.int64()),
        ("last_event_time", pa.timestamp("us", tz="UTC")),
        ("valid_from", pa.timestamp("us", tz="UTC")),
        ("known_at", pa.timestamp("us", tz="UTC")),
        ("latitude", pa.float64()),
        ("longitude", pa.float64()),
        ("title", pa.string()),
        ("age", pa.float64()),
        ("kind", pa.string()),
    ]
)
EDGES = pa.schema(
    [
        ("src", pa.string()),
        ("dst", pa.string()),
        ("weight", pa.float64()),
        ("num_events", pa.int64()),
        ("first_event_time", pa.timestamp("us", tz="UTC")),
        ("last_event_time", pa.timestamp("us", tz="UTC")),
        ("last_known_at", pa.timestamp("us", tz="UTC")),
        ("crosses_border", pa.bool_()),
    ]
)
HOLDOUT = pa.schema(
    [
        ("query_id", pa.string()),
        ("candidate_id", pa.string()),
        ("num_events", pa.int64()),
        ("first_event_time", pa.timestamp("us", tz="UTC")),
        ("is_seen", pa.bool_()),
        ("is_candidate", pa.bool_()),
    ]
)


def tiny_config(root: Path, **sections: object) -> PipelineConfig:
    """A valid pipeline of users and places whose lake is ``root``; sections may be replaced."""
    data: dict[str, object] = {
        "pipeline": "tiny",
        "source": {
            "tables": {"users": {"path": "users.parquet"}},
            "nodes": {"user": "select * from users", "place": "select * from users"},
            "edges": {"visited": "select * from users"},
        },
        "task": {"query": "user", "candidate": "place", "edge": "visited"},
        "region": {"user": "from_events", "place": "column"},
        "schedule": {"start": "2026-01-01"},
        "lake": {"root": str(root)},
        "training": {"num_epochs": 8, "learning_rate": 0.05},
        "recommender": {"model": "lightgcn", "embedding_dim": 16, "num_layers": 2},
    }
    return PipelineConfig.model_validate({**data, **sections})


def write_tiny_snapshot(
    config: PipelineConfig,
    as_of: datetime = AS_OF,
    regions: tuple[str, ...] = ("east", "west"),
    num_users: int = 60,
    num_places: int = 40,
    seed: int = 0,
    serve_kinds: str = "abcd",
    *,
    has_fit: bool = True,
    same_views: bool = False,
) -> Artifact:
    """Commits a snapshot with four planted tastes per region and one halo place per region.

    A user of taste t visits places of taste t; a tenth of the visits are noise. The train view
    holds the fit view's edges and the fit holdout's, the serve view the train view's and the
    holdout's. The last user of each region is new: it is
    absent from the earlier views, so its id has no trained row.

    Users have one of four values of the feature ``kind``, in the serve view of ``serve_kinds``.
    Without ``has_fit`` the source began after the fit view's instant. With ``same_views`` the
    serve view is the train view, so that what serves can be held against what was judged.
    """
    lake, rng = Lake(config), np.random.default_rng(seed)
    snapshot_id = Day(config, as_of).ref(StepName.SNAPSHOT).id
    folder = lake.layout.snapshot(as_of, snapshot_id)
    stats: dict[str, object] = {}
    with attempt(lake.storage, folder, snapshot_id) as trial:
        for index, name in enumerate(regions):
            region = Region(name)
            other = regions[(index + 1) % len(regions)]
            train, holdout = _draw_pairs(rng, num_users, num_places)
            everything = np.unique(np.concatenate([train, holdout]), axis=0)
            fit, fit_holdout = _split_newest(train, num_places)
            served = train if same_views else everything
            views = {View.FIT: fit, View.TRAIN: train, View.SERVE: served}
            for view, pairs in views.items():
                is_serve = view is View.SERVE and not same_views
                kinds = serve_kinds if is_serve else "abcd"
                users = _users(name, num_users if is_serve else num_users - 1, pairs, kinds)
                places = _places(name, other, num_places, pairs)
                end = 0 if view is View.FIT and not has_fit else None
                edges = _edges(name, other, pairs)
                trial.write_table(nodes_file(view, "user", region), users.slice(0, end))
                trial.write_table(nodes_file(view, "place", region), places.slice(0, end))
                trial.write_table(edges_file(view, "visited", region), edges.slice(0, end))
            for after, pairs in ((View.FIT, fit_holdout), (View.TRAIN, holdout)):
                end = 0 if after is View.FIT and not has_fit else None
                rows = _holdout(name, pairs).slice(0, end)
                trial.write_table(holdout_file(region, after), rows)
            stats[name] = {
                **_view_stats(num_users, num_places, views),
                "fit_holdout": _holdout_stats(fit_holdout),
                "holdout": _holdout_stats(holdout),
            }
        snapshot = trial.commit(
            StepName.SNAPSHOT,
            config,
            as_of,
            ALL_REGIONS,
            {},
            SnapshotFigures(
                regions=stats,
                features=GraphSchema({"user": ("age", "kind"), "place": ("age", "kind")}),
                num_no_history=0,
            ),
        )
    write_verdict(config, as_of, regions)
    return snapshot


def write_verdict(
    config: PipelineConfig,
    as_of: datetime,
    kept: tuple[str, ...],
    broken: dict[str, str] | None = None,
) -> None:
    """Commits what the suites say of a day's snapshot; nothing is broken unless given."""
    lake, day = Lake(config), Day(config, as_of)
    names = tuple(Region(name) for name in sorted(kept))
    why = {Region(name): text for name, text in (broken or {}).items()}
    figures = CheckFigures(kept_regions=names, broken_regions=why, notes=())
    folder = lake.layout.verdict(as_of, day.ref(StepName.CHECK).id)
    with attempt(lake.storage, folder, day.ref(StepName.CHECK).id) as trial:
        inputs = {"snapshot": day.ref(StepName.SNAPSHOT).id}
        trial.commit(StepName.CHECK, config, as_of, ALL_REGIONS, inputs, figures)


def _draw_pairs(
    rng: np.random.Generator, num_users: int, num_places: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draws distinct (user, place) pairs, 10 a user, the last 2 of each held out."""
    train, holdout = [], []
    for user in range(num_users - 1):
        own = np.arange(user % 4, num_places, 4)
        chosen = rng.choice(own, size=min(9, len(own)), replace=False)
        noise = rng.integers(0, num_places)
        visits = list(dict.fromkeys([int(noise), *map(int, chosen)]))
        train += [(user, place) for place in visits[:-2]]
        holdout += [(user, place) for place in visits[-2:]]
    train.append((0, num_places))  # one visit across the border: the halo place
    return np.array(train), np.array(holdout)


def _split_newest(train: np.ndarray, num_places: int) -> tuple[np.ndarray, np.ndarray]:
    """Parts each user's last place, not the halo place, from the others."""
    is_last = np.append(train[1:, 0] != train[:-1, 0], False)
    is_last &= train[:, 1] != num_places
    return train[~is_last], train[is_last]


def _place_id(region: str, other: str, place: int, num_places: int) -> str:
    return f"{other}-p0" if place == num_places else f"{region}-p{place}"


def _times(num: int) -> list[datetime]:
    return [datetime(2025, 12, 1, tzinfo=UTC)] * num


def _users(region: str, num_users: int, pairs: np.ndarray, kinds: str) -> pa.Table:
    counts = np.bincount(pairs[:, 0], minlength=num_users)[:num_users]
    return _nodes(
        [f"{region}-u{user}" for user in range(num_users)],
        [region] * num_users,
        ["home"] * num_users,
        [False] * num_users,
        counts.tolist(),
        [kinds[user % 4] for user in range(num_users)],
    )


def _places(region: str, other: str, num_places: int, pairs: np.ndarray) -> pa.Table:
    counts = np.bincount(pairs[:, 1], minlength=num_places + 1)
    num = num_places + 1
    return _nodes(
        [_place_id(region, other, place, num_places) for place in range(num)],
        [region] * num_places + [other],
        ["home"] * num_places + ["halo"],
        [True] * num_places + [False],
        counts.tolist(),
        ["abcd"[place % 4] for place in range(num)],
    )


def _nodes(
    ids: list[str],
    homes: list[str],
    roles: list[str],
    is_candidate: list[bool],
    counts: list[int],
    kinds: list[str],
) -> pa.Table:
    num = len(ids)
    columns = {
        "node_id": ids,
        "home_region": homes,
        "role": roles,
        "is_active": [True] * num,
        "is_candidate": is_candidate,
        "num_events": counts,
        "last_event_time": _times(num),
        "valid_from": _times(num),
        "known_at": _times(num),
        "latitude": [40 + (index % 4) / 10 for index in range(num)],
        "longitude": [-74 + index / 1000 for index in range(num)],
        "title": [f"title of {name}" for name in ids],
        "age": [float(index % 7) for index in range(num)],
        "kind": kinds,
    }
    return pa.table(columns, schema=NODES).sort_by("node_id")


def _edges(region: str, other: str, pairs: np.ndarray) -> pa.Table:
    num, num_places = len(pairs), int(pairs[:, 1].max())
    columns = {
        "src": [f"{region}-u{user}" for user in pairs[:, 0]],
        "dst": [_place_id(region, other, int(place), num_places) for place in pairs[:, 1]],
        "weight": [1.0] * num,
        "num_events": [1] * num,
        "first_event_time": _times(num),
        "last_event_time": _times(num),
        "last_known_at": _times(num),
        "crosses_border": [int(place) == num_places for place in pairs[:, 1]],
    }
    return pa.table(columns, schema=EDGES).sort_by([("src", "ascending"), ("dst", "ascending")])


def _holdout(region: str, pairs: np.ndarray) -> pa.Table:
    num = len(pairs)
    columns = {
        "query_id": [f"{region}-u{user}" for user in pairs[:, 0]],
        "candidate_id": [f"{region}-p{place}" for place in pairs[:, 1]],
        "num_events": [1] * num,
        "first_event_time": [datetime(2025, 12, 30, tzinfo=UTC)] * num,
        "is_seen": [False] * num,
        "is_candidate": [True] * num,
    }
    keys = [("query_id", "ascending"), ("candidate_id", "ascending")]
    return pa.table(columns, schema=HOLDOUT).sort_by(keys)


def _view_stats(
    num_users: int, num_places: int, pairs_of: dict[View, np.ndarray]
) -> dict[str, object]:
    stats: dict[str, object] = {}
    for view, pairs in pairs_of.items():
        num = num_users if view is View.SERVE else num_users - 1
        stats[view] = {
            "num_nodes": {"user": num, "place": num_places + 1},
            "num_home_nodes": {"user": num, "place": num_places},
            "num_halo_nodes": {"user": 0, "place": 1},
            "num_edges": {"visited": len(pairs)},
            "num_halo_edges": {"visited": 1},
            "num_candidates": num_places,
        }
    return stats


def _holdout_stats(pairs: np.ndarray) -> dict[str, object]:
    return {
        "num_pairs": len(pairs),
        "num_queries": len(np.unique(pairs[:, 0])),
        "num_self": 0,
        "num_seen": 0,
        "num_missing_coverage": 0,
    }
