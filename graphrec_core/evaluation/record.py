"""An evaluation as it is stored: figures, decisions, rankings, per-query metrics."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from graphrec_core.config import PipelineConfig
from graphrec_core.evaluation.gates import CHAMPION, MODEL, judge, verdict_of
from graphrec_core.evaluation.holdout import Holdout
from graphrec_core.evaluation.measure import METRICS, Measured, summarise
from graphrec_core.lake import Attempt
from graphrec_core.types import Region


def judged_stats(
    config: PipelineConfig, holdout: Holdout, queries: pa.Table, systems: Sequence[str]
) -> dict[str, Any]:
    """Averages and judges per-query metrics: the statistics of an evaluation's manifest.

    Args:
        config: The pipeline.
        holdout: What was judged on.
        queries: Per-query metrics.
        systems: The measured systems.
    """
    metrics, slices = summarise(queries, list(systems), config.evaluation)
    decisions = judge(queries, config.evaluation, config.gate)
    return {
        "metrics": metrics,
        "slices": slices,
        "num_queries": len(holdout.query_ids),
        "num_pairs": len(holdout.targets.indices),
        **holdout.left_out.to_json(),
        "k": config.evaluation.k,
        "depth": config.evaluation.depth,
        "rules": [decision.to_json() for decision in decisions],
        "verdict": verdict_of(decisions),
    }


def without_champion(queries: pa.Table) -> pa.Table:
    """Adds a champion that could not be measured: its metrics are null for every query."""
    for metric in METRICS:
        column = pa.nulls(queries.num_rows, pa.float64())
        queries = queries.append_column(f"{CHAMPION}_{metric}", column)
    return queries


def write_evaluation(
    trial: Attempt, region: Region, measured: Measured, queries: pa.Table, stats: dict[str, Any]
) -> None:
    """Writes an evaluation's files into an attempt."""
    for system, table in measured.topk.items():
        name = "topk.parquet" if system == MODEL else f"topk_{system}.parquet"
        trial.write_table(name, table)
    trial.write_table("queries.parquet", queries)
    trial.write_json("report.json", {"region": region, **stats})
