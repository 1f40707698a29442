"""Recommending from a shard, and the table of what was recommended."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.retrieval.recommend import PopularList, Ranking, recommend
from graphrec_core.retrieval.shard import Shard
from graphrec_core.retrieval.sources import IndexSource
from graphrec_core.types import Source

RECOMMENDATIONS = pa.schema(
    [
        ("query_id", pa.string()),
        ("region", pa.string()),
        ("rank", pa.int32()),
        ("candidate_id", pa.string()),
        ("score", pa.float32()),
        ("source", pa.string()),
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

    The start node's vector answers for query nodes without one, if there is a start node.

    Args:
        shard: The shard.
        serves: ``model``, or ``popular``: its popular list alone.
        query_rows: int64 [Q]; rows of the shard's query nodes.
        k: Candidates per query.
        include_seen: Keep candidates that the query node has seen.
        block_size: Queries ranked at a time.
    """
    source = None
    if serves == "model":
        source = IndexSource(shard.search, shard.search_vectors, len(shard.candidate_ids))
    leave_out = shard.exclude_seen and not include_seen
    seen = shard.seen if leave_out else shard.themselves
    popular = PopularList(shard.popular_rows, shard.popular_scores)
    return recommend(source, popular, seen, query_rows, k, block_size)


def recommend_to_stranger(shard: Shard, serves: str, k: int) -> Ranking:
    """Ranks candidates for a query node that the shard does not know.

    With the start node's vector, or from the popular list where there is no start node.

    Args:
        shard: The shard of the region where the query node is.
        serves: ``model``, or ``popular``: its popular list alone.
        k: Candidates.

    Returns:
        A block of one query; its row is the start node's, or -1.
    """
    if shard.start_row is not None:
        return next(recommend_from_shard(shard, serves, np.array([shard.start_row]), k))
    popular = PopularList(shard.popular_rows, shard.popular_scores)
    ranking = next(recommend(None, popular, RowPairs.none(1), np.array([0]), k))
    return replace(ranking, query_rows=np.array([-1]))


def sources_of(shard: Shard, ranking: Ranking) -> np.ndarray:
    """Says which part of the recommender proposed each candidate: str [B, k]."""
    started = (ranking.query_rows >= 0) & shard.is_started[ranking.query_rows]
    own = np.where(started, str(Source.START), str(Source.MODEL))
    return np.where(ranking.is_popular, str(Source.POPULAR), own[:, None])


def ranking_table(shard: Shard, ranking: Ranking) -> pa.Table:
    """Writes a ranking with original ids, by query and rank (schema ``RECOMMENDATIONS``)."""
    query, place = np.nonzero(ranking.rows >= 0)
    columns = {
        "query_id": shard.query_ids.take(pa.array(ranking.query_rows[query])),
        "region": pa.repeat(pa.scalar(str(shard.region)), len(query)),
        "rank": (place + 1).astype(np.int32),
        "candidate_id": shard.candidate_ids.take(pa.array(ranking.rows[query, place])),
        "score": ranking.scores[query, place],
        "source": sources_of(shard, ranking)[query, place],
    }
    return pa.table(columns, schema=RECOMMENDATIONS)
