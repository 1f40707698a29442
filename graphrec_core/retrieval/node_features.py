"""What a ranker knows of queries and of candidates apart: columns computed once per view.

They are made by one function for fitting, judging and serving, from the pairs and nodes of the
view alone, and stored in the shard: nothing in them is younger than the view's instant.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa

from graphrec_core.axes.latest import latest
from graphrec_core.axes.places import COORDINATES, coordinates
from graphrec_core.axes.rows import rows_of
from graphrec_core.errors import LeakageError

FEATURE_PAIRS: Final = ["src", "dst", "num_events", "last_event_time"]
"""What is read of a view's edges of the task."""
FEATURE_NODES: Final = ["node_id", "latitude", "longitude"]
"""What is read of a view's candidate nodes."""
NUM_PLACES = 16
"""Places of a query that distances are measured to: those it met last."""
WEEK_DAYS, MONTH_DAYS = 7, 28
PRIOR_QUERIES = 10
"""Queries that a candidate is taken to have had before any, where its novelty is concerned."""
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class NodeFeatures:
    """Columns along the axes of queries and candidates; float32, NaN where nothing is known.

    Attributes:
        queries: num_candidates, num_candidates_month, num_candidates_week, events_per_candidate,
            days_since_event; and latitudes, longitudes: lists of ``NUM_PLACES``, latest first,
            NaN at the end.
        candidates: num_queries, num_queries_month, num_queries_week, trend, novelty,
            events_per_query, days_since_event, latitude, longitude.
    """

    queries: pa.Table
    candidates: pa.Table


@dataclass(frozen=True)
class _Met:
    """The pairs of one axis: row, events, days before the view's instant."""

    rows: np.ndarray
    events: np.ndarray
    days: np.ndarray
    size: int

    def count(self, days: float = np.inf) -> np.ndarray:
        """Counts the partners met in the last days, float64 [size]."""
        recent = self.rows[self.days <= days]
        return np.bincount(recent, minlength=self.size).astype(np.float64)

    def events_each(self) -> np.ndarray:
        """Returns the events per partner; NaN without any."""
        total = np.bincount(self.rows, weights=self.events, minlength=self.size)
        return np.where(self.count() > 0, total, np.nan) / np.maximum(self.count(), 1)

    def days_since(self) -> np.ndarray:
        """Returns the days since the last event; NaN without any."""
        least = np.full(self.size, np.inf)
        np.minimum.at(least, self.rows, self.days)
        return np.where(np.isinf(least), np.nan, least)


def node_features(
    pairs: pa.Table, nodes: pa.Table, query_ids: pa.Array, candidate_ids: pa.Array, end: datetime
) -> NodeFeatures:
    """Computes the columns of both axes from one view.

    Args:
        pairs: The view's pairs of the task: ``FEATURE_PAIRS``.
        nodes: The view's nodes of the candidates' type: ``FEATURE_NODES``.
        query_ids: The axis of queries.
        candidate_ids: The axis of candidates.
        end: The view's instant.

    Raises:
        LeakageError: A pair's last event is not before the instant.
    """
    end_us = pa.scalar(end, pa.timestamp("us", tz="UTC")).value
    since_us = end_us - pairs["last_event_time"].cast(pa.int64()).to_numpy()
    _refuse_later(since_us, end)
    days, events = since_us / DAY_US, pairs["num_events"].to_numpy().astype(np.float64)
    sources, targets = rows_of(pairs["src"], query_ids), rows_of(pairs["dst"], candidate_ids)
    of_query, of_candidate = sources >= 0, targets >= 0
    queries = _Met(sources[of_query], events[of_query], days[of_query], len(query_ids))
    candidates = _Met(
        targets[of_candidate], events[of_candidate], days[of_candidate], len(candidate_ids)
    )
    met = pairs["dst"].filter(pa.array(of_query))
    return NodeFeatures(
        pa.table({**_query_columns(queries), **_places(queries, met, nodes)}),
        pa.table({**_candidate_columns(candidates), **_coordinates(nodes, candidate_ids)}),
    )


def _refuse_later(since_us: np.ndarray, end: datetime) -> None:
    if late := int((since_us <= 0).sum()):
        raise LeakageError(
            must=f"What a ranker knows must have happened before {end.isoformat()}.",
            found=f"{late} of {len(since_us)} pairs have an event then or later",
            fix="Build the snapshot again; its audit names the rows.",
        )


def _query_columns(met: _Met) -> dict[str, pa.Array]:
    return {
        "num_candidates": _column(met.count()),
        "num_candidates_month": _column(met.count(MONTH_DAYS)),
        "num_candidates_week": _column(met.count(WEEK_DAYS)),
        "events_per_candidate": _column(met.events_each()),
        "days_since_event": _column(met.days_since()),
    }


def _candidate_columns(met: _Met) -> dict[str, pa.Array]:
    week, month, every = met.count(WEEK_DAYS), met.count(MONTH_DAYS), met.count()
    weeks = MONTH_DAYS / WEEK_DAYS
    return {
        "num_queries": _column(every),
        "num_queries_month": _column(month),
        "num_queries_week": _column(week),
        # Smoothed, so that a first visit is no boom.
        "trend": _column((week + 1) / (month / weeks + 1)),
        "novelty": _column((month + 1) / (every + PRIOR_QUERIES)),
        "events_per_query": _column(met.events_each()),
        "days_since_event": _column(met.days_since()),
    }


def _coordinates(nodes: pa.Table, ids: pa.Array | pa.ChunkedArray) -> dict[str, pa.Array]:
    """Looks up the coordinates of nodes; NaN where there are none."""
    where = coordinates(nodes, ids)
    return {name: _column(where[:, place]) for place, name in enumerate(COORDINATES)}


def _places(met: _Met, met_ids: pa.ChunkedArray, nodes: pa.Table) -> dict[str, pa.Array]:
    """Lists the places of each query, latest first."""
    where = coordinates(nodes, met_ids)
    known = np.flatnonzero(~np.isnan(where[:, 0]))
    latitudes, longitudes = where[known].T
    ties = longitudes, latitudes
    found_at, place = latest(met.rows[known], met.days[known], ties, NUM_PLACES)
    found = {}
    for name, values in (("latitudes", latitudes), ("longitudes", longitudes)):
        lists = np.full((met.size, NUM_PLACES), np.nan, dtype=np.float32)
        lists[met.rows[known][found_at], place] = values[found_at]
        flat = pa.array(lists.reshape(-1), pa.float32())
        found[name] = pa.FixedSizeListArray.from_arrays(flat, NUM_PLACES)
    return found


def _column(values: np.ndarray) -> pa.Array:
    return pa.array(values, pa.float32())
