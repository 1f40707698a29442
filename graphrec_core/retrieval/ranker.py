"""Merging the lists of several sources into one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from graphrec_core.errors import LakeError
from graphrec_core.retrieval.proposals import Proposals, nothing


@dataclass(frozen=True)
class Merged:
    """Ranked candidates of a block of queries, and who proposed them.

    Attributes:
        rows: int64 [B, k]; candidate rows, best first, -1 at the end where there are fewer.
        scores: float32 [B, k], -inf there.
        proposed_by: bool [B, k, S]; which sources proposed each candidate.
    """

    rows: np.ndarray
    scores: np.ndarray
    proposed_by: np.ndarray


class Ranker(Protocol):
    """Orders what several sources propose."""

    def merge(self, query_rows: np.ndarray, proposals: Sequence[Proposals], k: int) -> Merged:
        """Merges lists of the same queries.

        Args:
            query_rows: int64 [B].
            proposals: Per source, as its search found them; at least one.
            k: Candidates per query, > 0.
        """
        ...


@dataclass(frozen=True)
class ReciprocalRank:
    """Reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009).

    ``score(c) = sum over the sources that propose c of 1 / (offset + rank of c there)``, ranks
    from 1. Equal scores rank by candidate row. The order of the sources does not matter.

    Attributes:
        offset: How little the first ranks count more than the next; >= 0.
    """

    offset: int = 60

    def merge(self, query_rows: np.ndarray, proposals: Sequence[Proposals], k: int) -> Merged:
        """See ``Ranker``; asks nothing about the queries."""
        queries, candidates, points, sources = self._entries([rows for rows, _ in proposals])
        width = candidates.max(initial=0) + 1
        keys, inverse = np.unique(queries * width + candidates, return_inverse=True)
        totals = np.bincount(inverse, weights=points, minlength=len(keys))
        is_from = np.zeros((len(keys), len(proposals)), dtype=bool)
        is_from[inverse, sources] = True
        return best_of_each(len(query_rows), k, keys // width, keys % width, totals, is_from)

    def _entries(self, lists: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """Lists query, candidate, points and source of every place, last ranks first.

        So a candidate's points are added up in the order of their size: sums of equal points are
        equal, whichever source gave which.
        """
        found = [np.nonzero(rows >= 0) for rows in lists]
        queries, places = (np.concatenate([one[axis] for one in found]) for axis in (0, 1))
        candidates = np.concatenate([rows[rows >= 0] for rows in lists])
        sources = np.repeat(np.arange(len(lists)), [len(one[0]) for one in found])
        order = np.argsort(-places, kind="stable")
        points = 1 / (self.offset + places + 1)
        return queries[order], candidates[order], points[order], sources[order]


def build_ranker(settings: Mapping[str, Any]) -> Ranker:
    """Makes the ranker that the configuration or a shard names.

    Args:
        settings: ``recommender.ranker``, as JSON values.

    Raises:
        LakeError: There is no such ranker.
    """
    if settings["model"] != "reciprocal_rank":
        raise LakeError(
            must="A ranker must be one that this version knows: reciprocal_rank.",
            found=repr(settings["model"]),
            fix="Use the version that wrote it, or build the shard again.",
        )
    return ReciprocalRank(settings["offset"])


def own_order(found: Proposals, k: int) -> Merged:
    """Keeps the order and the scores of the only source; more places than it filled stay free."""
    rows, scores = nothing(len(found[0]), k)
    rows[:, : found[0].shape[1]], scores[:, : found[1].shape[1]] = found
    return Merged(rows, scores, (rows >= 0)[:, :, None])


def best_of_each(
    num_queries: int,
    k: int,
    queries: np.ndarray,
    candidates: np.ndarray,
    totals: np.ndarray,
    is_from: np.ndarray,
) -> Merged:
    """Keeps the best k of each query; equal totals rank by candidate row.

    Args:
        num_queries: B.
        k: Candidates per query, > 0.
        queries: int64 [P]; positions within the block; entries stand by query and candidate,
            each once.
        candidates: int64 [P].
        totals: float [P].
        is_from: bool [P, S]; which sources propose each.
    """
    order = np.lexsort((-totals, queries))  # stable: then by candidate
    counts = np.bincount(queries, minlength=num_queries)
    places = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    best, place = order[places < k], places[places < k]
    query = queries[best]
    rows, scores = nothing(num_queries, k)
    rows[query, place], scores[query, place] = candidates[best], totals[best]
    proposed_by = np.zeros((num_queries, k, is_from.shape[1]), dtype=bool)
    proposed_by[query, place] = is_from[best]
    return Merged(rows, scores, proposed_by)
