"""A shard: all that answers one region's queries, in one immutable artefact."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.axes.rows import id_array, own_pairs, rows_of
from graphrec_core.config.recommender import FITTED
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import ShardFigures
from graphrec_core.retrieval.learned_ranker import (
    LearnedRanker,
    read_model,
    read_nodes,
    write_model,
    write_nodes,
)
from graphrec_core.retrieval.older_shard import is_older, older_queries, older_source
from graphrec_core.retrieval.ranker import Ranker, ReciprocalRank, build_ranker
from graphrec_core.retrieval.shard_sources import StoredSource, read_source, write_source
from graphrec_core.retrieval.sources import IndexSource, ListSource, Proposer, TableSource
from graphrec_core.types import Region, Role

CANDIDATES_FILE = "candidates.parquet"
QUERIES_FILE = "queries.parquet"
SEEN_FILE = "seen.parquet"
POPULAR_FILE = "popular.parquet"
RECALL_FILE = "recall.json"


@dataclass(frozen=True)
class ShardTables:
    """What a shard holds beside its sources.

    Attributes:
        candidates: node_id, title, num_events, last_event_time; row order of the sources.
        queries: node_id, role, is_active, title; sorted by node_id, row order of the sources.
        seen: query_id, candidate_id.
        popular: rank (1-based), candidate_id, score; every candidate once.
    """

    candidates: pa.Table
    queries: pa.Table
    seen: pa.Table
    popular: pa.Table


def write_shard(
    trial: Attempt,
    tables: ShardTables,
    sources: Mapping[str, StoredSource],
    ranker: Ranker,
    figures: ShardFigures,
) -> None:
    """Writes a shard's files into an attempt.

    Args:
        trial: The attempt.
        tables: What the sources share; their rows count along its queries and candidates.
        sources: By name, as ``figures`` describes them.
        ranker: Merges what they propose; a learned one is stored with what it reads.
        figures: The figures that will be committed.
    """
    for name, source in sources.items():
        write_source(trial, name, source)
    trial.write_table(CANDIDATES_FILE, tables.candidates)
    trial.write_table(QUERIES_FILE, tables.queries)
    trial.write_table(SEEN_FILE, tables.seen)
    trial.write_table(POPULAR_FILE, tables.popular)
    if isinstance(ranker, LearnedRanker):
        write_model(trial, ranker.model)
        write_nodes(trial, ranker.nodes)
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
        proposers: Its sources, in the order of the configuration.
        ranker: Merges what they propose.
    """

    id: str
    region: Region
    as_of: str
    exclude_seen: bool
    recommends_peers: bool
    tables: ShardTables
    proposers: tuple[Proposer, ...]
    ranker: Ranker

    @cached_property
    def candidate_ids(self) -> pa.Array:
        """Ids of the candidates, in row order."""
        return id_array(self.tables.candidates["node_id"])

    @cached_property
    def query_ids(self) -> pa.Array:
        """Ids of the query nodes, in row order."""
        return id_array(self.tables.queries["node_id"])

    @cached_property
    def known_queries(self) -> np.ndarray:
        """Which query nodes some source knows something of, bool [num_queries]."""
        known = np.zeros(len(self.query_ids), dtype=bool)
        for proposer in self.proposers:
            if isinstance(proposer.source, IndexSource | TableSource):
                known |= proposer.source.known
        return known

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
    def popular(self) -> ListSource:
        """The popular list, which fills up."""
        rows = rows_of(self.tables.popular["candidate_id"], self.candidate_ids)
        return ListSource(rows, np.asarray(self.tables.popular["score"], dtype=np.float32))

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
    manifest = artifact.manifest
    tables = _read_tables(artifact)
    figures = manifest.figures(ShardFigures)
    return Shard(
        id=manifest.id,
        region=manifest.region,
        as_of=manifest.as_of,
        exclude_seen=bool(manifest.config["task"]["exclude_seen"]),
        recommends_peers=manifest.config["task"]["query"] == manifest.config["task"]["candidate"],
        tables=tables,
        proposers=tuple(_read_proposers(artifact, tables, figures)),
        ranker=_read_ranker(artifact, figures),
    )


def _read_ranker(artifact: Artifact, figures: ShardFigures) -> Ranker:
    if figures.ranker is None:
        return ReciprocalRank()
    if figures.ranker["model"] not in FITTED:
        return build_ranker(figures.ranker)
    model = read_model(artifact, [one.name for one in figures.sources])
    return LearnedRanker(model, read_nodes(artifact), artifact.manifest.region)


def _read_tables(artifact: Artifact) -> ShardTables:
    queries = _with_title(artifact.read_table(QUERIES_FILE))
    return ShardTables(
        candidates=_with_title(artifact.read_table(CANDIDATES_FILE)),
        queries=older_queries(queries) if is_older(artifact) else queries,
        seen=artifact.read_table(SEEN_FILE),
        popular=artifact.read_table(POPULAR_FILE),
    )


def _read_proposers(
    artifact: Artifact, tables: ShardTables, figures: ShardFigures
) -> Iterator[Proposer]:
    for entry in figures.sources:
        if is_older(artifact):
            source: StoredSource = older_source(artifact, tables.queries)
        else:
            source = read_source(artifact, entry, tables.queries.num_rows)
        yield Proposer(entry.name, source, entry.quota or tables.candidates.num_rows)


def _with_title(table: pa.Table) -> pa.Table:
    """Reads what an older version calls ``label``."""
    return table.rename_columns(
        ["title" if name == "label" else name for name in table.column_names]
    )


def _rows_where(mask: pa.ChunkedArray) -> np.ndarray:
    return np.flatnonzero(np.asarray(pc.fill_null(mask, fill_value=False)))
