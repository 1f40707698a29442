"""One view in plain Python, node by node and edge by edge."""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.contract.history_source import FEATURES
from tests.contract.naive_rows import (
    EARLIEST,
    ENDS,
    Accepted,
    events_in,
    moods_at,
    nodes_at,
)
from tests.support.histories import EventRow, FeatureRow, NodeRow, Settings

Pair = tuple[str, str]
DAY = timedelta(days=1)


@dataclass
class NaiveView:
    """One view.

    Attributes:
        instant: The view's instant.
        existing: Node type -> node -> its true version.
        moods: User -> its effective features.
        homes: Node type -> node -> home region.
        pairs: Edge type -> (src, dst) -> edge.
        edges: Edge type -> region -> (src, dst) -> edge.
        nodes: Node type -> region -> node -> row.
    """

    instant: datetime
    existing: dict[str, dict[str, NodeRow]]
    moods: dict[str, FeatureRow]
    homes: dict[str, dict[str, str | None]]
    pairs: dict[str, dict[Pair, dict[str, Any]]]
    edges: dict[str, dict[str, dict[Pair, dict[str, Any]]]] = field(default_factory=dict)
    nodes: dict[str, dict[str, dict[str, dict[str, Any]]]] = field(default_factory=dict)


def naive_view(accepted: Accepted, settings: Settings, instant: datetime) -> NaiveView:
    """Builds homes and pairs of the view of an instant."""
    existing = {ntype: nodes_at(accepted, settings, ntype, instant) for ntype in accepted.nodes}
    start = instant - settings.window_days * DAY
    pairs: dict[str, dict[Pair, dict[str, Any]]] = {}
    for etype, (src, dst) in ENDS.items():
        grouped: dict[Pair, list[EventRow]] = defaultdict(list)
        for row in events_in(accepted, settings, etype, start, instant):
            is_there = row.src in existing[src] and row.dst in existing[dst]
            if is_there and _is_fresh(row, settings, instant):
                grouped[row.src, row.dst].append(row)
        pairs[etype] = {
            pair: _edge(pair, rows, settings, etype, instant) for pair, rows in grouped.items()
        }
    moods = moods_at(accepted, settings, instant)
    return NaiveView(instant, existing, moods, _homes(existing, pairs, settings), pairs)


def _is_fresh(row: EventRow, settings: Settings, instant: datetime) -> bool:
    if settings.freshness is None:
        return True
    days, drop_frac = settings.freshness
    bucket = (instant - row.time) // (days * DAY)
    micros = (row.time - EARLIEST) // timedelta(microseconds=1)
    text = hashlib.md5(f"{row.src} {row.dst} {micros}".encode()).hexdigest()
    return int(text[:8], 16) < round((1 - drop_frac) ** bucket * 16**8)


def _edge(
    pair: Pair, rows: list[EventRow], settings: Settings, etype: str, instant: datetime
) -> dict[str, Any]:
    def recency(row: EventRow) -> float:
        if not settings.half_life_days:
            return 1.0
        exact = 0.5 ** ((instant - row.time) / DAY / settings.half_life_days)
        return max(math.floor(exact * 1e9 + 0.5), 1) / 1e9  # in nine places, and never nothing

    how = settings.weight if etype == "visited" else "sum"
    weights = [row.weight * recency(row) for row in rows]
    weight = max(weights) if how == "max" else math.fsum(weights)
    if how == "mean":
        weight /= math.fsum(map(recency, rows))
    if how in ("first", "last"):
        weight = _dated(rows, weights, how)
    return {
        **(_features(rows) if etype == "visited" else {}),
        "src": pair[0],
        "dst": pair[1],
        "weight": weight,
        "num_events": len(rows),
        "first_event_time": min(row.time for row in rows),
        "last_event_time": max(row.time for row in rows),
        "last_known_at": max(row.known_at for row in rows),
    }


def _dated(rows: list[EventRow], values: list[float], how: str) -> float:
    """The value of the first or the last event; ties by when it was known, then by the value."""
    pairs = zip(rows, values, strict=True)
    dated = sorted((row.time, row.known_at, value) for row, value in pairs)
    return dated[0 if how == "first" else -1][2]


def _features(rows: list[EventRow]) -> dict[str, float | None]:
    found: dict[str, float | None] = dict.fromkeys(FEATURES)
    for name, how in FEATURES.items():
        column = name.rpartition("_")[0]
        known = [(row, _number(getattr(row, column))) for row in rows]
        known = [(row, value) for row, value in known if value is not None]
        if not known:
            continue
        values = [value for _, value in known]
        total = math.fsum(values)
        found[name] = {
            "sum": total,
            "mean": total / len(values),
            "max": max(values),
            "first": _dated([row for row, _ in known], values, "first"),
            "last": _dated([row for row, _ in known], values, "last"),
        }[how]
    return found


def _number(value: float | bool | None) -> float | None:  # noqa: FBT001
    is_known = value is not None and math.isfinite(value) and abs(value) < 1e15
    return float(value) if is_known else None


def _homes(
    existing: Mapping[str, Mapping[str, NodeRow]],
    pairs: Mapping[str, Mapping[Pair, dict[str, Any]]],
    settings: Settings,
) -> dict[str, dict[str, str | None]]:
    rules = {"user": settings.user_home, "place": settings.place_home}
    new_names = dict(settings.merge)
    homes: dict[str, dict[str, str | None]] = {}
    for ntype, nodes in existing.items():
        homes[ntype] = dict.fromkeys(nodes)
        if rules[ntype] == "column":
            homes[ntype] = {name: new_names.get(n.region, n.region) for name, n in nodes.items()}
    for ntype, rule in rules.items():
        if rule == "from_events":
            seen = _seen_regions(ntype, homes, rules, pairs)
            homes[ntype] |= {name: _favourite(regions) for name, regions in seen.items()}
    return homes


def _seen_regions(
    ntype: str,
    homes: Mapping[str, Mapping[str, str | None]],
    rules: Mapping[str, str],
    pairs: Mapping[str, Mapping[Pair, dict[str, Any]]],
) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Node -> (region of the other end, edge), for other ends that have a region of their own."""
    seen: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for etype, (src, dst) in ENDS.items():
        for ends, edge in pairs[etype].items():
            for own, other, name, far in ((src, dst, *ends), (dst, src, *reversed(ends))):
                if own == ntype and rules[other] == "column":
                    seen[name].append((homes[other][far], edge))
    return seen


def _favourite(seen: list[tuple[str, dict[str, Any]]]) -> str:
    """Most events, then the latest event, then the first name."""
    num: Counter[str] = Counter()
    latest: dict[str, datetime] = {}
    for region, edge in seen:
        num[region] += edge["num_events"]
        latest[region] = max(latest.get(region, EARLIEST), edge["last_event_time"])
    return min(num, key=lambda name: (-num[name], -latest[name].timestamp(), name))


def tiny_regions(train: NaiveView, settings: Settings) -> dict[str, str]:
    """Regions with too few users -> the one that takes them."""
    if not settings.tiny_below:
        return {}
    sizes = Counter(train.homes["user"].values())
    names = {home for homes in train.homes.values() for home in homes.values() if home is not None}
    tiny = sorted(name for name in names if sizes[name] < settings.tiny_below and name != "rest")
    return dict.fromkeys(tiny, "rest")


def rename(view: NaiveView, names: Mapping[str, str]) -> None:
    """Gives homes their new names."""
    for homes in view.homes.values():
        homes.update({node: names.get(home, home) for node, home in homes.items()})


def place_edges(view: NaiveView, settings: Settings) -> None:
    """Puts every pair into the regions of its ends."""
    for etype, (src, dst) in ENDS.items():
        placed = view.edges[etype] = defaultdict(dict)
        for ends, edge in view.pairs[etype].items():
            regions = {view.homes[src][ends[0]], view.homes[dst][ends[1]]} - {None}
            crosses = len(regions) == 2
            if crosses and settings.border == "drop":
                continue
            for region in regions:
                placed[region][ends] = {**edge, "crosses_border": crosses}


def left_out(view: NaiveView, settings: Settings) -> dict[str, Any]:
    """Counts what is in no region: homeless nodes and edges, and edges dropped at borders."""
    rules = {"user": settings.user_home, "place": settings.place_home}
    homes = {ntype: list(view.homes[ntype].values()) for ntype in rules}
    num_homeless: Counter[str] = Counter()
    dropped: dict[str, Counter[str]] = {etype: Counter() for etype in ENDS}
    for etype, (src, dst) in ENDS.items():
        for ends in view.pairs[etype]:
            regions = {view.homes[src][ends[0]], view.homes[dst][ends[1]]} - {None}
            num_homeless[etype] += not regions
            if len(regions) == 2 and settings.border == "drop":
                dropped[etype].update(regions)
    return {
        "num_nodes": {ntype: len(found) for ntype, found in homes.items()},
        "num_homeless_nodes": {
            ntype: found.count(None)
            for ntype, found in homes.items()
            if rules[ntype] != "everywhere"
        },
        "num_homeless_edges": {etype: num_homeless[etype] for etype in ENDS},
        "num_dropped_edges": {etype: dict(found) for etype, found in dropped.items()},
    }


def place_nodes(view: NaiveView, settings: Settings) -> None:
    """Finds the nodes of every region, after its edges."""
    rules = {"user": settings.user_home, "place": settings.place_home}
    for ntype in rules:
        placed = view.nodes[ntype] = defaultdict(dict)
        for region, name in _members(view, ntype):
            home, activity = view.homes[ntype][name], _activity(view, ntype, name)
            last = activity["last_event_time"]
            is_active = last is not None and last >= view.instant - settings.active_days * DAY
            role = "home" if home == region else "halo"
            role = "member" if rules[ntype] == "everywhere" else role
            row = view.existing[ntype][name]
            placed[region][name] = {
                "node_id": name,
                "home_region": home,
                "role": role,
                **activity,
                "is_active": is_active,
                "is_candidate": ntype == "place" and is_active and role != "halo",
                "valid_from": row.valid_from,
                "known_at": row.known_at,
                "size": row.size,
                **_mood(view.moods.get(name) if ntype == "user" else None, ntype),
            }


def _mood(row: FeatureRow | None, ntype: str) -> dict[str, Any]:
    found: dict[str, Any] = {"mood": row and row.mood} if ntype == "user" else {}
    found["features_effective_at"] = row and row.effective_at
    found["features_known_at"] = row and row.known_at
    return found


def _members(view: NaiveView, ntype: str) -> set[tuple[str, str]]:
    """(region, node): home nodes, and both ends of every edge of a region."""
    homes = view.homes[ntype].items()
    found = {(home, name) for name, home in homes if home is not None}
    for etype, ntypes in ENDS.items():
        for region, edges in view.edges[etype].items():
            for ends in edges:
                for own, name in zip(ntypes, ends, strict=True):
                    if own == ntype:
                        found.add((region, name))
    return found


def _activity(view: NaiveView, ntype: str, name: str) -> dict[str, Any]:
    """Counts the events of a node's edges, in whichever graph; a loop counts at both ends."""
    num, last = 0, None
    for etype, ntypes in ENDS.items():
        edges = {
            pair: edge for found in view.edges[etype].values() for pair, edge in found.items()
        }
        for ends, edge in edges.items():
            for own, end in zip(ntypes, ends, strict=True):
                if own == ntype and end == name:
                    num += edge["num_events"]
                    last = max(last or edge["last_event_time"], edge["last_event_time"])
    return {"num_events": num, "last_event_time": last}
