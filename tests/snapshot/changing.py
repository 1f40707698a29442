"""A history that keeps changing: late rows, corrections, deletions, nodes that come, move and go.

Every row has its ``known_at``; whole days of changes meet each other, so that each reason why a
pair's edge may differ between two days occurs on every day.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from graphrec_core.config import PipelineConfig

START = datetime(2026, 1, 1, tzinfo=UTC)
NUM_DAYS = 45
NUM_USERS, NUM_PLACES, NUM_EVENTS = 200, 100, 4000
REGIONS = ("east", "north", "west")
ISLE = "isle"
"""A region of two users and two places; it has few events, and none on most days."""
BOXES = {"east": 10, "north": 20, "west": 30, ISLE: 40}
"""Region -> the western bound of its square of five degrees."""
COMING = range(12, 22)
"""Numbers of the places that come and go."""
SEED = 7
EDGE_COLUMNS = "src, dst, event_time, event_id, known_at, is_deleted, weight"
NODE_COLUMNS = "node_id, valid_from, valid_to, known_at, is_deleted, region, size"


def at(day: float) -> datetime:
    """The instant so many days after the start, in whole seconds."""
    return START + timedelta(seconds=round(day * 86400))


def history(seed: int = SEED) -> dict[str, pd.DataFrame]:
    """Makes the raw tables: users, places, visits, friends and moods."""
    rng = np.random.default_rng(seed)
    late = [(day, number) for day in range(NUM_DAYS) for number in range(4)]
    users = _nodes(rng, "u", range(NUM_USERS)) + [_late_user(*user) for user in late]
    places = _nodes(rng, "p", [n for n in range(NUM_PLACES) if n not in COMING])
    places += [row for day in range(NUM_DAYS) for row in _places_of_a_day(day)]
    visits = _events(rng, NUM_EVENTS, "e", ("u", NUM_USERS), ("p", NUM_PLACES))
    visits += [row for user in late for row in _visit_of_late_user(rng, *user)]
    visits += _visits_on_the_isle(rng)
    friends = _events(rng, NUM_EVENTS // 5, "f", ("u", NUM_USERS), ("u", NUM_USERS))
    moods = [
        (f"u{rng.integers(NUM_USERS)}", at(day), at(day + _delay(rng)), rng.random() < 0.1,
         float(rng.integers(5)))
        for day in rng.uniform(0, NUM_DAYS, 300)
    ]  # fmt: skip
    return {
        "users": _frame(NODE_COLUMNS, users),
        "places": _located(rng, _frame(NODE_COLUMNS, places)),
        "visits": _frame(EDGE_COLUMNS, visits),
        "friends": _frame(EDGE_COLUMNS, friends),
        "moods": _frame("node_id, effective_at, known_at, is_deleted, mood", moods),
    }


def write_tables(root: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Writes raw tables as Parquet."""
    root.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_parquet(root / f"{name}.parquet", coerce_timestamps="us")


def pipeline(
    root: Path,
    lake: Path,
    *,
    time: dict[str, Any] | None = None,
    region: dict[str, Any] | None = None,
    snapshot: dict[str, Any] | None = None,
) -> PipelineConfig:
    """Returns the pipeline over the tables below ``root``, with some settings changed."""
    located = ", latitude, longitude" if "areas" in (region or {}) else ""
    data = {
        "pipeline": "changing",
        "source": {
            "root": str(root),
            "tables": {
                name: {"path": f"{name}.parquet"}
                for name in ("users", "places", "visits", "friends", "moods")
            },
            "nodes": {
                "user": f"select {NODE_COLUMNS} from users",
                "place": f"select {NODE_COLUMNS}{located} from places",
            },
            "edges": {
                "visited": {
                    "select": f"select {EDGE_COLUMNS}, weight as price, weight > 1 as is_dear, "
                    "weight * weight as area from visits",
                    "features": {"price": "last", "is_dear": "mean", "area": "first"},
                },
                "knows": {
                    "src": "user",
                    "dst": "user",
                    "weight": "max",
                    "select": f"select {EDGE_COLUMNS} from friends",
                },
            },
            "features": {
                "user": "select node_id, effective_at, known_at, is_deleted, mood from moods"
            },
        },
        "task": {"query": "user", "candidate": "place", "edge": "visited"},
        "time": {
            "window_days": 12,
            "horizon_days": 3,
            "active_days": 5,
            "lateness_hours": 6,
            **(time or {}),
        },
        "region": {"user": "column", "place": "column", **(region or {})},
        "recommender": {"model": "lightgcn"},
        "schedule": {"start": "2026-01-01"},
        "snapshot": {"engine": "duckdb", "threads": 1, "memory": "1g", **(snapshot or {})},
        "lake": {"root": str(lake)},
    }
    return PipelineConfig.model_validate(data)


def _frame(columns: str, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split(", "))


def _delay(rng: np.random.Generator) -> float:
    """Days until a row is known: mostly none, often hours, sometimes days."""
    return float(rng.choice([0.0, rng.uniform(0, 0.4), rng.uniform(0, 6)], p=[0.6, 0.25, 0.15]))


def _region(rng: np.random.Generator) -> str:
    return str(rng.choice(REGIONS, p=[0.5, 0.3, 0.2]))


def _nodes(rng: np.random.Generator, letter: str, numbers: Iterable[int]) -> list[tuple[Any, ...]]:
    """Nodes of which some come, move, are corrected, end and are deleted, each known late."""
    rows: list[tuple[Any, ...]] = []
    for number in numbers:
        name = f"{letter}{number}"
        since = -30.0 if rng.random() < 0.7 else rng.uniform(0, NUM_DAYS)
        known = since + (_delay(rng) if rng.random() < 0.7 else -5)  # some are announced
        region = _region(rng) if number >= 2 else ISLE
        size = float(rng.integers(9))
        rows.append((name, at(since), None, at(known), False, region, size))
        change, day = rng.random(), rng.uniform(max(since, 0), NUM_DAYS)
        if number < 2:
            continue
        if change < 0.2:  # moves, and half of those that move move back
            rows.append((name, at(day), None, at(day + _delay(rng)), False, _region(rng), size))
            if change < 0.1:
                rows.append((name, at(day + 4), None, at(day + 5), False, region, size))
        elif change < 0.3:  # its region was wrong
            rows.append((name, at(since), None, at(known + 9), False, _region(rng), size))
        elif change < 0.4:  # ends
            rows.append((name, at(since), at(day), at(day + _delay(rng)), False, region, size))
        elif change < 0.5:  # was a mistake
            rows.append((name, at(since), None, at(known + 12), True, region, size))
    return rows


def _places_of_a_day(day: int) -> list[tuple[Any, ...]]:
    """Of the popular places one moves, and one comes for five days; so one goes, too."""
    then, number = at(day - 0.3), day % 10
    region = REGIONS[(day + day // 10) % len(REGIONS)]
    return [
        (f"p{2 + number}", then, None, then, False, region, 1.0),
        (f"p{COMING[number]}", then, at(day + 4.7), then, False, region, 2.0),
    ]


def _late_user(day: int, number: int) -> tuple[Any, ...]:
    """A user who is known on a day, three days after she is true."""
    region = REGIONS[number % len(REGIONS)]
    return (f"l{day}-{number}", at(day - 3), None, at(day + 0.7), False, region, 1.0)


def _visit_of_late_user(rng: np.random.Generator, day: int, number: int) -> list[tuple[Any, ...]]:
    """A visit that is corrected to be that of a user who is not known yet."""
    user, place = f"u{rng.integers(2, NUM_USERS)}", f"p{rng.integers(2, NUM_PLACES)}"
    row = (place, at(day - 4), f"late{day}-{number}")
    return [
        (user, *row, at(day - 4), False, 1.0),
        (f"l{day}-{number}", *row, at(day - 2.5), False, 1.0),
    ]


def _visits_on_the_isle(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    return [
        (f"u{rng.integers(2)}", f"p{rng.integers(2)}", at(day + 0.3), None, at(day + 0.3), False,
         1.0)
        for day in (1, 4, 18, 19, 22, 40)
    ]  # fmt: skip


def _events(
    rng: np.random.Generator, num: int, letter: str, src: tuple[str, int], dst: tuple[str, int]
) -> list[tuple[Any, ...]]:
    """Events of which half have an id; of those some are corrected, deleted and put back."""
    rows = []
    for number in range(num):
        day = rng.uniform(0, NUM_DAYS)
        if rng.random() < 0.05:
            day = float(round(day))  # on the bounds of windows
        known, weight = day + _delay(rng), float(rng.integers(1, 9)) / 4
        name = f"{letter}{number}" if rng.random() < 0.5 else None
        row = (_some(rng, src), _some(rng, dst), at(day), name, at(known), False, weight)
        rows.append(row)
        if name is not None:
            other = (_some(rng, src), _some(rng, dst), at(day + rng.uniform(-5, 5)))
            rows += _changes(rng, row, other, known)
    return rows


def _some(rng: np.random.Generator, ends: tuple[str, int]) -> str:
    """One of the nodes that stay; some are more popular than others."""
    return f"{ends[0]}{2 + int((ends[1] - 2) * rng.random() ** 2)}"


def _changes(
    rng: np.random.Generator, row: tuple[Any, ...], other: tuple[Any, ...], known: float
) -> list[tuple[Any, ...]]:
    """Later rows of an event: another end, time or weight; deleted; there again."""
    change, rows = rng.random(), []
    src, dst, time, name, _, _, weight = row
    if change < 0.25:
        known += rng.uniform(0.2, 8)
        kind = rng.integers(4)
        values = [src, dst, time, weight]
        values[kind] = (*other, weight + 1)[kind]
        src, dst, time, weight = values
        rows.append((src, dst, time, name, at(known), False, weight))
    for is_deleted, least in ((True, 0.2), (False, 0.3)):
        if least < change < 0.4:
            known += rng.uniform(0.2, 5)
            rows.append((src, dst, time, name, at(known), is_deleted, weight))
    return rows


def _located(rng: np.random.Generator, places: pd.DataFrame) -> pd.DataFrame:
    return places.assign(
        latitude=rng.uniform(1, 4, len(places)),
        longitude=places["region"].map(BOXES) + rng.uniform(1, 4, len(places)),
    )
