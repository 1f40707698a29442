"""Rows as they were known, in plain Python: which are accepted, which win, what is true when."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.histories import EventRow, FeatureRow, History, NodeRow, Row, Settings

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
ENDS = {"visited": ("user", "place"), "knows": ("user", "user")}
"""Edge type -> the node types of src and dst."""


@dataclass(frozen=True)
class Accepted:
    """The rows that may be used, with every default filled in."""

    nodes: dict[str, list[NodeRow]]
    events: dict[str, list[EventRow]]
    moods: list[FeatureRow]
    num_rejected: dict[str, int]


def accept(history: History, settings: Settings) -> Accepted:
    """Judges every row that reached us before as_of + lateness."""
    cutoff = settings.as_of + timedelta(hours=settings.lateness_hours)
    needs = {"user": settings.user_home == "column", "place": settings.place_home == "column"}
    rejected: dict[str, int] = {}

    def sift(name: str, rows: Sequence[Row], is_bad: Callable[[Row], bool]) -> list[Row]:
        known = [
            row for row in map(_filled, rows) if row.known_at is None or row.known_at < cutoff
        ]
        seen: set[Hashable] = set()
        good = []
        for row in known:
            copy_of = row.key, row.known_at, row.is_deleted
            is_copy = _is_keyed(row) and copy_of in seen
            seen.add(copy_of)
            if not is_bad(row) and not is_copy:
                good.append(row)
        rejected[name] = len(known) - len(good)
        return good

    nodes = {
        ntype: sift(f"nodes/{ntype}", rows, lambda row, n=ntype: _is_bad_node(row, needs[n]))
        for ntype, rows in (("user", history.users), ("place", history.places))
    }
    ids = {ntype: {row.node_id for row in rows} for ntype, rows in nodes.items()}
    events = {
        etype: sift(
            f"edges/{etype}",
            getattr(history, etype),
            lambda row, ends=(ids[src], ids[dst]): _is_bad_event(row, *ends),
        )
        for etype, (src, dst) in ENDS.items()
    }
    moods = sift(
        "features/user",
        history.moods,
        lambda row: _is_bad_time(row.effective_at) or row.node_id not in ids["user"],
    )
    return Accepted(nodes, events, moods, rejected)


def _filled(row: Row) -> Row:
    changes: dict[str, Any] = {
        "known_at": row.time if row.known_at is None else row.known_at,
        "is_deleted": bool(row.is_deleted),
    }
    if isinstance(row, EventRow) and row.weight is None:
        changes["weight"] = 1.0
    return replace(row, **changes)


def _is_keyed(row: NodeRow | EventRow | FeatureRow) -> bool:
    return not isinstance(row, EventRow) or row.event_id is not None


def _is_bad_time(time: datetime | None) -> bool:
    return time is None or time < EARLIEST


def _is_bad_node(row: NodeRow, needs_region: bool) -> bool:  # noqa: FBT001
    if not row.node_id or _is_bad_time(row.valid_from):
        return True
    if row.valid_to is not None and row.valid_to <= row.valid_from:
        return True
    if not needs_region:
        return False
    return row.region == "_all" or (not row.region and not row.is_deleted)


def _is_bad_event(row: EventRow, src_ids: set[str | None], dst_ids: set[str | None]) -> bool:
    if _is_bad_time(row.event_time) or not 0 <= row.weight < 1e15:
        return True
    return row.src not in src_ids or row.dst not in dst_ids


def _as_known(rows: Iterable[Row], cutoff: datetime) -> Iterator[Row]:
    """Of the rows of one key that were known in time the last one, unless it is a tombstone."""
    last: dict[Hashable, Row] = {}
    for row in rows:
        if row.known_at < cutoff:
            if not _is_keyed(row):
                if not row.is_deleted:
                    yield row
            elif row.key not in last or _age(row) > _age(last[row.key]):
                last[row.key] = row
    yield from (row for row in last.values() if not row.is_deleted)


def _age(row: Row) -> tuple[datetime, bool]:
    return row.known_at, row.is_deleted


def events_in(
    accepted: Accepted, settings: Settings, etype: str, start: datetime, end: datetime
) -> list[EventRow]:
    """The events of [start, end) as they were known at its end plus the lateness.

    A row that names a node of which nothing was known then was bad on that day.
    """
    cutoff = end + timedelta(hours=settings.lateness_hours)
    src_ids, dst_ids = (
        {row.node_id for row in accepted.nodes[ntype] if row.known_at < cutoff}
        for ntype in ENDS[etype]
    )
    good = [row for row in accepted.events[etype] if row.src in src_ids and row.dst in dst_ids]
    return [row for row in _as_known(good, cutoff) if start <= row.time < end]


def nodes_at(
    accepted: Accepted, settings: Settings, ntype: str, instant: datetime
) -> dict[str, NodeRow]:
    """The version of every node that is true at an instant: of several the youngest."""
    cutoff = instant + timedelta(hours=settings.lateness_hours)
    found: dict[str, NodeRow] = {}
    for row in sorted(_as_known(accepted.nodes[ntype], cutoff), key=lambda row: row.valid_from):
        if row.valid_from <= instant and (row.valid_to is None or instant < row.valid_to):
            found[row.node_id] = row
    return found


def moods_at(accepted: Accepted, settings: Settings, instant: datetime) -> dict[str, FeatureRow]:
    """The features of every node that were effective last."""
    cutoff = instant + timedelta(hours=settings.lateness_hours)
    known = sorted(_as_known(accepted.moods, cutoff), key=lambda row: row.effective_at)
    return {row.node_id: row for row in known if row.effective_at <= instant}
