"""A snapshot computed with plain Python, row by row: slow, obvious, and independent of the SQL."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphrec_core.types import View
from tests.contract.naive_rows import ENDS, accept, events_in
from tests.contract.naive_view import (
    DAY,
    NaiveView,
    Pair,
    left_out,
    naive_view,
    place_edges,
    place_nodes,
    rename,
    tiny_regions,
)
from tests.support.histories import EventRow, History, Settings

Rows = dict[tuple[str, str], list[dict[str, Any]]]
"""(table, region) -> the rows of its file."""


class NoEventsError(Exception):
    """A view or the holdout has no event, or no region has all it needs."""


@dataclass(frozen=True)
class NaiveSnapshot:
    """Rows of every file, those of skipped regions too, and the counts of the manifest."""

    rows: Rows
    stats: dict[str, Any]


def naive_snapshot(history: History, settings: Settings) -> NaiveSnapshot:
    """Builds a whole snapshot.

    Raises:
        NoEventsError: A view or the holdout has no event of the task, or no region is whole.
    """
    accepted = accept(history, settings)
    cut = settings.as_of - settings.horizon_days * DAY
    fit_cut = cut - settings.horizon_days * DAY
    train = naive_view(accepted, settings, cut)
    merged = tiny_regions(train, settings)
    rename(train, merged)
    fit = naive_view(accepted, settings, fit_cut)
    serve = naive_view(accepted, settings, settings.as_of)
    names = {home for homes in train.homes.values() for home in homes.values()}
    for view in (fit, serve):
        tiny = tiny_regions(view, settings)
        decided = {old: new for old, new in tiny.items() if old not in names} | merged
        rename(view, decided)
    merged = decided
    rows: Rows = {}
    views = {View.FIT: fit, View.TRAIN: train, View.SERVE: serve}
    for view, built in views.items():
        place_edges(built, settings)
        place_nodes(built, settings)
        for etype, regions in built.edges.items():
            for region, edges in regions.items():
                rows[f"view={view}/edges/{etype}", region] = list(edges.values())
        for ntype, regions in built.nodes.items():
            for region, nodes in regions.items():
                rows[f"view={view}/nodes/{ntype}", region] = list(nodes.values())
    _add_holdout(rows, "fit_holdout", fit, events_in(accepted, settings, "visited", fit_cut, cut))
    events = events_in(accepted, settings, "visited", cut, settings.as_of)
    homeless = _add_holdout(rows, "holdout", train, events)
    stats = _count(rows, homeless)
    stats["merged_regions"] = merged
    stats["num_known_nodes"] = {
        ntype: len({row.node_id for row in known}) for ntype, known in accepted.nodes.items()
    }
    stats["left_out"] = {view: left_out(built, settings) for view, built in views.items()}
    return NaiveSnapshot(rows, stats)


def _add_holdout(
    rows: Rows, table: str, before: NaiveView, events_after: Iterable[EventRow]
) -> set[Pair]:
    """Adds the files of a view's holdout; returns the pairs of queries without a home in it."""
    grouped: dict[Pair, list[EventRow]] = defaultdict(list)
    for row in events_after:
        grouped[row.src, row.dst].append(row)
    homeless = set()
    for (query, candidate), events in grouped.items():
        region = before.homes["user"].get(query)
        if region is None:
            homeless.add((query, candidate))
            continue
        nodes = before.nodes["place"].get(region, {})
        rows.setdefault((table, region), []).append(
            {
                "query_id": query,
                "candidate_id": candidate,
                "num_events": len(events),
                "first_event_time": min(row.time for row in events),
                "last_event_time": max(row.time for row in events),
                "last_known_at": max(row.known_at for row in events),
                "is_seen": (query, candidate) in before.edges["visited"][region],
                "is_candidate": candidate in nodes and nodes[candidate]["is_candidate"],
            }
        )
    return homeless


def _count(rows: Rows, homeless: set[Pair]) -> dict[str, Any]:
    judged = ("view=train/nodes/", "view=serve/nodes/")
    names = sorted({region for table, region in rows if table.startswith(judged)})
    counts = {region: _count_region(rows, region) for region in names}
    for view in (View.TRAIN, View.SERVE):
        if not any(counts[region][view]["num_edges"]["visited"] for region in names):
            raise NoEventsError(view)
    if not homeless and not any(counts[region]["holdout"]["num_pairs"] for region in names):
        raise NoEventsError("holdout")
    reasons = {region: _why_empty(counts[region]) for region in names}
    if all(reasons.values()):
        raise NoEventsError("regions")
    return {
        "regions": {name: counts[name] for name in names if not reasons[name]},
        "empty_regions": {name: why for name, why in reasons.items() if why},
        "num_no_history": len({query for query, _ in homeless}),
    }


def _count_region(rows: Rows, region: str) -> dict[str, Any]:
    counts: dict[str, Any] = {}
    for view in View:
        nodes = {n: rows.get((f"view={view}/nodes/{n}", region), []) for n in ("user", "place")}
        edges = {e: rows.get((f"view={view}/edges/{e}", region), []) for e in ENDS}
        halo = {n: sum(row["role"] == "halo" for row in found) for n, found in nodes.items()}
        counts[view] = {
            "num_nodes": {n: len(found) for n, found in nodes.items()},
            "num_home_nodes": {n: len(found) - halo[n] for n, found in nodes.items()},
            "num_halo_nodes": halo,
            "num_edges": {e: len(found) for e, found in edges.items()},
            "num_halo_edges": {
                e: sum(row["crosses_border"] for row in found) for e, found in edges.items()
            },
            "num_candidates": sum(row["is_candidate"] for row in nodes["place"]),
        }
    for table in ("fit_holdout", "holdout"):
        pairs = rows.get((table, region), [])
        counts[table] = {
            "num_pairs": len(pairs),
            "num_queries": len({row["query_id"] for row in pairs}),
            "num_self": 0,
            "num_seen": sum(row["is_seen"] for row in pairs),
            "num_missing_coverage": sum(
                not (row["is_seen"] or row["is_candidate"]) for row in pairs
            ),
        }
    return counts


def _why_empty(counts: Mapping[str, Any]) -> str:
    for view in (View.TRAIN, View.SERVE):
        found = counts[view]
        if not found["num_edges"]["visited"]:
            return f"no visited edges in the {view} view"
        if not found["num_home_nodes"]["user"]:
            return f"no user has its home here in the {view} view"
        if not found["num_candidates"]:
            return f"no active place in the {view} view"
    return ""
