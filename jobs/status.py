"""status: what is live per region and how it was judged; with a day, that day's run too."""

from datetime import datetime
from typing import Any

from rich.console import Console

from graphrec_core.config import PipelineConfig
from graphrec_core.report.collect import collect
from graphrec_core.report.day import to_json
from graphrec_core.report.live import LiveState, collect_live
from graphrec_core.report.table import render_live_table, render_run_table


def run(config: PipelineConfig, as_of: datetime | None) -> dict[str, Any]:
    """Returns the live pointer, region by region, as JSON values.

    Args:
        config: The pipeline.
        as_of: Adds that day's collected run under ``run``.
    """
    pointer = collect_live(config)
    status: dict[str, Any] = {
        "pipeline": pointer.pipeline,
        "high_water": pointer.high_water,
        "release_id": pointer.release_id,
        "regions": {region: _state(state) for region, state in pointer.regions.items()},
    }
    if as_of is not None:
        status["run"] = collect(config, as_of).to_dict()
    return status


def show(config: PipelineConfig, as_of: datetime | None) -> None:
    """Draws the same as tables on standard output."""
    console = Console()
    if as_of is not None:
        console.print(render_run_table(collect(config, as_of)))
    console.print(render_live_table(collect_live(config)))


def _state(state: LiveState) -> dict[str, Any]:
    evaluation, shard = state.evaluation, state.shard
    return {
        **to_json(state.live),
        "gate": state.gate,
        "metrics": to_json(evaluation.metrics) if evaluation else None,
        "ann_recall": shard.ann_recall if shard else None,
    }
