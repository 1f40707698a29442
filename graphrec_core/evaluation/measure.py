"""Runs recommenders over a holdout and measures them, block by block."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pyarrow as pa

from graphrec_core.config.evaluation import EvaluationConfig
from graphrec_core.evaluation.holdout import Holdout
from graphrec_core.evaluation.metrics import METRICS, Answers, mark_hits, measured_systems
from graphrec_core.evaluation.slices import slice_masks
from graphrec_core.lake.records import SliceFigures
from graphrec_core.retrieval.ranker import Ranker, ReciprocalRank
from graphrec_core.retrieval.recommend import Ranking, recommend
from graphrec_core.retrieval.sources import CandidateSource, ListSource, Proposer

logger = logging.getLogger(__name__)

TOPK = pa.schema(
    [
        ("query_id", pa.string()),
        ("rank", pa.int32()),
        ("candidate_id", pa.string()),
        ("score", pa.float32()),
        ("hit", pa.bool_()),
    ]
)


NO_QUOTA = 2**31 - 1


@dataclass(frozen=True)
class System:
    """What is measured: all that ``recommend`` needs beside the holdout.

    Attributes:
        proposers: Propose candidates.
        ranker: Merges what several propose.
    """

    proposers: tuple[Proposer, ...]
    ranker: Ranker = field(default_factory=ReciprocalRank)

    @classmethod
    def of(cls, name: str, source: CandidateSource) -> Self:
        """Makes one source a system of its own, by its own order."""
        return cls((Proposer(name, source, NO_QUOTA),))


@dataclass(frozen=True)
class Measured:
    """What was measured over one holdout.

    Attributes:
        queries: query_id, degree, num_targets and ``<system>_<metric>`` columns.
        topk: Per system the ranked candidates (schema ``TOPK``).
    """

    queries: pa.Table
    topk: dict[str, pa.Table]

    @property
    def systems(self) -> list[str]:
        """Names of the systems with a column of every metric, in order."""
        return measured_systems(self.queries.column_names)


def measure(
    holdout: Holdout,
    systems: Mapping[str, System],
    popular: ListSource,
    config: EvaluationConfig,
) -> Measured:
    """Ranks all candidates for every judged query with every system."""
    columns: dict[str, Any] = {
        "query_id": holdout.query_ids,
        "degree": pa.array(holdout.degrees, pa.int64()),
        "num_targets": pa.array(holdout.targets.counts, pa.int64()),
    }
    topk = {}
    for name, system in systems.items():
        topk[name], values = _measure_system(holdout, system, popular, config)
        columns |= {METRICS[key].column_of(name): value for key, value in values.items()}
        logger.info("measured %s on %d queries", name, len(holdout.query_ids))
    return Measured(pa.table(columns), topk)


def summarise(
    queries: pa.Table, systems: list[str], config: EvaluationConfig
) -> dict[str, SliceFigures]:
    """Averages per-query metrics by slice; means over no query are None."""
    return {
        name: SliceFigures(
            num_queries=int(mask.sum()),
            **{system: _means(queries, system, mask) for system in systems},
        )
        for name, mask in slice_masks(np.asarray(queries["degree"]), config).items()
    }


def _means(queries: pa.Table, system: str, mask: np.ndarray) -> dict[str, float | None]:
    means: dict[str, float | None] = {}
    for name, metric in METRICS.items():
        values = np.asarray(queries[metric.column_of(system)])[mask]
        means[name] = float(values.mean()) if len(values) else None
    return means


def _measure_system(
    holdout: Holdout, system: System, popular: ListSource, config: EvaluationConfig
) -> tuple[pa.Table, dict[str, np.ndarray]]:
    tables = [TOPK.empty_table()]
    values: dict[str, list[np.ndarray]] = {name: [np.zeros(0)] for name in METRICS}
    query_rows = np.arange(len(holdout.query_ids))
    for ranking in recommend(
        system.proposers,
        system.ranker,
        popular,
        holdout.seen,
        query_rows,
        config.depth,
        config.block_size,
    ):
        hits, block = _block_metrics(holdout, ranking, config)
        tables.append(_topk_table(holdout, ranking, hits))
        for name, value in block.items():
            values[name].append(value)
    metrics = {name: np.concatenate(parts) for name, parts in values.items()}
    return pa.concat_tables(tables).combine_chunks(), metrics


def _block_metrics(
    holdout: Holdout, ranking: Ranking, config: EvaluationConfig
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    targets = holdout.targets.block(ranking.query_rows)
    num_targets = holdout.targets.counts[ranking.query_rows]
    hits = mark_hits(ranking.rows, targets, len(holdout.candidate_ids))
    answers = Answers(hits, num_targets, config.k, config.depth)
    return hits, {name: metric.per_query(answers) for name, metric in METRICS.items()}


def _topk_table(holdout: Holdout, ranking: Ranking, hits: np.ndarray) -> pa.Table:
    query, place = np.nonzero(ranking.rows >= 0)
    columns = {
        "query_id": holdout.query_ids.take(pa.array(ranking.query_rows[query])),
        "rank": (place + 1).astype(np.int32),
        "candidate_id": holdout.candidate_ids.take(pa.array(ranking.rows[query, place])),
        "score": ranking.scores[query, place],
        "hit": hits[query, place],
    }
    return pa.table(columns, schema=TOPK)
