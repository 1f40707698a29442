"""A snapshot computed with plain Python, row by row: slow, obvious, and independent of the SQL."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

Pair = tuple[str, str]


@dataclass
class NaiveView:
    """One view, for a pipeline of users whose home comes from events and places with a column."""

    homes: dict[str, str] = field(default_factory=dict)
    edges: dict[str, dict[Pair, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    roles: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    active: set[str] = field(default_factory=set)
    pairs: set[Pair] = field(default_factory=set)


def naive_view(
    tables: dict[str, pd.DataFrame], instant: datetime, window_days: int, active_days: int
) -> NaiveView:
    """Builds the view of an instant from users (user, since), places (place, region, opened) and
    visits (user, place, at)."""
    view = NaiveView()
    place_region = {
        row.place: row.region for row in tables["places"].itertuples() if row.opened <= instant
    }
    users = {row.user for row in tables["users"].itertuples() if row.since <= instant}
    events = [
        (row.user, row.place, row.at.to_pydatetime())
        for row in tables["visits"].itertuples()
        if instant - timedelta(days=window_days) <= row.at < instant
    ]
    view.homes = {**place_region, **_user_homes(events, users, place_region)}
    for user, place, at in events:
        if user not in users or place not in place_region:
            continue
        view.pairs.add((user, place))
        ends = view.homes[user], view.homes[place]
        for region in set(ends):
            edge = view.edges[region].setdefault(
                (user, place),
                {"num_events": 0, "last_event_time": at, "crosses": ends[0] != ends[1]},
            )
            edge["num_events"] += 1
            edge["last_event_time"] = max(edge["last_event_time"], at)
            for node in (user, place):
                view.roles[region].setdefault(
                    node, "home" if view.homes[node] == region else "halo"
                )
    for node, region in view.homes.items():
        view.roles[region][node] = "home"
    last = {}
    for user, place, at in events:
        for node in (user, place):
            last[node] = max(last.get(node, at), at)
    view.active = {
        node for node, at in last.items() if at >= instant - timedelta(days=active_days)
    }
    return view


def _user_homes(
    events: list[tuple[str, str, datetime]], users: set[str], place_region: dict[str, str]
) -> dict[str, str]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    latest: dict[Pair, datetime] = {}
    for user, place, at in events:
        if user in users and place in place_region:
            region = place_region[place]
            counts[user][region] += 1
            latest[user, region] = max(latest.get((user, region), at), at)
    return {
        user: min(regions, key=lambda r: (-regions[r], -latest[user, r].timestamp(), r))
        for user, regions in counts.items()
    }
