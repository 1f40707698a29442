"""A shard: all that answers one region's queries, in one immutable artefact."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.axes.rows import id_array, own_pairs, rows_of, vector_matrix
from graphrec_core.index.ann import Index, Search, from_bytes, search_of, to_bytes
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import ShardFigures
from graphrec_core.types import Region, Role, start_id

INDEX_FILE = "index.faiss"
CANDIDATES_FILE = "candidates.parquet"
QUERIES_FILE = "queries.parquet"
SEEN_FILE = "seen.parquet"
POPULAR_FILE = "popular.parquet"
RECALL_FILE = "recall.json"


@dataclass(frozen=True)
class ShardTables:
    """What a shard holds beside its index.

    Attributes:
        candidates: node_id, title, num_events, last_event_time; row order of the index.
        queries: node_id, role, is_active, title, vector; sorted by node_id.
        seen: query_id, candidate_id.
        popular: rank (1-based), candidate_id, score; every candidate once.
    """

    candidates: pa.Table
    queries: pa.Table
    seen: pa.Table
    popular: pa.Table


def write_shard(trial: Attempt, index: Index, tables: ShardTables, figures: ShardFigures) -> None:
    """Writes a shard's files into an attempt."""
    trial.write(INDEX_FILE, to_bytes(index))
    trial.write_table(CANDIDATES_FILE, tables.candidates)
    trial.write_table(QUERIES_FILE, tables.queries)
    trial.write_table(SEEN_FILE, tables.seen)
    trial.write_table(POPULAR_FILE, tables.popular)
    trial.write_json(RECALL_FILE, figures.to_json())


@dataclass(frozen=True)
class Shard:
    """An open shard. Rows of queries and candidates are its private numbers.

    Attributes:
        id: The shard's id.
        region: Its region.
        as_of: Its instant, as ``20100901T000000Z``.
        exclude_seen: Whether the pipeline leaves out what a query node has seen.
        recommends_peers: Whether query nodes and candidates are of one node type.
        tables: Its tables.
        index: The FAISS index over the candidates.
    """

    id: str
    region: Region
    as_of: str
    exclude_seen: bool
    recommends_peers: bool
    tables: ShardTables
    index: Index

    @cached_property
    def candidate_ids(self) -> pa.Array:
        """Ids of the candidates, in row order."""
        return id_array(self.tables.candidates["node_id"])

    @cached_property
    def query_ids(self) -> pa.Array:
        """Ids of the query nodes, in row order."""
        return id_array(self.tables.queries["node_id"])

    @cached_property
    def query_vectors(self) -> np.ndarray:
        """float32 [num_queries, d]."""
        return vector_matrix(self.tables.queries["vector"])

    @cached_property
    def start_row(self) -> int | None:
        """Row of the region's start node; None where there is none, or none with a vector."""
        (row,) = rows_of(pa.array([start_id(self.region)]), self.query_ids)
        return int(row) if row >= 0 and self.query_vectors[row].any() else None

    @cached_property
    def is_started(self) -> np.ndarray:
        """Which query nodes the start node answers for, having no vector of their own: bool [Q].

        The start node itself is one of them.
        """
        if self.start_row is None:
            return np.zeros(len(self.query_ids), dtype=bool)
        started = np.logical_not(np.any(self.query_vectors, axis=1))
        started[self.start_row] = True
        return started

    @cached_property
    def search_vectors(self) -> np.ndarray:
        """float32 [num_queries, d]; the start node's where ``is_started``."""
        if self.start_row is None:
            return self.query_vectors
        vectors = self.query_vectors.copy()
        vectors[self.is_started] = vectors[self.start_row]
        return vectors

    @cached_property
    def seen(self) -> RowPairs:
        """What each query node has seen, and itself where it is a candidate, by rows."""
        queries = rows_of(self.tables.seen["query_id"], self.query_ids)
        candidates = rows_of(self.tables.seen["candidate_id"], self.candidate_ids)
        own_queries, own_candidates = self._own_pairs
        return RowPairs.of(
            np.concatenate([queries, own_queries]),
            np.concatenate([candidates, own_candidates]),
            len(self.query_ids),
        )

    @cached_property
    def themselves(self) -> RowPairs:
        """Each query node that is a candidate too, paired with itself, by rows."""
        return RowPairs.of(*self._own_pairs, len(self.query_ids))

    @cached_property
    def _own_pairs(self) -> tuple[np.ndarray, np.ndarray]:
        return own_pairs(self.query_ids, self.candidate_ids, peers=self.recommends_peers)

    @cached_property
    def popular_rows(self) -> np.ndarray:
        """Candidate rows, most popular first, int64 [num_candidates]."""
        return rows_of(self.tables.popular["candidate_id"], self.candidate_ids)

    @cached_property
    def popular_scores(self) -> np.ndarray:
        """Scores along ``popular_rows``, float32."""
        return np.asarray(self.tables.popular["score"], dtype=np.float32)

    @property
    def search(self) -> Search:
        """The index's search function."""
        return search_of(self.index)

    def home_rows(self) -> np.ndarray:
        """Rows of the query nodes at home here, int64."""
        return _rows_where(pc.equal(self.tables.queries["role"], str(Role.HOME)))

    def active_home_rows(self) -> np.ndarray:
        """Rows of the active query nodes at home here, int64."""
        home = pc.equal(self.tables.queries["role"], str(Role.HOME))
        return _rows_where(pc.and_(home, self.tables.queries["is_active"]))


def open_shard(artifact: Artifact) -> Shard:
    """Reads a committed shard; every file must be the one that was committed.

    Raises:
        LakeError: A file is missing or damaged.
    """
    tables = ShardTables(
        candidates=_with_title(artifact.read_table(CANDIDATES_FILE)),
        queries=_with_title(artifact.read_table(QUERIES_FILE)),
        seen=artifact.read_table(SEEN_FILE),
        popular=artifact.read_table(POPULAR_FILE),
    )
    manifest = artifact.manifest
    return Shard(
        id=manifest.id,
        region=manifest.region,
        as_of=manifest.as_of,
        exclude_seen=bool(manifest.config["task"]["exclude_seen"]),
        recommends_peers=manifest.config["task"]["query"] == manifest.config["task"]["candidate"],
        tables=tables,
        index=from_bytes(artifact.read(INDEX_FILE)),
    )


def _with_title(table: pa.Table) -> pa.Table:
    """Reads what an older version calls ``label``."""
    return table.rename_columns(
        ["title" if name == "label" else name for name in table.column_names]
    )


def _rows_where(mask: pa.ChunkedArray) -> np.ndarray:
    return np.flatnonzero(np.asarray(pc.fill_null(mask, fill_value=False)))
