"""An evaluation as it is stored: figures, decisions, rankings, per-query metrics."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from graphrec_core.config import PipelineConfig
from graphrec_core.evaluation.gates import MODEL, judge, verdict_of
from graphrec_core.evaluation.holdout import Holdout
from graphrec_core.evaluation.measure import METRICS, Measured, summarise
from graphrec_core.lake import Attempt
from graphrec_core.types import ArtifactId, Region


def judged_stats(
    config: PipelineConfig, holdout: Holdout, measured: Measured, unmeasured: Mapping[str, str]
) -> dict[str, Any]:
    """Averages and judges per-query metrics: the statistics of an evaluation's manifest.

    Args:
        config: The pipeline.
        holdout: What was judged on.
        measured: What was measured.
        unmeasured: Name of a reference -> why it could not be measured.
    """
    systems = [name for name in measured.systems if name not in unmeasured]
    metrics, slices = summarise(measured.queries, systems, config.evaluation)
    decisions = judge(measured.queries, config.evaluation, config.gate)
    return {
        "metrics": metrics,
        "slices": slices,
        "num_queries": len(holdout.query_ids),
        "num_pairs": len(holdout.targets.indices),
        **holdout.left_out.to_json(),
        "unmeasured": dict(unmeasured),
        "k": config.evaluation.k,
        "depth": config.evaluation.depth,
        "rules": [decision.to_json() for decision in decisions],
        "verdict": verdict_of(decisions),
    }


def name_references(measured: Measured, references: Mapping[str, ArtifactId]) -> Measured:
    """Gives the models of earlier releases the names of what they stand for.

    Args:
        measured: Has each such model once, under its id.
        references: Name -> model; two names may have one model.

    Returns:
        The same with a column per name and metric, null where the model was not measured; its
        ranking is kept once.
    """
    queries, topk = measured.queries, dict(measured.topk)
    for name, model in references.items():
        for metric in METRICS:
            measure = f"{model}_{metric}"
            column = (
                measured.queries[measure]
                if measure in measured.queries.column_names
                else pa.nulls(queries.num_rows, pa.float64())
            )
            queries = queries.append_column(f"{name}_{metric}", column)
        if model in topk:
            topk[name] = topk.pop(model)
    own = [f"{model}_{metric}" for model in set(references.values()) for metric in METRICS]
    left = [column for column in queries.column_names if column not in own]
    return Measured(queries.select(left), topk)


def write_evaluation(
    trial: Attempt, region: Region, measured: Measured, stats: dict[str, Any]
) -> None:
    """Writes an evaluation's files into an attempt."""
    for system, table in measured.topk.items():
        name = "topk.parquet" if system == MODEL else f"topk_{system}.parquet"
        trial.write_table(name, table)
    trial.write_table("queries.parquet", measured.queries)
    trial.write_json("report.json", {"region": region, **stats})
