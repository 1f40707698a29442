"""What a ranker sees of a query and a candidate together: one registry, one function.

Fitting, judging and serving all call ``pair_features``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphrec_core.axes.pairs import distinct
from graphrec_core.axes.places import haversine_km
from graphrec_core.axes.rows import vector_matrix
from graphrec_core.retrieval.node_features import NodeFeatures
from graphrec_core.retrieval.proposals import Proposals
from graphrec_core.retrieval.relations import cells_at, dots, products

if TYPE_CHECKING:
    from scipy.sparse import csr_array

OF_SOURCES = ("rank", "score")
"""What is known of a pair by each source."""
MERGE_OFFSET = 60
"""Of reciprocal rank fusion, which is a feature itself (Cormack et al., SIGIR 2009)."""
AT_A_TIME = 2**14
"""Pairs whose distances are held at once: 16 float64 a pair, several times over."""


@dataclass(frozen=True)
class Proposed:
    """The pairs that the sources propose to a block of queries, by query and candidate, each once.

    Attributes:
        places: int64 [P]; positions within the block.
        candidates: int64 [P]; candidate rows.
        ranks: float32 [P, S]; from 1, NaN where a source does not propose it.
        scores: float32 [P, S]; NaN there.
    """

    places: np.ndarray
    candidates: np.ndarray
    ranks: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, proposals: Sequence[Proposals]) -> "Proposed":
        """Gathers what S sources proposed to the same block."""
        found = [np.nonzero(rows >= 0) for rows, _ in proposals]
        rows = [rows[at] for (rows, _), at in zip(proposals, found, strict=True)]
        width = max((int(one.max(initial=0)) for one in rows), default=0) + 1
        keys = [at[0] * width + one for at, one in zip(found, rows, strict=True)]
        every = distinct(np.concatenate(keys))
        ranks = np.full((len(every), len(proposals)), np.nan, dtype=np.float32)
        scores = ranks.copy()
        for source, (key, at) in enumerate(zip(keys, found, strict=True)):
            pair = np.searchsorted(every, key)
            ranks[pair, source] = at[1] + 1
            scores[pair, source] = proposals[source][1][at]
        return cls(every // width, every % width, ranks, scores)

    @property
    def proposed_by(self) -> np.ndarray:
        """Which sources propose each pair, bool [P, S]."""
        return ~np.isnan(self.ranks)


@dataclass(frozen=True)
class _Pairs:
    """Some proposed pairs with what is known of their ends."""

    ranks: np.ndarray
    candidate_rows: np.ndarray
    query_rows: np.ndarray
    nodes: NodeFeatures

    def query(self, column: str) -> np.ndarray:
        return self.nodes.queries[column].to_numpy()[self.query_rows]

    def candidate(self, column: str) -> np.ndarray:
        return self.nodes.candidates[column].to_numpy()[self.candidate_rows]

    @cached_property
    def distances_km(self) -> np.ndarray:
        """From each of the query's places to the candidate, float [P, NUM_PLACES]; NaN: none."""
        block, inverse = np.unique(self.query_rows, return_inverse=True)
        places = [
            vector_matrix(self.nodes.queries[name].take(pa.array(block)))[inverse]
            for name in ("latitudes", "longitudes")
        ]
        here = (self.candidate(name)[:, None] for name in ("latitude", "longitude"))
        return haversine_km(*places, *here)

    @property
    def attribute_share(self) -> np.ndarray:
        """Averaged over the candidate's attributes; NaN: it has none."""
        own = self.nodes.attributes
        total = dots(self.nodes.attribute_shares, own, self.query_rows, self.candidate_rows)
        return _over(total, np.diff(own.indptr)[self.candidate_rows])

    def cells(self, matrix: "csr_array") -> np.ndarray:
        """Looks the pairs up; 0 where there is nothing."""
        return cells_at(matrix, self.query_rows, self.candidate_rows)


@dataclass(frozen=True)
class PairFeature:
    """One number about a pair.

    Attributes:
        name: As the ranker's files and the report have it; it ends unlike the columns of sources.
        meaning: What it is.
        unit: Of its values.
        of: Computes it: float [P], NaN where nothing is known.
    """

    name: str
    meaning: str
    unit: str
    of: Callable[[_Pairs], np.ndarray]


def _query(column: str, meaning: str, unit: str) -> PairFeature:
    return PairFeature(f"query_{column}", meaning, unit, lambda pairs: pairs.query(column))


def _candidate(column: str, meaning: str, unit: str) -> PairFeature:
    return PairFeature(f"candidate_{column}", meaning, unit, lambda pairs: pairs.candidate(column))


PAIR_FEATURES: tuple[PairFeature, ...] = (
    PairFeature(
        "reciprocal_ranks",
        "the sources' lists merged by reciprocal rank",
        "points",
        lambda pairs: np.nansum(1 / (MERGE_OFFSET + pairs.ranks), axis=1),
    ),
    _candidate("num_queries", "who met the candidate in the view's window", "queries"),
    _candidate("num_queries_month", "who met it in the last 28 days", "queries"),
    _candidate("num_queries_week", "who met it in the last 7 days", "queries"),
    _candidate(
        "new_queries_month", "who met it for the first time in the last 28 days", "queries"
    ),
    _candidate("new_queries_week", "who met it for the first time in the last 7 days", "queries"),
    _candidate("trend", "the last week against a usual week of the last four", "ratio"),
    _candidate("novelty", "the last 28 days against the view's window", "ratio"),
    _candidate("events_per_query", "how often it is met again", "events"),
    _candidate("days_since_event", "since it was last met", "days"),
    _query("num_candidates", "what the query met in the view's window", "candidates"),
    _query("num_candidates_month", "what it met in the last 28 days", "candidates"),
    _query("num_candidates_week", "what it met in the last 7 days", "candidates"),
    _query("new_candidates_month", "what it first met in the last 28 days", "candidates"),
    _query("new_candidates_week", "what it first met in the last 7 days", "candidates"),
    _query("events_per_candidate", "how often it returns", "events"),
    _query("days_since_event", "since it last met anything", "days"),
    PairFeature(
        "last_km",
        "from the place that the query met last",
        "km",
        lambda pairs: pairs.distances_km[:, 0],
    ),
    PairFeature(
        "nearest_km",
        "from the nearest of the places that it met last",
        "km",
        lambda pairs: np.fmin.reduce(pairs.distances_km, axis=1),
    ),
    PairFeature(
        "nearness",
        "exp(-km), averaged over the places that it met last",
        "share",
        lambda pairs: _mean(np.exp(-pairs.distances_km)),
    ),
    PairFeature(
        "attribute_share",
        "what the query met of the candidate's attributes, averaged over them",
        "share",
        lambda pairs: pairs.attribute_share,
    ),
    PairFeature(
        "incoming_events",
        "from the candidate to the query, where both are of one type",
        "events",
        lambda pairs: pairs.cells(pairs.nodes.incoming_events),
    ),
    PairFeature(
        "incoming_days",
        "since the last event from the candidate to the query",
        "days",
        lambda pairs: _nan_for_none(pairs.cells(pairs.nodes.incoming_days)),
    ),
    PairFeature(
        "neighbours_met",
        "neighbours of the query who met the candidate",
        "neighbours",
        lambda pairs: products(
            pairs.nodes.neighbours,
            pairs.nodes.met_by_neighbour,
            pairs.query_rows,
            pairs.candidate_rows,
        ),
    ),
    PairFeature(
        "other_events",
        "of the query and the candidate along other edges",
        "events",
        lambda pairs: pairs.cells(pairs.nodes.other_events),
    ),
)
"""All that is fitted to. One that changes its meaning changes its name too."""


def feature_names(
    sources: Sequence[str], features: Sequence[PairFeature] = PAIR_FEATURES
) -> list[str]:
    """Names the columns of ``pair_features``, in order.

    Args:
        sources: Names of the recommender's sources, in order.
        features: What is known beside them.
    """
    of_sources = [f"{source}_{what}" for what in OF_SOURCES for source in sources]
    return [*of_sources, *(feature.name for feature in features)]


def pair_features(
    proposed: Proposed,
    query_rows: np.ndarray,
    nodes: NodeFeatures,
    features: Sequence[PairFeature] = PAIR_FEATURES,
) -> np.ndarray:
    """Computes features of proposed pairs, float32 [P, F] as ``feature_names`` has them.

    Args:
        proposed: What the sources propose to the block.
        query_rows: int64 [B]; the block's queries.
        nodes: What is known of queries and candidates apart.
        features: What is computed beside each source's rank and score.
    """
    rows = query_rows[proposed.places]
    columns = np.empty((len(rows), len(features)), dtype=np.float32)
    for start in range(0, len(rows), AT_A_TIME):
        part = slice(start, start + AT_A_TIME)
        pairs = _Pairs(proposed.ranks[part], proposed.candidates[part], rows[part], nodes)
        for place, feature in enumerate(features):
            columns[part, place] = feature.of(pairs)
    return np.column_stack([proposed.ranks, proposed.scores, columns])


def _mean(values: np.ndarray) -> np.ndarray:
    """Averages rows over what is known, float [P]; NaN where nothing is."""
    return _over(np.nansum(values, axis=1), (~np.isnan(values)).sum(axis=1))


def _over(total: np.ndarray, num: np.ndarray) -> np.ndarray:
    return np.where(num > 0, total, np.nan) / np.maximum(num, 1)


def _nan_for_none(days: np.ndarray) -> np.ndarray:
    """Days are never 0: all that is known happened before the view's instant."""
    return np.where(days > 0, days, np.nan)
