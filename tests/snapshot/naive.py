"""The market's views in plain Python: its tables as a history, and what the tests ask of them."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from tests.contract import naive_view as reference
from tests.contract.naive_rows import accept
from tests.support.histories import EventRow, History, NodeRow, Settings

Pair = reference.Pair


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
    settings = Settings(instant, window_days, active_days=active_days)
    built = reference.naive_view(accept(_history(tables), settings), settings, instant)
    reference.place_edges(built, settings)
    reference.place_nodes(built, settings)
    view = NaiveView(pairs=set(built.pairs["visited"]))
    for homes in built.homes.values():
        view.homes |= {node: home for node, home in homes.items() if home is not None}
    for region, edges in built.edges["visited"].items():
        for pair, edge in edges.items():
            view.edges[region][pair] = {
                "num_events": edge["num_events"],
                "first_event_time": edge["first_event_time"],
                "last_event_time": edge["last_event_time"],
                "crosses": edge["crosses_border"],
            }
    for regions in built.nodes.values():
        for region, nodes in regions.items():
            view.roles[region] |= {name: row["role"] for name, row in nodes.items()}
            view.active |= {name for name, row in nodes.items() if row["is_active"]}
    return view


def _history(tables: dict[str, pd.DataFrame]) -> History:
    users = [_node(row.user, row.since, None) for row in tables["users"].itertuples()]
    places = [_node(row.place, row.opened, row.region) for row in tables["places"].itertuples()]
    visits = [
        EventRow(row.user, row.place, row.at.to_pydatetime(), None, None, False, None)
        for row in tables["visits"].itertuples()
    ]
    return History(tuple(users), tuple(places), tuple(visits), (), ())


def _node(name: str, since: pd.Timestamp, region: str | None) -> NodeRow:
    return NodeRow(name, since.to_pydatetime(), None, None, False, region, None)
