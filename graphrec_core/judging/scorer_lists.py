"""What a scorer proposes, fitted to a view: the best candidates of each query, or one list.

The lists hold candidates that a query has seen too, and so many more: a reader leaves those out
or not, as it is asked, and still finds the same unseen ones.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.axes.pairs import RowPairs, never_shown
from graphrec_core.axes.rows import TASK_PAIRS, id_array, task_pairs
from graphrec_core.config.model import ScorerConfig
from graphrec_core.config.task import TaskConfig
from graphrec_core.judging.blocks import block_size
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.layout import edges_file, list_file, nodes_file, topn_file
from graphrec_core.lake.records import EmbeddingFigures, VectorOrigin
from graphrec_core.models.registry import build_scorer
from graphrec_core.models.scorer import QueryFreeScorer, Scorer, ScorerInputs
from graphrec_core.models.snapshot_tables import SnapshotTables
from graphrec_core.retrieval.topk import top_k
from graphrec_core.types import ArtifactId, Region, Role, View

logger = logging.getLogger(__name__)

TOPN = pa.schema(
    [
        ("query_id", pa.string()),
        ("rank", pa.int32()),
        ("candidate_id", pa.string()),
        ("score", pa.float32()),
    ]
)
LIST = pa.schema([field for field in TOPN if field.name != "query_id"])
TELL_EVERY = 50
"""Blocks between two lines of the log."""


@dataclass(frozen=True)
class ScoredView:
    """What of a region's view a scorer works on.

    Attributes:
        region: The region.
        view: The view.
        snapshot_id: The snapshot that it is of.
        query_ids: Query nodes, home and halo, sorted.
        candidate_ids: Candidates, sorted.
        inputs: What it is fitted to.
        seen: What each query has met, and itself.
    """

    region: Region
    view: View
    snapshot_id: ArtifactId
    query_ids: pa.Array
    candidate_ids: pa.Array
    inputs: ScorerInputs
    seen: RowPairs


def read_scored_view(
    snapshot: Artifact, view: View, region: Region, task: TaskConfig, instant: datetime
) -> ScoredView:
    """Reads what of a view a scorer works on.

    Args:
        snapshot: The day's snapshot.
        view: Which view.
        region: The region.
        task: The task.
        instant: The view's instant.
    """
    people = snapshot.read_table(nodes_file(view, task.query, region), ["node_id", "role"])
    people = people.filter(pc.not_equal(people["role"], str(Role.MEMBER)))
    nodes = snapshot.read_table(
        nodes_file(view, task.candidate, region), ["node_id", "is_candidate"]
    )
    queries = id_array(people["node_id"]).sort()
    candidates = id_array(nodes.filter(nodes["is_candidate"])["node_id"]).sort()
    edges = snapshot.read_table(edges_file(view, task.edge, region), TASK_PAIRS)
    tables = SnapshotTables(snapshot, view, region, task)
    pairs, peers = task_pairs(edges, peers=task.recommends_peers), task.recommends_peers
    return ScoredView(
        region=region,
        view=view,
        snapshot_id=snapshot.manifest.id,
        query_ids=queries,
        candidate_ids=candidates,
        inputs=ScorerInputs(pairs, queries, candidates, instant, tables),
        seen=never_shown(pairs, queries, candidates, peers=peers, seen=True),
    )


def write_lists(
    trial: Attempt, source: str, config: ScorerConfig, read: ScoredView
) -> EmbeddingFigures:
    """Fits a scorer to a view and writes what it proposes.

    One that proposes nothing stops nothing: the others go on without it, and a warning says so,
    at the serve view, so that a day says it once.

    Args:
        trial: The attempt to write into.
        source: The source's name.
        config: Its settings, a scorer's.
        read: The view.

    Returns:
        Figures of what was written.
    """
    scorer = build_scorer(config)
    scorer.fit(read.inputs)
    if isinstance(scorer, QueryFreeScorer):
        table = list_table(read.candidate_ids, *scorer.ranked())
        trial.write_table(list_file(read.view, read.region), table)
        num_rows = table.num_rows
    else:
        num_rows = 0
        with trial.open_table(topn_file(read.view, read.region), TOPN) as writer:
            for table in _topn(scorer, config.depth, read):
                writer.write(table)
                num_rows += table.num_rows
    if num_rows == 0 and read.view is View.SERVE:
        logger.warning("%s", _without_proposals(source, config, read))
    origin = VectorOrigin(read.snapshot_id, read.view, config.model, trained_on=read.view)
    return EmbeddingFigures(num_nodes={}, num_listed=num_rows, origin=origin)


def _without_proposals(source: str, config: ScorerConfig, read: ScoredView) -> str:
    counts = len(read.query_ids), len(read.candidate_ids), read.inputs.pairs.num_rows
    found = "{:,} queries, {:,} candidates and {:,} pairs".format(*counts)
    return (
        f"{source} proposes nothing in {read.region}: {config.model} needs {config.needs}; "
        f"there are {found}"
    )


def list_table(candidate_ids: pa.Array, rows: np.ndarray, scores: np.ndarray) -> pa.Table:
    """Writes a ranking of all candidates as a table (schema ``LIST``).

    Args:
        candidate_ids: Ids in row order.
        rows: int64 [C], best first.
        scores: float32 [C], along ``rows``.
    """
    columns = {
        "rank": np.arange(1, len(rows) + 1, dtype=np.int32),
        "candidate_id": candidate_ids.take(pa.array(rows)),
        "score": scores,
    }
    return pa.table(columns, schema=LIST)


def _topn(scorer: Scorer, depth: int, read: ScoredView) -> Iterator[pa.Table]:
    """Ranks the candidates of all queries, block by block."""
    num_queries, num_candidates = len(read.query_ids), len(read.candidate_ids)
    size = block_size(num_candidates)
    for number, start in enumerate(range(0, num_queries, size)):
        block = np.arange(start, min(start + size, num_queries))
        if number and number % TELL_EVERY == 0:
            logger.info("scored %d of %d queries", start, num_queries)
        wanted = depth + read.seen.counts[block]
        rows, scores = top_k(scorer.scores(block), min(int(wanted.max()), max(num_candidates, 1)))
        query, place = np.nonzero((rows >= 0) & (np.arange(rows.shape[1]) < wanted[:, None]))
        columns = {
            "query_id": read.query_ids.take(pa.array(block[query])),
            "rank": (place + 1).astype(np.int32),
            "candidate_id": read.candidate_ids.take(pa.array(rows[query, place])),
            "score": scores[query, place],
        }
        yield pa.table(columns, schema=TOPN)
