"""The day and the live pointer as terminal tables of at most 120 columns."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from graphrec_core.report.day import Day, EvaluationResult, Gate, RegionDay, StepRun
from graphrec_core.report.live import LivePointer, LiveState
from graphrec_core.report.wording import count, rule_reason, share, step_scope, summary

SYSTEMS = {"model": "model", "popularity": "popu-\nlarity", "covisitation": "co-\nvisit"}
GATE_STYLES: dict[Gate, str] = {"passed": "green", "refused": "bold red", "missing": "yellow"}


def render_run_table(day: Day) -> RenderableType:
    """Draws a day: its summary, a row per region, and seconds and memory per step."""
    parts: list[RenderableType] = [Text(sentence) for sentence in summary(day)]
    if day.regions:
        parts.append(_region_table(day))
    parts.append(_step_table(day))
    return Group(*parts)


def render_live_table(pointer: LivePointer) -> RenderableType:
    """Draws what serves each region now and how it was judged."""
    if not pointer.regions:
        return Text(f"{pointer.pipeline}: nothing is live yet.")
    k = next((state.evaluation.k for state in pointer.regions.values() if state.evaluation), None)
    title = f"{pointer.pipeline}: live, up to {pointer.high_water}"
    table = Table(title=title, title_justify="left")
    for name in ("Region", "Live shard", "As of", "Serves", "Gate"):
        table.add_column(name, overflow="fold")
    _add_metric_columns(table, k)
    table.add_column("Release", overflow="fold")
    for region, state in pointer.regions.items():
        table.add_row(*_live_row(region, state))
    return table


def _live_row(region: str, state: LiveState) -> list[RenderableType]:
    live, shard = state.live, state.shard
    return [
        Text(region),
        live.shard_id,
        _day(live.as_of),
        live.serves,
        _gate_text(state.gate, []),
        *_metrics(state.evaluation),
        share(shard.ann_recall if shard else None),
        live.release_id,
    ]


def _region_table(day: Day) -> Table:
    title = f"{day.pipeline}, {day.as_of:%Y-%m-%d}: serve view, holdout metrics, gate"
    table = Table(title=title, title_justify="left")
    table.add_column("Region", overflow="fold")
    for name in ("Nodes", "Edges", "Halo\nedges"):
        table.add_column(name, justify="right", no_wrap=True)
    _add_metric_columns(table, day.k)
    table.add_column("Gate", ratio=1, min_width=16, overflow="fold")
    table.add_column("Live shard", min_width=16, overflow="fold")
    for region in day.regions:
        table.add_row(*_region_row(region))
    return table


def _region_row(region: RegionDay) -> list[RenderableType]:
    k = region.evaluation.k if region.evaluation else None
    reasons = [rule_reason(rule, k) for rule in region.refusals]
    return [
        Text(region.region),
        *(count(sum(sizes.values())) for sizes in _sizes(region)),
        *_metrics(region.evaluation),
        share(region.shard.ann_recall if region.shard else None),
        _gate_text(region.gate, reasons),
        _live_text(region),
    ]


def _sizes(region: RegionDay) -> tuple[Mapping[str, int], ...]:
    return region.serve.num_nodes, region.serve.num_edges, region.serve.num_halo_edges


def _live_text(region: RegionDay) -> str:
    if region.live is None:
        return "none"
    kind = "popular list of" if region.live.serves == "popular" else "from"
    when = "this day" if region.is_live else f"{kind} {_day(region.live.as_of)}"
    return f"{region.live.shard_id}\n{when}"


def _add_metric_columns(table: Table, k: int | None) -> None:
    for metric in (f"recall\n@{k or 'k'}", "MRR"):
        for index, name in enumerate(SYSTEMS.values()):
            header = metric if index == 0 else name
            table.add_column(header, justify="right", no_wrap=True)
    table.add_column("ANN\nrecall", justify="right", no_wrap=True)


def _metrics(evaluation: EvaluationResult | None) -> list[str]:
    metrics = evaluation.metrics if evaluation else {}
    return [
        share(metrics.get(system, {}).get(metric))
        for metric in ("recall", "mrr")
        for system in SYSTEMS
    ]


def _gate_text(gate: Gate, reasons: list[str]) -> Text:
    text = Text(gate, style=GATE_STYLES[gate])
    return text.append(": " + "; ".join(reasons), style="not bold red") if reasons else text


def _step_table(day: Day) -> Table:
    table = Table(title="Seconds / peak memory in MB", title_justify="left")
    table.add_column("Region", overflow="fold")
    runs: dict[str, dict[str, list[StepRun]]] = {}
    steps = [step for step in day.steps if step.seconds is not None]
    for step in steps:
        runs.setdefault(step_scope(step.region), {}).setdefault(step.step, []).append(step)
    names = list(dict.fromkeys(step.step for step in steps))
    for name in names:
        table.add_column(name.replace("-", "-\n"), justify="right", no_wrap=True)
    for region, by_step in runs.items():
        table.add_row(Text(region), *(_cost(by_step.get(name, [])) for name in names))
    return table


def _cost(runs: list[StepRun]) -> str:
    if not runs:
        return ""
    seconds = sum(run.seconds or 0 for run in runs)
    return f"{seconds:.1f} / {max(run.peak_memory_mb or 0 for run in runs):.0f}"


def _day(as_of: str) -> str:
    return f"{as_of[:4]}-{as_of[4:6]}-{as_of[6:8]}"
