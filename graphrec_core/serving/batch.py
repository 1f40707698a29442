"""Recommends to every active query node of some shards into one Parquet file."""

import logging
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graphrec_core.retrieval.from_shard import (
    RECOMMENDATIONS,
    ranking_table,
    recommend_from_shard,
)
from graphrec_core.serving.following import Served

logger = logging.getLogger(__name__)


def write_recommendations(
    shards: Iterable[Served], k: int, output: Path, *, include_seen: bool = False
) -> int:
    """Writes the top k of every active home query node; the file appears whole or not at all.

    Args:
        shards: One at a time, newest first: a query node at home in several is answered by
            the first.
        k: Candidates per query.
        output: A Parquet file; its folder is made (schema ``RECOMMENDATIONS``).
        include_seen: Keep candidates that the query node has seen.

    Returns:
        Rows written.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".{output.name}.{secrets.token_hex(4)}")
    num_rows = 0
    try:
        with pq.ParquetWriter(temporary, RECOMMENDATIONS, compression="zstd") as writer:
            for table in _tables(shards, k, include_seen=include_seen):
                writer.write_table(table)
                num_rows += table.num_rows
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
    return num_rows


def _tables(shards: Iterable[Served], k: int, *, include_seen: bool) -> Iterator[pa.Table]:
    answered = pa.array([], pa.string())
    for served in shards:
        shard = served.shard
        rows = shard.active_home_rows()
        done = pc.is_in(shard.query_ids.take(pa.array(rows)), value_set=answered)
        rows = rows[~np.asarray(done)]
        home = shard.query_ids.take(pa.array(shard.home_rows()))
        answered = pa.concat_arrays([answered, home])
        logger.info("%s: recommending to %d query nodes", shard.region, len(rows))
        for ranking in recommend_from_shard(
            shard, served.serves, rows, k, include_seen=include_seen
        ):
            yield ranking_table(shard, ranking)
