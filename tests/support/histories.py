"""Generated histories: versions, corrections, tombstones, late rows and bad ones.

Times lie on a grid of six hours, so that events meet the bounds of windows and equal each other.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from math import inf, nan
from typing import Any, TypeVar

from hypothesis import strategies as st

BASE = datetime(2026, 1, 1, tzinfo=UTC)
TICK = timedelta(hours=6)
NUM_TICKS = 60
REGIONS = ("east", "north", "west")


@dataclass(frozen=True)
class NodeRow:
    """One row of nodes/user or nodes/place."""

    node_id: str | None
    valid_from: datetime | None
    valid_to: datetime | None
    known_at: datetime | None
    is_deleted: bool | None
    region: str | None
    size: float | None

    @property
    def key(self) -> Hashable:
        return self.node_id, self.valid_from

    @property
    def time(self) -> datetime | None:
        return self.valid_from


@dataclass(frozen=True)
class EventRow:
    """One row of an edge table."""

    src: str | None
    dst: str | None
    event_time: datetime | None
    event_id: str | None
    known_at: datetime | None
    is_deleted: bool | None
    weight: float | None
    score: float | None = None
    is_paid: bool | None = None

    @property
    def key(self) -> Hashable:
        return self.event_id

    @property
    def time(self) -> datetime | None:
        return self.event_time


@dataclass(frozen=True)
class FeatureRow:
    """One row of features/user."""

    node_id: str | None
    effective_at: datetime | None
    known_at: datetime | None
    is_deleted: bool | None
    mood: float | None

    @property
    def key(self) -> Hashable:
        return self.node_id, self.effective_at

    @property
    def time(self) -> datetime | None:
        return self.effective_at


Row = TypeVar("Row", NodeRow, EventRow, FeatureRow)


@dataclass(frozen=True)
class History:
    """The tables of a source: users visit places and know users; users have moods."""

    users: tuple[NodeRow, ...]
    places: tuple[NodeRow, ...]
    visited: tuple[EventRow, ...]
    knows: tuple[EventRow, ...]
    moods: tuple[FeatureRow, ...]


@dataclass(frozen=True)
class Settings:
    """What the configuration says about time and regions."""

    as_of: datetime
    window_days: int = 10
    horizon_days: int = 3
    active_days: int = 4
    lateness_hours: int = 0
    half_life_days: float = 0
    freshness: tuple[int, float] | None = None
    weight: str = "sum"
    user_home: str = "from_events"
    place_home: str = "column"
    border: str = "halo"
    merge: tuple[tuple[str, str], ...] = ()
    tiny_below: int = 0


def at(tick: int) -> datetime:
    """The instant of a tick of the grid."""
    return BASE + tick * TICK


def _often(value: Any, *others: Any) -> st.SearchStrategy[Any]:
    """Mostly ``value``, now and then one of the others."""
    return st.sampled_from([value] * (24 - len(others)) + list(others))


def _ids(letter: str, num: int) -> st.SearchStrategy[str | None]:
    return st.integers(0, num + 1).map(lambda n: f"{letter}{n % num}")


ENDS = [BASE + timedelta(days=days) for days in (3, 5, 7, 8, 9, 10, 11, 12, 13, 14)]
"""Versions end at midnight, where instants lie."""
TICKS = st.integers(0, NUM_TICKS)
TIMES = st.one_of(TICKS, TICKS, TICKS).map(at)
BAD_TIMES = st.sampled_from([None, datetime(1969, 12, 31, tzinfo=UTC)])
WEIGHTS = st.sampled_from([1.0, 2.0, 0.5, 5.0, 0.1, 0.0, None, None])
SCORES = st.sampled_from([-3.5, -0.1, 0.0, 0.3, 7.25, 1e9, nan, -inf, 1e15, None, None])
ANSWERS = st.sampled_from([True, False, None])
BAD_WEIGHTS = st.sampled_from([-1.0, nan, inf, 1e15])


@st.composite
def _node_rows(draw: st.DrawFn, letter: str, num: int) -> list[NodeRow]:
    """Versions of few nodes: moves, corrections, closings, tombstones, bad rows."""
    rows = []
    for number in range(num):
        ticks = draw(st.lists(st.integers(0, 40), min_size=0, max_size=2, unique=True))
        for tick in [0, *ticks] if draw(_often(True, False)) else ticks:
            row = NodeRow(
                f"{letter}{number}",
                at(tick),
                draw(_often(None, *(end for end in ENDS if end > at(tick)))),
                draw(_often(None, at(tick + 2), at(tick + 9), at(tick - 4))),
                draw(_often(False, None)),
                draw(st.sampled_from(REGIONS)),
                draw(st.sampled_from([1.0, 2.5, None])),
            )
            rows.append(row)
            rows += draw(_node_changes(row))
    return rows


@st.composite
def _node_changes(draw: st.DrawFn, row: NodeRow) -> list[NodeRow]:
    """Later rows of the same version, or bad ones."""
    kind = draw(_often("none", "correct", "close", "delete", "copy", "bad", "conflict"))
    known = (row.known_at or row.valid_from) + draw(st.integers(1, 30)) * TICK
    if kind == "correct":
        region = draw(st.sampled_from(REGIONS))
        return [replace(row, known_at=known, region=region, size=7.0, valid_to=None)]
    if kind == "close":
        end = draw(st.sampled_from([end for end in ENDS if end > row.valid_from]))
        return [replace(row, known_at=known, valid_to=end)]
    if kind == "delete":
        known -= draw(st.sampled_from([0 * TICK, known - (row.known_at or row.valid_from)]))
        gone = replace(row, known_at=known, is_deleted=True, region=None)
        back = replace(row, known_at=known + 5 * TICK, size=9.0)
        return [gone, back] if draw(st.booleans()) else [gone]
    if kind == "copy":
        return [row]
    if kind == "conflict":
        return [replace(row, size=8.0, region=draw(st.sampled_from(REGIONS)))]
    if kind == "bad":
        bad = st.sampled_from(
            [
                replace(row, node_id=None, known_at=known),
                replace(row, node_id="", known_at=known),
                replace(row, valid_from=None, known_at=known),
                replace(row, valid_from=None, known_at=None),
                replace(row, valid_from=datetime(1969, 1, 1, tzinfo=UTC)),
                replace(row, valid_to=row.valid_from, known_at=known),
                replace(row, region=None, known_at=known),
                replace(row, region="_all", known_at=known),
            ]
        )
        return [draw(bad)]
    return []


@st.composite
def _event_rows(
    draw: st.DrawFn, src: tuple[str, int], dst: tuple[str, int], prefix: str, most: int
) -> list[EventRow]:
    """Events, late ones, corrections that change them, deletions, copies and bad rows."""
    rows = []
    for number in range(draw(st.integers(most // 2, most))):
        time = at(draw(TICKS))
        row = EventRow(
            draw(_ids(*src)),
            draw(_ids(*dst)),
            time,
            f"{prefix}{number}" if draw(st.booleans()) else None,
            draw(_often(None, time, time + TICK, time + 6 * TICK, time + 20 * TICK, time - TICK)),
            draw(_often(False, None, True)),
            draw(WEIGHTS),
            draw(SCORES),
            draw(ANSWERS),
        )
        rows.append(row)
        rows += draw(_event_changes(row, src, dst))
    return rows


@st.composite
def _event_changes(
    draw: st.DrawFn, row: EventRow, src: tuple[str, int], dst: tuple[str, int]
) -> list[EventRow]:
    kind = draw(
        _often("none", "correct", "correct", "move", "delete", "delete", "copy", "bad", "bad")
    )
    later = replace(row, known_at=(row.known_at or row.time) + draw(st.integers(0, 24)) * TICK)
    if kind == "correct":
        new = replace(later, src=draw(_ids(*src)), dst=draw(_ids(*dst)), weight=draw(WEIGHTS))
        return [replace(new, score=draw(SCORES))]
    if kind == "move":
        return [replace(later, event_time=at(draw(TICKS)))]
    if kind == "delete":
        gone = replace(later, is_deleted=True)
        back = replace(gone, known_at=gone.known_at + 3 * TICK, is_deleted=False, weight=3.0)
        return [gone, back] if draw(st.booleans()) else [gone]
    if kind == "copy":
        return [row] * draw(st.integers(1, 2))
    if kind == "bad":
        bad = [
            replace(later, src=None),
            replace(later, dst=""),
            replace(later, src="nobody"),
            replace(later, dst="nowhere"),
            replace(later, event_time=draw(BAD_TIMES)),
            replace(row, event_time=None, known_at=None),
            replace(later, weight=draw(BAD_WEIGHTS)),
        ]
        return [draw(st.sampled_from(bad))]
    return []


@st.composite
def _feature_rows(draw: st.DrawFn, num: int) -> list[FeatureRow]:
    rows = []
    for _ in range(draw(st.integers(0, 6))):
        time = at(draw(TICKS))
        row = FeatureRow(
            draw(st.one_of(_ids("u", num), _often("u0", None, "", "nobody"))),
            draw(_often(time, None, datetime(1969, 1, 1, tzinfo=UTC))),
            draw(_often(None, time + TICK, time + 9 * TICK)),
            draw(_often(False, None, True)),
            draw(st.sampled_from([0.5, 1.5, None])),
        )
        rows.append(row)
        kind = draw(st.sampled_from(["none", "none", "correct", "delete", "copy"]))
        known = (row.known_at or row.effective_at or time) + draw(st.integers(0, 20)) * TICK
        if kind == "correct":
            rows.append(replace(row, known_at=known, mood=4.0))
        elif kind == "delete":
            rows.append(replace(row, known_at=known, is_deleted=True))
        elif kind == "copy":
            rows.append(row)
    return rows


@st.composite
def histories(
    draw: st.DrawFn, num_users: int = 4, num_places: int = 4, most_events: int = 24
) -> History:
    """Small histories; rows of one key and one ``known_at`` may differ (see ``settled``)."""
    users, places = ("u", num_users), ("p", num_places)
    return History(
        tuple(draw(_node_rows(*users))),
        tuple(draw(_node_rows(*places))),
        tuple(draw(_event_rows(users, places, "v", most_events))),
        tuple(draw(_event_rows(users, users, "k", 4))),
        tuple(draw(_feature_rows(num_users))),
    )


HOME_RULES = [("from_events", "column"), ("from_events", "column"), ("column", "everywhere"),
              ("column", "column"), ("column", "from_events")]  # fmt: skip


@st.composite
def settings_of_views(draw: st.DrawFn) -> Settings:
    """Days, windows and rules that let most histories have both views."""
    user_home, place_home = draw(st.sampled_from(HOME_RULES))
    return Settings(
        as_of=BASE + timedelta(days=draw(st.integers(6, 15))),
        window_days=draw(st.sampled_from([6, 9, 14])),
        horizon_days=draw(st.integers(1, 5)),
        active_days=draw(st.sampled_from([1, 3, 7])),
        lateness_hours=draw(st.sampled_from([0, 0, 6, 30])),
        half_life_days=draw(st.sampled_from([0, 0, 2, 0.1])),
        freshness=draw(st.sampled_from([None, None, (1, 0.2), (3, 0.5)])),
        weight=draw(st.sampled_from(["sum", "mean", "max", "last", "first"])),
        user_home=user_home,
        place_home=place_home,
        border=draw(st.sampled_from(["halo", "halo", "drop"])),
        merge=draw(st.sampled_from([(), (), (("north", "east"),)])),
        tiny_below=draw(st.sampled_from([0, 0, 0, 2])),
    )


def settled(history: History) -> History:
    """Leaves out rows that differ from an earlier one of the same key, ``known_at`` and kind.

    Which of two such rows counts is the product's choice, not the design's: a reference that knew
    it would repeat the SQL. Equal copies stay.
    """
    return History(
        _settled(history.users),
        _settled(history.places),
        _settled(history.visited),
        _settled(history.knows),
        _settled(history.moods),
    )


def _settled(rows: Sequence[Row]) -> tuple[Row, ...]:
    first: dict[Hashable, Row] = {}
    kept = []
    for row in rows:
        is_keyed = not isinstance(row, EventRow) or row.event_id is not None
        key = (row.key, row.known_at or row.time, bool(row.is_deleted))
        if not is_keyed or _same(first.setdefault(key, row), row):
            kept.append(row)
    return tuple(kept)


def _same(one: Row, other: Row) -> bool:
    """Equality that takes NaN for itself."""
    return one == other or repr(one) == repr(other)


def side_by_side(parts: Sequence[History]) -> History:
    """Puts histories beside each other as one, with ids and event ids of their own."""
    renamed = [_renamed(part, f"h{number}-") for number, part in enumerate(parts)]
    return History(
        *(
            tuple(row for part in renamed for row in getattr(part, field.name))
            for field in fields(History)
        )
    )


def _renamed(history: History, prefix: str) -> History:
    tables = []
    for field in fields(History):
        rows = []
        for row in getattr(history, field.name):
            names = ("node_id", "src", "dst", "event_id")
            found = {name: getattr(row, name, None) for name in names}
            rows.append(
                replace(row, **{name: f"{prefix}{value}" for name, value in found.items()
                                if value})
            )  # fmt: skip
        tables.append(tuple(rows))
    return History(*tables)
