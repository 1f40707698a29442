"""The files of a shard's sources, each in a folder of its own."""

import numpy as np
import pyarrow as pa

from graphrec_core.axes.rows import vector_column, vector_matrix
from graphrec_core.index.ann import from_bytes, to_bytes
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import ShardSource
from graphrec_core.retrieval.sources import IndexSource, ListSource, TableSource

StoredSource = IndexSource | TableSource | ListSource
"""A source that a shard can hold."""


def write_source(trial: Attempt, name: str, source: StoredSource) -> None:
    """Writes the files of one source into an attempt.

    ``index.faiss`` and ``queries.parquet`` (vector, along the shard's queries), or
    ``topn.parquet`` (query_row, candidate_row, score; by query, best first), or ``list.parquet``
    (candidate_row, score; best first). Rows are those of the shard's own tables: a table of rows
    is a fraction of one of ids.
    """
    if isinstance(source, IndexSource):
        trial.write(_file(name, "index.faiss"), to_bytes(source.index))
        vectors = pa.table({"vector": vector_column(source.queries)})
        trial.write_table(_file(name, "queries.parquet"), vectors)
    elif isinstance(source, TableSource):
        queries = np.repeat(np.arange(len(source.indptr) - 1), np.diff(source.indptr))
        columns = {"query_row": queries, "candidate_row": source.rows, "score": source.scores}
        trial.write_table(_file(name, "topn.parquet"), _rows_table(columns))
    else:
        columns = {"candidate_row": source.rows, "score": source.scores}
        trial.write_table(_file(name, "list.parquet"), _rows_table(columns))


def read_source(artifact: Artifact, entry: ShardSource, num_queries: int) -> StoredSource:
    """Reads one source of a shard.

    Args:
        artifact: The shard.
        entry: The source, as the shard's figures have it.
        num_queries: Query nodes of the shard.

    Raises:
        LakeError: A file is missing or damaged.
    """
    if entry.kind == "index":
        index = from_bytes(artifact.read(_file(entry.name, "index.faiss")))
        vectors = artifact.read_table(_file(entry.name, "queries.parquet"))["vector"]
        return IndexSource(index, vector_matrix(vectors))
    if entry.kind == "table":
        table = artifact.read_table(_file(entry.name, "topn.parquet"))
        indptr = np.searchsorted(table["query_row"].to_numpy(), np.arange(num_queries + 1))
        return TableSource(indptr, table["candidate_row"].to_numpy(), table["score"].to_numpy())
    table = artifact.read_table(_file(entry.name, "list.parquet"))
    rows = table["candidate_row"].to_numpy().astype(np.int64)
    return ListSource(rows, table["score"].to_numpy())


def _file(name: str, file: str) -> str:
    return f"sources/{name}/{file}"


def _rows_table(columns: dict[str, np.ndarray]) -> pa.Table:
    kinds = {name: pa.float32() if name == "score" else pa.int32() for name in columns}
    return pa.table({name: pa.array(values, kinds[name]) for name, values in columns.items()})
