"""The plots of the day's page, each from plain values; None where there is nothing to draw."""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from graphrec_core.config import PipelineConfig
from graphrec_core.report.day import Day, ModelRun, RegionDay, Rule
from graphrec_core.report.figures import (
    NEUTRAL,
    PASSED,
    REFUSED,
    SEQUENCE,
    SYSTEM_COLOURS,
    Picture,
    as_svg,
    drawing,
)
from graphrec_core.report.wording import SYSTEM_NAMES, metric_name, rule_name, step_scope

METRICS = ("recall", "mrr", "ndcg", "hit_rate")
ROW_IN = 0.34


def plot_metrics(day: Day, config: PipelineConfig) -> Picture | None:
    """Draws every metric by region: a dot per system, the gate's floors as dashed lines."""
    judged = [region for region in day.regions if region.evaluation is not None]
    if not judged:
        return None
    floors = {"recall": config.gate.min_recall, "mrr": config.gate.min_mrr}
    with drawing(9.6, 1.1 + 2 * (0.5 + ROW_IN * len(judged))) as figure:
        grid = figure.subplots(2, 2, sharey=True)
        for axes, metric in zip(grid.flat, METRICS, strict=True):
            _dots(axes, judged, metric)
            axes.set_title(metric_name(metric, day.k))
            if floors.get(metric):
                axes.axvline(floors[metric], color=REFUSED, linestyle="--", linewidth=1)
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=4)
        return as_svg(figure, "Metrics by region: the model against its references, as dots")


def plot_gate(rules: Sequence[Rule], region: str, k: int | None) -> Picture | None:
    """Draws the paired differences to the references with their intervals."""
    compared = [rule for rule in rules if rule["difference"] is not None]
    if not compared:
        return None
    with drawing(8.4, 0.75 + ROW_IN * len(compared)) as figure:
        axes = figure.subplots()
        for row, rule in enumerate(compared):
            colour = PASSED if rule["passed"] else REFUSED
            low, high = rule["interval_low"], rule["interval_high"]
            axes.plot([low, high], [row, row], color=colour, linewidth=3, solid_capstyle="butt")
            axes.plot(rule["difference"], row, "o", color=colour, markersize=6)
            axes.plot(rule["bound"], row, "|", color="#20262c", markersize=14)
        axes.axvline(0, color=NEUTRAL, linewidth=1)
        _rows(axes, [rule_name(rule, k) for rule in compared])
        axes.set_xlabel("model minus reference (bar: interval, |: least difference)")
        return as_svg(figure, f"Gate of {region}: differences to the references with intervals")


def plot_sizes(day: Day) -> Picture | None:
    """Draws each region's nodes by role and edges by whether they cross its border."""
    if not day.regions:
        return None
    names = [region.region for region in day.regions]
    views = [region.serve for region in day.regions]
    with drawing(9.6, 1.0 + ROW_IN * len(names)) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        home = [sum(view.num_home_nodes.values()) for view in views]
        halo = [sum(view.num_halo_nodes.values()) for view in views]
        _stack(left, [("home or member", home), ("halo", halo)])
        crossing = [sum(view.num_halo_edges.values()) for view in views]
        edges = [sum(view.num_edges.values()) for view in views]
        within = [total - part for total, part in zip(edges, crossing, strict=True)]
        _stack(right, [("within the region", within), ("across the border", crossing)])
        left.set_title("Nodes, serve view")
        right.set_title("Edges, serve view")
        _rows(left, names)
        return as_svg(figure, "Nodes and edges by region, halo and border crossings marked")


def plot_training(models: Sequence[ModelRun]) -> Picture | None:
    """Draws loss and validation recall by epoch, a line per model, the kept epoch marked."""
    trained = [model for model in models if model.history]
    if not trained:
        return None
    with drawing(9.6, 3.0) as figure:
        left, right = figure.subplots(1, 2)
        for index, model in enumerate(trained):
            colour = SEQUENCE[index % len(SEQUENCE)]
            _curve(left, model, "loss", colour)
            _curve(right, model, "recall", colour)
        left.set_title("Training loss")
        right.set_title("Recall on the validation pairs")
        for axes in (left, right):
            axes.set_xlabel("epoch (ring: weights kept)")
            axes.grid(visible=True, axis="y")
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper")
        return as_svg(figure, "Training loss and validation recall by epoch, a line per model")


def plot_steps(day: Day) -> Picture | None:
    """Draws seconds per step, stacked by region, and the highest peak memory per step."""
    done = [step for step in day.steps if step.seconds is not None]
    if not done:
        return None
    names = list(dict.fromkeys(step.step for step in done))
    scopes = sorted({step.region for step in done})
    seconds = {(step.step, step.region): step.seconds or 0.0 for step in done}
    memory = [
        max(step.peak_memory_mb or 0 for step in done if step.step == name) for name in names
    ]
    with drawing(9.6, 1.0 + ROW_IN * len(names)) as figure:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        parts = [
            (step_scope(scope), [seconds.get((n, scope), 0) for n in names]) for scope in scopes
        ]
        _stack(left, parts)
        right.barh(range(len(names)), memory, color=NEUTRAL, height=0.6)
        left.set_title("Seconds, stacked by region")
        right.set_title("Highest peak memory, MB")
        _rows(left, names)
        return as_svg(figure, "Seconds and peak memory by step")


def _dots(axes: Axes, regions: Sequence[RegionDay], metric: str) -> None:
    """Draws one row per region: a line over the systems' range, a dot per system."""
    values = [region.evaluation.metrics for region in regions if region.evaluation]
    for row, systems in enumerate(values):
        found = [value for figures in systems.values() if (value := figures[metric]) is not None]
        if found:
            axes.plot([min(found), max(found)], [row, row], color="#cfd6dd", linewidth=2, zorder=1)
    for system, colour in SYSTEM_COLOURS.items():
        points = [
            (value, row)
            for row, systems in enumerate(values)
            if (value := systems.get(system, {}).get(metric)) is not None
        ]
        if points:
            x, y = np.array(points).T
            size, marker = (52, "o") if system == "model" else (44, "|")
            label = SYSTEM_NAMES[system]
            axes.scatter(x, y, s=size, marker=marker, color=colour, label=label, zorder=2, lw=2)
    axes.set_xlim(left=0)
    _rows(axes, [region.region for region in regions])


def _stack(axes: Axes, parts: Iterable[tuple[str, Sequence[float]]]) -> None:
    start: np.ndarray | float = 0.0
    for index, (label, values) in enumerate(parts):
        rows = np.arange(len(values))
        colour = SEQUENCE[index % len(SEQUENCE)]
        axes.barh(rows, values, left=start, color=colour, label=label, height=0.6)
        start = start + np.asarray(values, dtype=float)
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.12), ncols=4, fontsize=8)


def _curve(axes: Axes, model: ModelRun, key: str, colour: str) -> None:
    points = [(row["epoch"], row[key]) for row in model.history if row.get(key) is not None]
    if not points:
        return
    x, y = np.array(points, dtype=float).T
    axes.plot(x, y, color=colour, marker=".", markersize=4, label=step_scope(model.region))
    kept = [point for point in points if point[0] == model.best_epoch]
    for epoch, value in kept:
        axes.plot(epoch, value, "o", color=colour, markersize=9, fillstyle="none")


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
