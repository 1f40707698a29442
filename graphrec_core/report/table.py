"""The day and the live pointer as terminal tables, of 120 columns for two judged metrics."""

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from graphrec_core.evaluation.metrics import judged_metrics
from graphrec_core.lake.records import GateDecision
from graphrec_core.one_line import in_one_line
from graphrec_core.report.day import DayReport, EvaluationResult, Gate, RegionDay, StepRun
from graphrec_core.report.live import LivePointer, LiveState
from graphrec_core.report.systems import short_titles
from graphrec_core.report.wording import count, day_of, rule_summary, share, summary
from graphrec_core.types import ALL_REGIONS

GATE_STYLES: dict[Gate, str] = {
    "passed": "green",
    "refused": "bold red",
    "undecided": "bold yellow",
    "missing": "yellow",
}
REGION_WIDTH = 16
"""Longer names are folded."""
FIGURE_WIDTH = 7
"""Columns of one figure of a judged metric."""


def width() -> int:
    """Columns that the tables need; in fewer they lose names and decisions."""
    return 120 + FIGURE_WIDTH * len(short_titles()) * (len(judged_metrics()) - 2)


def render_run_table(day: DayReport) -> RenderableType:
    """Draws a day: its summary, a row per region, and seconds and memory per step."""
    parts: list[RenderableType] = [_text(sentence) for sentence in summary(day)]
    if day.regions:
        parts += ["", _region_table(day)]
    parts += ["", _step_table(day)]
    return Group(*parts)


def render_live_table(pointer: LivePointer) -> RenderableType:
    """Draws what serves each region now and how it was judged."""
    if not pointer.regions:
        found = "nothing is live yet" if pointer.is_known else "what is live is not known"
        return Text(f"{pointer.pipeline}: {found}.")
    k = next((state.evaluation.k for state in pointer.regions.values() if state.evaluation), None)
    release = f"release {pointer.release_id}" if pointer.is_known else "not known"
    table = _table(f"{pointer.pipeline}: live, {release}", pointer.regions)
    for name in ("Live shard", "As of", "Serves", "Gate"):
        table.add_column(name, no_wrap=True)
    _add_metric_columns(table, k)
    for region, state in pointer.regions.items():
        table.add_row(*_live_row(region, state, is_known=pointer.is_known))
    return Group(table, *(_text(f"{name}: {note}") for name, note in pointer.notes.items()))


def _live_row(region: str, state: LiveState, *, is_known: bool) -> list[RenderableType]:
    live, shard = state.live, state.shard
    return [
        _text(region),
        live.shard_id if live else "none" if is_known else "not known",
        day_of(live.as_of) if live else "-",
        live.serves if live else "nothing" if is_known else "not known",
        _gate_cell(state.gate, state.rules, state.evaluation),
        *_metrics(state.evaluation),
        share(shard.ann_recall if shard else None),
    ]


def _text(text: str) -> Text:
    """Writes a text of the source or with names of it, which could break a row."""
    return Text(in_one_line(text))


def _table(title: str, regions: Iterable[str]) -> Table:
    style = {
        "title_style": "bold",
        "title_justify": "left",
        "pad_edge": False,
        "padding": (0, 1, 0, 0),
    }
    table = Table(title=title, box=box.SIMPLE_HEAD, **style)  # type: ignore[arg-type]
    longest = max([len("Region"), *(cell_len(in_one_line(region)) for region in regions)])
    table.add_column("Region", width=min(longest, REGION_WIDTH), overflow="fold")
    return table


def _region_table(day: DayReport) -> Table:
    title = f"{day.pipeline}, {day.as_of:%Y-%m-%d}, serve view and gate"
    table = _table(title, (region.region for region in day.regions))
    for name in ("Nodes", "Edges", "Halo\nedges"):
        table.add_column(name, justify="right", no_wrap=True)
    _add_metric_columns(table, day.k)
    table.add_column("Gate", min_width=16, overflow="fold")
    table.add_column("Live shard", no_wrap=True)
    for region in day.regions:
        table.add_row(*_region_row(region))
    return table


def _region_row(region: RegionDay) -> list[RenderableType]:
    return [
        _text(region.region),
        *(count(sum(sizes.values())) for sizes in _sizes(region)),
        *_metrics(region.evaluation),
        share(region.shard.ann_recall if region.shard else None),
        _gate_text(region),
        _live_text(region),
    ]


def _sizes(region: RegionDay) -> tuple[Mapping[str, int], ...]:
    return region.serve.num_nodes, region.serve.num_edges, region.serve.num_halo_edges


def _live_text(region: RegionDay) -> str:
    if region.live is None:
        return "none" if region.is_live_known else "not known"
    kind = "popular, " if region.live.serves == "popular" else ""
    return f"{region.live.shard_id}\n{kind}{day_of(region.live.as_of)}"


def _add_metric_columns(table: Table, k: int | None) -> None:
    for metric in judged_metrics():
        name = metric.title_at(k)
        systems = " ".join(f"{title:>5}" for title in short_titles().values())
        table.add_column(f"{name:<{len(systems)}}\n{systems}", justify="right", no_wrap=True)
    table.add_column("ANN\nrecall", justify="right", no_wrap=True)


def _metrics(evaluation: EvaluationResult | None) -> list[str]:
    metrics = evaluation.metrics if evaluation else {}
    names = [metric.name for metric in judged_metrics()]
    rows = ([metrics.get(system, {}).get(name) for system in short_titles()] for name in names)
    return [" ".join(f"{share(value):>5}" for value in row) for row in rows]


def _gate_cell(
    gate: Gate, rules: Sequence[GateDecision], evaluation: EvaluationResult | None
) -> Text:
    """Writes a decision, and below it on how many queries it rests."""
    text = Text(gate, style=GATE_STYLES[gate])
    if evaluation is None:
        return text
    queries = f"\n{count(evaluation.num_queries)} queries" + ", pooled" * any(
        rule.pooled for rule in rules
    )
    return text.append(queries, style="not bold default")


def _gate_text(region: RegionDay) -> Text:
    text = _gate_cell(region.gate, region.rules, region.evaluation)
    k = region.evaluation.k if region.evaluation else None
    rules = dict.fromkeys(rule_summary(rule, k) for rule in region.refusals)
    return text.append("\n" + "; ".join(rules), style="not bold default") if rules else text


def _step_table(day: DayReport) -> Table:
    runs: dict[str, dict[str, list[StepRun]]] = {}
    for step in day.steps:
        # In brackets: a region may be called `all`.
        scope = "(all)" if step.region == ALL_REGIONS else step.region
        runs.setdefault(scope, {}).setdefault(step.step, []).append(step)
    names = list(dict.fromkeys(step.step for step in day.steps))
    table = _table("Seconds / peak memory in MB", runs)
    for name in names:
        table.add_column(name.replace("-", "-\n"), justify="right", no_wrap=True)
    for region, by_step in runs.items():
        table.add_row(_text(region), *(_cost(by_step.get(name, [])) for name in names))
    return table


def _cost(runs: list[StepRun]) -> str:
    if not runs:
        return ""
    if not all(run.is_done for run in runs):
        return "missing"
    seconds = sum(run.seconds or 0 for run in runs)
    digits = 1 if seconds < 100 else 0  # three digits are enough, and the table has to fit
    return f"{seconds:.{digits}f} / {max(run.peak_memory_mb or 0 for run in runs):.0f}"
