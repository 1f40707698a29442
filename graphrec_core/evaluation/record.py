"""An evaluation as it is stored: figures, decisions, rankings, per-query metrics."""

from collections.abc import Mapping

import pyarrow as pa

from graphrec_core.config import PipelineConfig
from graphrec_core.evaluation.evidence import Evidence
from graphrec_core.evaluation.holdout import Holdout
from graphrec_core.evaluation.measure import Measured, summarise
from graphrec_core.evaluation.metrics import METRICS
from graphrec_core.evaluation.rules import judge
from graphrec_core.evaluation.settling import verdict_of
from graphrec_core.evaluation.systems import MODEL
from graphrec_core.lake import Attempt
from graphrec_core.lake.records import ALL, EvaluationFigures
from graphrec_core.types import ArtifactId, Region


def judged_figures(
    config: PipelineConfig, holdout: Holdout, measured: Measured, unmeasured: Mapping[str, str]
) -> EvaluationFigures:
    """Averages and judges per-query metrics.

    Args:
        config: The pipeline.
        holdout: What was judged on.
        measured: What was measured.
        unmeasured: Name of a reference -> why it could not be measured.
    """
    systems = [name for name in measured.systems if name not in unmeasured]
    slices = summarise(measured.queries, systems, config.evaluation)
    is_fitted = config.recommender.ranker.is_fitted
    evidence = Evidence(config.gate, config.evaluation, measured.queries, is_fitted=is_fitted)
    decisions = judge(evidence)
    return EvaluationFigures(
        metrics=slices[ALL].metrics,
        slices=slices,
        num_queries=len(holdout.query_ids),
        num_pairs=len(holdout.targets.indices),
        **holdout.left_out.to_json(),
        unmeasured=dict(unmeasured),
        k=config.evaluation.k,
        depth=config.evaluation.depth,
        rules=tuple(decisions),
        verdict=verdict_of(decisions),
    )


def name_references(measured: Measured, references: Mapping[str, ArtifactId]) -> Measured:
    """Gives the recommenders of earlier releases the names of what they stand for.

    Args:
        measured: Has each of them once, under the id of its shard.
        references: Name -> shard; two names may have one shard.

    Returns:
        The same with a column per name and metric, null where the recommender was not measured;
        its ranking is kept once.
    """
    queries, topk = measured.queries, dict(measured.topk)
    for name, shard in references.items():
        for metric in METRICS.values():
            measure = metric.column_of(shard)
            column = (
                measured.queries[measure]
                if measure in measured.queries.column_names
                else pa.nulls(queries.num_rows, pa.float64())
            )
            queries = queries.append_column(metric.column_of(name), column)
        if shard in topk:
            topk[name] = topk.pop(shard)
    shards = set(references.values())
    own = [metric.column_of(shard) for shard in shards for metric in METRICS.values()]
    left = [column for column in queries.column_names if column not in own]
    return Measured(queries.select(left), topk)


def write_evaluation(
    trial: Attempt, region: Region, measured: Measured, figures: EvaluationFigures
) -> None:
    """Writes an evaluation's files into an attempt."""
    for system, table in measured.topk.items():
        name = "topk.parquet" if system == MODEL else f"topk_{system}.parquet"
        trial.write_table(name, table)
    trial.write_table("queries.parquet", measured.queries)
    trial.write_json("report.json", {"region": region, **figures.to_json()})
