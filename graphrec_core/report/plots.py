"""The plots of the day's page, each from plain values; None where there is nothing to draw."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from graphrec_core.config import PipelineConfig
from graphrec_core.evaluation.metrics import METRICS
from graphrec_core.report.day import DayReport, ModelRun, RegionDay
from graphrec_core.report.figures import (
    NEUTRAL,
    REFUSED,
    SEQUENCE,
    Picture,
    as_svg,
    drawing,
    short,
)
from graphrec_core.report.systems import system_colours, system_marker, system_title
from graphrec_core.report.wording import count, metric_heading, step_scope

ROW_IN = 0.34
MARKER_SIZES = {"o": 52, "D": 20, "x": 30}


def plot_metrics(day: DayReport, config: PipelineConfig) -> Picture | None:
    """Draws every metric by region: a dot per system, the gate's bounds as dashed lines.

    Regions with fewer than ``gate.min_queries`` queries are faint and do not set the scale: what
    lies beyond it is drawn at its edge, as an arrow.
    """
    judged = [region for region in day.regions if region.evaluation is not None]
    if not judged:
        return None
    colours = system_colours(config.recommender)
    num_lines = -(-len(METRICS) // 2)
    with drawing(9.6, 1.1 + num_lines * (0.5 + ROW_IN * len(judged))) as figure:
        grid = list(figure.subplots(num_lines, 2, sharey=True, squeeze=False).flat)
        for axes, metric in zip(grid, METRICS.values(), strict=False):
            bound = metric.bound(config.gate) if metric.bound is not None else 0.0
            _dots(axes, judged, metric.name, config.gate.min_queries, bound, colours)
            axes.set_title(metric_heading(metric.name, day.k))
            if bound:
                axes.axvline(bound, color=REFUSED, linestyle="--", linewidth=1)
        for axes in grid[len(METRICS) :]:
            axes.set_visible(False)
        figure.legend(handles=_legend(judged, colours), loc="outside upper left", ncols=4)
        return as_svg(figure, "Metrics by region: the model against its references, as dots")


def plot_sizes(day: DayReport) -> Picture | None:
    """Draws each region's nodes by role and edges by whether they cross its border."""
    if not day.regions:
        return None
    names = [short(region.region) for region in day.regions]
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
        name_rows(left, names)
        return as_svg(figure, "Nodes and edges by region, halo and border crossings marked")


def plot_training(models: Sequence[ModelRun]) -> Picture | None:
    """Draws loss and the validation's metric by epoch, a line per model, the kept epoch marked."""
    trained = [model for model in models if model.history]
    if not trained:
        return None
    with drawing(9.6, 3.0) as figure:
        left, right = figure.subplots(1, 2)
        for index, model in enumerate(trained):
            colour = SEQUENCE[index % len(SEQUENCE)]
            _curve(left, model, "loss", colour)
            _curve(right, model, "value", colour)
        left.set_title("Training loss")
        right.set_title(f"Validation {trained[0].metric}".strip())
        for axes in (left, right):
            axes.set_xlabel("epoch (ring: weights kept)")
            axes.grid(visible=True, axis="y")
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper")
        return as_svg(figure, "Training loss and validation by epoch, a line per model")


def plot_steps(day: DayReport) -> Picture | None:
    """Draws seconds per step, stacked by region, and the highest peak memory per step."""
    done = [step for step in day.steps if step.seconds is not None]
    if not done:
        return None
    names = list(dict.fromkeys(step.step for step in done))
    scopes = sorted({step.region for step in done})
    seconds: dict[tuple[str, str], float] = {}
    for step in done:
        key = step.step, step.region
        seconds[key] = seconds.get(key, 0.0) + (step.seconds or 0.0)
    memory = [
        max(step.peak_memory_mb or 0 for step in done if step.step == name) for name in names
    ]
    with drawing(9.6, 1.0 + ROW_IN * len(names)) as figure:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        parts = [
            (short(step_scope(scope)), [seconds.get((n, scope), 0) for n in names])
            for scope in scopes
        ]
        _stack(left, parts)
        right.barh(range(len(names)), memory, color=NEUTRAL, height=0.6)
        left.set_title("Seconds, stacked by region")
        right.set_title("Highest peak memory, MB")
        name_rows(left, names)
        return as_svg(figure, "Seconds and peak memory by step")


def _dots(
    axes: Axes,
    regions: Sequence[RegionDay],
    metric: str,
    enough: int,
    bound: float,
    colours: Mapping[str, str],
) -> None:
    """Draws one row per region: a line over the systems' range, a dot per system."""
    judged = [(region, region.evaluation) for region in regions if region.evaluation]
    large = [evaluation.num_queries >= enough for _, evaluation in judged]
    values = [evaluation.metrics for _, evaluation in judged]
    limit = max(bound, greatest([_figures(systems, metric) for systems in values], large))
    for row, (systems, is_large) in enumerate(zip(values, large, strict=True)):
        if found := _figures(systems, metric):
            axes.plot([min(found), max(found)], [row, row], color="#cfd6dd", linewidth=2, zorder=1)
        for system, colour in colours.items():
            value = systems.get(system, {}).get(metric)
            if value is not None:
                _dot(axes, value, limit, row, colour, system_marker(system), is_large=is_large)
    axes.set_xlim(0, limit * 1.03)
    names = [
        f"{short(region.region)} ({count(evaluation.num_queries)})"
        for region, evaluation in judged
    ]
    name_rows(axes, names)


def _legend(regions: Sequence[RegionDay], colours: Mapping[str, str]) -> list[Line2D]:
    measured = {name for one in regions if one.evaluation for name in one.evaluation.metrics}
    return [
        Line2D([], [], color=colour, marker=system_marker(name), linestyle="",
               markersize=MARKER_SIZES.get(system_marker(name), 44) ** 0.5,
               markeredgewidth=2, label=system_title(name))
        for name, colour in colours.items() if name in measured
    ]  # fmt: skip


def _dot(
    axes: Axes, value: float, limit: float, row: int, colour: str, marker: str, *, is_large: bool
) -> None:
    axes.scatter(
        min(value, limit), row, s=MARKER_SIZES.get(marker, 44),
        marker=">" if value > limit else marker,
        color=colour, lw=2, zorder=2 if marker == "o" else 3, alpha=1.0 if is_large else 0.45,
    )  # fmt: skip


def _figures(systems: Mapping[str, Mapping[str, float | None]], metric: str) -> list[float]:
    return [value for figures in systems.values() if (value := figures.get(metric)) is not None]


def greatest(figures: Sequence[Sequence[float]], large: Sequence[bool]) -> float:
    """Returns the greatest value among regions with enough queries, or else among all."""
    every = [max(found, default=0.0) for found in figures]
    trusted = [one for one, is_large in zip(every, large, strict=True) if is_large]
    return max(trusted or every) or 1.0


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
    axes.plot(
        x,
        y,
        color=colour,
        marker=".",
        markersize=4,
        label=short(step_scope(model.region, model.source)),
    )
    kept = [point for point in points if point[0] == model.best_epoch]
    for epoch, value in kept:
        axes.plot(epoch, value, "o", color=colour, markersize=9, fillstyle="none")


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Names the rows of a picture from the top down."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
