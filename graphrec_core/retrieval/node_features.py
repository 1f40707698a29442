"""What a ranker knows of queries and of candidates apart: columns computed once per view.

They are made by one function for fitting, judging and serving, from the pairs and nodes of the
view alone, and stored in the shard: nothing in them is younger than the view's instant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from graphrec_core.axes.cells import laid_along
from graphrec_core.axes.least import least
from graphrec_core.axes.places import COORDINATES, coordinates
from graphrec_core.axes.rows import rows_of
from graphrec_core.errors import LeakageError
from graphrec_core.retrieval.relations import (
    Links,
    as_columns,
    as_matrix,
    attribute_lists,
    neighbour_lists,
    width_of,
)
from graphrec_core.types import DAY_US

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FEATURE_PAIRS: Final = ["src", "dst", "num_events", "first_event_time", "last_event_time"]
"""What is read of a view's edges of the task."""
FEATURE_NODES: Final = ["node_id", "latitude", "longitude"]
"""What is read of a view's candidate nodes."""
NUM_PLACES = 16
"""Places of a query that distances are measured to: those it met last."""
WEEK_DAYS, MONTH_DAYS = 7, 28
PRIOR_QUERIES = 10
"""Queries that a candidate is taken to have had before any, where its novelty is concerned."""


@dataclass(frozen=True)
class NodeFeatures:
    """Columns along the axes of queries and candidates; float32, NaN where nothing is known.

    Attributes:
        queries: num_candidates, num_candidates_month, num_candidates_week, new_candidates_month,
            new_candidates_week, events_per_candidate, days_since_event; and latitudes,
            longitudes: lists of ``NUM_PLACES``, latest first, NaN at the end.
        candidates: num_queries, num_queries_month, num_queries_week, new_queries_month,
            new_queries_week, trend, novelty, events_per_query, days_since_event, latitude,
            longitude.

    Both have lists of numbers, too: ``attributes`` (a query's with ``attribute_shares``, of what
    it met), ``neighbours`` of a query and ``met_by``, those of them who met a candidate. A query's
    ``incoming`` and ``others`` are candidate rows, with ``incoming_events``, ``incoming_days``
    and ``other_events``.
    """

    queries: pa.Table
    candidates: pa.Table

    @cached_property
    def attribute_shares(self) -> "csr_array":
        """Shares of what a query met [Q, A]."""
        return as_matrix(self.queries, "attributes", "attribute_shares", self._num_attributes)

    @cached_property
    def attributes(self) -> "csr_array":
        """Which candidate has which [C, A]."""
        return as_matrix(self.candidates, "attributes", None, self._num_attributes)

    @property
    def _num_attributes(self) -> int:
        return width_of(self.queries["attributes"], self.candidates["attributes"])

    @cached_property
    def neighbours(self) -> "csr_array":
        """Which query has which neighbour [Q, N]."""
        return as_matrix(self.queries, "neighbours", None, self._num_neighbours)

    @cached_property
    def met_by_neighbour(self) -> "csr_array":
        """Which neighbour met which candidate [N, C]."""
        return as_matrix(self.candidates, "met_by", None, self._num_neighbours).T.tocsr()

    @property
    def _num_neighbours(self) -> int:
        return width_of(self.queries["neighbours"], self.candidates["met_by"])

    @cached_property
    def incoming_events(self) -> "csr_array":
        """Events from a candidate to a query [Q, C]."""
        return self._links("incoming", "incoming_events")

    @cached_property
    def incoming_days(self) -> "csr_array":
        """Days since the last of them [Q, C]."""
        return self._links("incoming", "incoming_days")

    @cached_property
    def other_events(self) -> "csr_array":
        """Events of both along other edges [Q, C]."""
        return self._links("others", "other_events")

    def _links(self, name: str, values: str) -> "csr_array":
        return as_matrix(self.queries, name, values, self.candidates.num_rows)


@dataclass(frozen=True)
class _Met:
    """The pairs of one axis: row, events, days from the last and the first to the instant."""

    rows: np.ndarray
    events: np.ndarray
    days: np.ndarray
    first_days: np.ndarray
    size: int

    def where(self, kept: np.ndarray) -> "_Met":
        """Leaves pairs out."""
        events, days, first_days = (one[kept] for one in (self.events, self.days, self.first_days))
        return _Met(self.rows[kept], events, days, first_days, self.size)

    def count(self, days: float = np.inf) -> np.ndarray:
        """Counts the partners met in the last days, float64 [size]."""
        recent = self.rows[self.days <= days]
        return np.bincount(recent, minlength=self.size).astype(np.float64)

    def count_new(self, days: float) -> np.ndarray:
        """Counts the partners first met in the last days, float64 [size]."""
        recent = self.rows[self.first_days <= days]
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
    pairs: pa.Table,
    nodes: pa.Table,
    query_ids: pa.Array,
    candidate_ids: pa.Array,
    end: datetime,
    attributes: Sequence[str] = (),
    links: Links | None = None,
) -> NodeFeatures:
    """Computes the columns of both axes from one view.

    Args:
        pairs: The view's pairs of the task: ``FEATURE_PAIRS``.
        nodes: The view's nodes of the candidates' type: ``FEATURE_NODES`` and the attributes.
        query_ids: The axis of queries.
        candidate_ids: The axis of candidates.
        end: The view's instant.
        attributes: Names of the candidates' feature columns.
        links: The view's other pairs; None: there are none.

    Raises:
        LeakageError: A pair's last event is not before the instant.
    """
    days, first_days = (_days(pairs[f"{one}_event_time"], end) for one in ("last", "first"))
    events = _events(pairs)
    sources, targets = rows_of(pairs["src"], query_ids), rows_of(pairs["dst"], candidate_ids)
    of_query, of_candidate = sources >= 0, targets >= 0
    every = _Met(sources, events, days, first_days, len(query_ids))
    queries = every.where(of_query)
    candidates = replace(every, rows=targets, size=len(candidate_ids)).where(of_candidate)
    met, axes = pairs["dst"].filter(pa.array(of_query)), (query_ids, candidate_ids)
    shares, own = attribute_lists(nodes, attributes, (queries.rows, met), axes)
    linked, by_whom = _link_columns(links or Links.none(), pairs, axes, end)
    of_queries = as_columns("attributes", shares, "attribute_shares") | linked
    return NodeFeatures(
        pa.table({**_query_columns(queries), **_places(queries, met, nodes), **of_queries}),
        pa.table(
            {
                **_candidate_columns(candidates),
                **_coordinates(nodes, candidate_ids),
                **as_columns("attributes", own),
                **by_whom,
            }
        ),
    )


def _link_columns(
    links: Links, pairs: pa.Table, axes: tuple[pa.Array, pa.Array], end: datetime
) -> tuple[dict[str, pa.Array], dict[str, pa.Array]]:
    """Makes the columns of queries and of candidates that pairs beside its own fill."""
    _days(links.between_queries["last_event_time"], end)
    _days(links.others["last_event_time"], end)
    incoming = pairs if links.is_among_peers else pairs.slice(0, 0)
    events, since = _events(incoming), _days(incoming["last_event_time"], end)
    back = [laid_along(incoming, ("dst", "src"), axes, values) for values in (events, since)]
    others = laid_along(links.others, ("src", "dst"), axes, _events(links.others))
    neighbours, by_whom = neighbour_lists(links, pairs, axes)
    columns = {
        **as_columns("incoming", back[0], "incoming_events"),
        **as_columns("incoming", back[1], "incoming_days"),
        **as_columns("others", others, "other_events"),
        **as_columns("neighbours", neighbours),
    }
    return columns, as_columns("met_by", by_whom)


def _events(pairs: pa.Table) -> np.ndarray:
    return np.asarray(pairs["num_events"].to_numpy(), dtype=np.float64)


def _days(times: pa.ChunkedArray, end: datetime) -> np.ndarray:
    """Returns the days from times to the instant; refuses what is not before it."""
    end_us = pa.scalar(end, pa.timestamp("us", tz="UTC")).value
    since_us = end_us - times.cast(pa.int64()).to_numpy()
    if late := int((since_us <= 0).sum()):
        raise LeakageError(
            must=f"What a ranker knows must have happened before {end.isoformat()}.",
            found=f"{late} of {len(since_us)} pairs have an event then or later",
            fix="Build the snapshot again; its audit names the rows.",
        )
    return since_us / DAY_US


def _query_columns(met: _Met) -> dict[str, pa.Array]:
    return {
        "num_candidates": _column(met.count()),
        "num_candidates_month": _column(met.count(MONTH_DAYS)),
        "num_candidates_week": _column(met.count(WEEK_DAYS)),
        "new_candidates_month": _column(met.count_new(MONTH_DAYS)),
        "new_candidates_week": _column(met.count_new(WEEK_DAYS)),
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
        "new_queries_month": _column(met.count_new(MONTH_DAYS)),
        "new_queries_week": _column(met.count_new(WEEK_DAYS)),
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
    found_at, place = least(met.rows[known], met.days[known], ties, NUM_PLACES)
    found = {}
    for name, values in (("latitudes", latitudes), ("longitudes", longitudes)):
        lists = np.full((met.size, NUM_PLACES), np.nan, dtype=np.float32)
        lists[met.rows[known][found_at], place] = values[found_at]
        flat = pa.array(lists.reshape(-1), pa.float32())
        found[name] = pa.FixedSizeListArray.from_arrays(flat, NUM_PLACES)
    return found


def _column(values: np.ndarray) -> pa.Array:
    return pa.array(values, pa.float32())
