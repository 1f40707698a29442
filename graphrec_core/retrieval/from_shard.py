"""Recommending from a shard, and the table of what was recommended."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.retrieval.ranker import ReciprocalRank
from graphrec_core.retrieval.recommend import POPULAR, Ranking, recommend
from graphrec_core.retrieval.shard import Shard
from graphrec_core.retrieval.sources import ListSource, Proposer

RECOMMENDATIONS = pa.schema(
    [
        ("query_id", pa.string()),
        ("region", pa.string()),
        ("rank", pa.int32()),
        ("candidate_id", pa.string()),
        ("score", pa.float32()),
        ("sources", pa.list_(pa.string())),
    ]
)


def recommend_from_shard(
    shard: Shard,
    serves: str,
    query_rows: np.ndarray,
    k: int,
    *,
    include_seen: bool = False,
    block_size: int = 512,
) -> Iterator[Ranking]:
    """Ranks candidates for query rows of a shard.

    Args:
        shard: The shard.
        serves: ``model``, or ``popular``: its popular list alone.
        query_rows: int64 [Q]; rows of the shard's query nodes.
        k: Candidates per query.
        include_seen: Keep candidates that the query node has seen.
        block_size: Queries ranked at a time.
    """
    seen = left_out(shard, include_seen=include_seen)
    proposers = _serving(shard, serves)
    return recommend(proposers, shard.ranker, shard.popular, seen, query_rows, k, block_size)


def left_out(shard: Shard, *, include_seen: bool = False) -> RowPairs:
    """Returns what a shard does not recommend: what was seen, or each query to itself alone."""
    return shard.seen if shard.exclude_seen and not include_seen else shard.themselves


def recommend_to_stranger(shard: Shard, serves: str, k: int) -> Ranking:
    """Ranks candidates for a query node that the shard does not know.

    By the sources that ask nothing about a query, merged by reciprocal rank, since a learned
    ranker asks about it; the popular list fills up.

    Args:
        shard: The shard of the region where the query node is.
        serves: ``model``, or ``popular``: its popular list alone.
        k: Candidates.

    Returns:
        A block of one query; its row is -1.
    """
    proposers = [one for one in _serving(shard, serves) if isinstance(one.source, ListSource)]
    nobody, nothing_seen = np.array([0]), RowPairs.none(1)
    ranker = shard.ranker if isinstance(shard.ranker, ReciprocalRank) else ReciprocalRank()
    ranking = next(recommend(proposers, ranker, shard.popular, nothing_seen, nobody, k))
    return replace(ranking, query_rows=np.array([-1]))


def _serving(shard: Shard, serves: str) -> Sequence[Proposer]:
    return shard.proposers if serves == "model" else ()


def sources_of(ranking: Ranking) -> pa.ListArray:
    """Names what proposed each candidate found, by query and rank: list<string>."""
    found = ranking.rows >= 0
    is_from = [ranking.proposed_by[found], ranking.is_popular[found][:, None]]
    place, source = np.nonzero(np.concatenate(is_from, axis=1))
    offsets = np.searchsorted(place, np.arange(found.sum() + 1))
    names = pa.array([*ranking.names, POPULAR], pa.string())
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), names.take(pa.array(source)))


def ranking_table(shard: Shard, ranking: Ranking) -> pa.Table:
    """Writes a ranking with original ids, by query and rank (schema ``RECOMMENDATIONS``)."""
    query, place = np.nonzero(ranking.rows >= 0)
    columns = {
        "query_id": shard.query_ids.take(pa.array(ranking.query_rows[query])),
        "region": pa.repeat(pa.scalar(str(shard.region)), len(query)),
        "rank": (place + 1).astype(np.int32),
        "candidate_id": shard.candidate_ids.take(pa.array(ranking.rows[query, place])),
        "score": ranking.scores[query, place],
        "sources": sources_of(ranking),
    }
    return pa.table(columns, schema=RECOMMENDATIONS)
