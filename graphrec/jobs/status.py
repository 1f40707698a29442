"""status: what is live per region and how it was judged; with a day, that day's run too."""

from datetime import datetime
from typing import Any

from rich.console import Console

from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.lake import Lake
from graphrec_core.ledger.revisions import Revision, scan_revisions
from graphrec_core.publishing.sound import one_line
from graphrec_core.report.collect import collect
from graphrec_core.report.day import to_json
from graphrec_core.report.live import LiveState, collect_live
from graphrec_core.report.table import render_live_table, render_run_table, width


def run(config: PipelineConfig, as_of: datetime | None) -> dict[str, Any]:
    """Returns every region that serves or was judged, as JSON values.

    ``regions`` holds the regions of the live pointer and of the day, or without a day those of
    the newest release. Where nothing serves a region its ``shard_id``, ``as_of``, ``serves`` and
    ``release_id`` are None; ``gate``, ``refusals``, ``num_queries``, ``pooled`` and the figures
    say how it was judged. Where LIVE is damaged, ``is_known`` is false: what serves is not said.
    What is damaged is named under ``warnings``, a day's artefacts under ``run.damaged``.

    Args:
        config: The pipeline.
        as_of: Adds that day's collected run under ``run``, and under ``revisions`` what was
            accepted as its changed history, in order.
    """
    day = collect(config, as_of) if as_of is not None else None
    pointer = collect_live(config, day)
    status: dict[str, Any] = {
        "pipeline": pointer.pipeline,
        "high_water": pointer.high_water,
        "release_id": pointer.release_id,
        "is_known": pointer.is_known,
        "notes": pointer.notes,
        "regions": {region: _state(state) for region, state in pointer.regions.items()},
        "warnings": list(pointer.warnings),
    }
    if as_of is None or day is None:
        return status
    revisions, warnings = _revisions(config, as_of)
    status["warnings"] += warnings
    stored = [revision.model_dump(mode="json") for revision in revisions]
    return {**status, "run": day.to_dict(), "revisions": stored}


def show(config: PipelineConfig, as_of: datetime | None, console: Console | None = None) -> None:
    """Draws the same as tables, wide enough for every column; by default on standard output."""
    console = console or Console()
    console.width = max(console.width, width())
    day = collect(config, as_of) if as_of is not None else None
    warnings = list[str]()
    if as_of is not None and day is not None:
        console.print(render_run_table(day))
        revisions, warnings = _revisions(config, as_of)
        for revision in revisions:
            console.print(str(revision), markup=False, highlight=False)
    pointer = collect_live(config, day)
    console.print(render_live_table(pointer))
    for warning in (*pointer.warnings, *warnings):
        console.print(f"warning: {warning}", style="bold yellow", markup=False, highlight=False)


def _revisions(config: PipelineConfig, as_of: datetime) -> tuple[list[Revision], list[str]]:
    """Reads a day's revisions, and says which are damaged."""
    first_id = Day(config, as_of).first_snapshot_id
    revisions, damaged = scan_revisions(Lake(config), as_of, first_id)
    return revisions, [
        f"revision {number} is damaged: {one_line(error)}" for number, error in damaged.items()
    ]


def _state(state: LiveState) -> dict[str, Any]:
    live, evaluation, shard = state.live, state.evaluation, state.shard
    return {
        "shard_id": live.shard_id if live else None,
        "as_of": live.as_of if live else None,
        "serves": live.serves if live else None,
        "release_id": live.release_id if live else None,
        "gate": state.gate,
        "num_queries": evaluation.num_queries if evaluation else None,
        "pooled": any(rule.pooled for rule in state.rules),
        "refusals": to_json(state.refusals),
        "metrics": to_json(evaluation.metrics) if evaluation else None,
        "ann_recall": shard.ann_recall if shard else None,
    }
