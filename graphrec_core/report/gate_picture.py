"""The gate of one region as a picture: each comparison's difference with its interval."""

from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes

from graphrec_core.evaluation.interval import FEWEST
from graphrec_core.evaluation.metrics import METRICS
from graphrec_core.lake.records import Better, GateDecision
from graphrec_core.report.figures import (
    NEUTRAL,
    PASSED,
    REFUSED,
    UNDECIDED,
    Picture,
    as_svg,
    drawing,
)
from graphrec_core.report.plots import ROW_IN, name_rows
from graphrec_core.report.wording import queries_of, rule_name

COLOURS = {"passed": PASSED, "failed": REFUSED, "undecided": UNDECIDED}
BOUND = "#20262c"
WHOLE_RANGE = (-1.0, 1.0)
"""The interval of a difference of shares of which nothing is known."""
MARGIN = 0.08
"""Room on both sides, as a share of the drawn width."""


def plot_gate(
    rules: Sequence[GateDecision], region: str, k: int | None, min_queries: int
) -> Picture | None:
    """Draws the paired differences to the references with their intervals.

    Rules that were judged on fewer than ``min_queries`` queries do not set the scale where any
    other does; what lies beyond is an arrow at the edge. A bar that says nothing is dotted.
    Shares have one scale, and every other metric its own; left is worse on each.
    """
    compared = [rule for rule in rules if rule.difference is not None]
    if not compared:
        return None
    parts = list(by_scale(compared).values())
    sizes = [len(part) for part in parts]
    with drawing(8.4, 0.75 * len(parts) + ROW_IN * len(compared)) as figure:
        grid = figure.subplots(len(parts), height_ratios=sizes, squeeze=False).flat
        for axes, part in zip(grid, parts, strict=True):
            draw_part(axes, part, difference_limits(part, min_queries), k)
        return as_svg(figure, f"Gate of {region}: differences to the references with intervals")


def by_scale(rules: Sequence[GateDecision]) -> dict[str, list[GateDecision]]:
    """Groups decisions by the scale of their metric: all shares, and each other metric alone."""
    parts: dict[str, list[GateDecision]] = {}
    for rule in rules:
        metric = METRICS.get(rule.metric)
        scale = "shares" if metric is None or metric.is_share else metric.name
        parts.setdefault(scale, []).append(rule)
    return parts


def draw_part(
    axes: Axes, rules: Sequence[GateDecision], limits: tuple[float, float], k: int | None
) -> None:
    """Draws decisions of one scale, a row each; where less is better, the axis runs down."""
    less_is_better = rules[0].better is Better.SMALLER
    for row, rule in enumerate(rules):
        _draw(axes, row, rule, limits)
    axes.axvline(0, color=NEUTRAL, linewidth=1)
    axes.set_xlim(*(limits[::-1] if less_is_better else limits))
    name_rows(axes, [f"{rule_name(rule, k)}\n{queries_of(rule)}" for rule in rules])
    axes.tick_params(axis="y", labelsize=7.5, pad=8)
    bound = "greatest" if less_is_better else "least"
    axes.set_xlabel(
        f"model minus reference (bar: interval, dotted: cannot tell, |: {bound} difference)"
    )


def difference_limits(rules: Sequence[GateDecision], min_queries: int) -> tuple[float, float]:
    """Returns the ends of the axis: 0 and what was judged on enough queries, with a margin."""
    enough = [rule for rule in rules if rule.num_queries >= min_queries] or rules
    values = [0.0]
    for rule in enough:
        parts = [rule.difference, rule.bound]
        if rule.num_queries >= FEWEST:
            parts += [rule.interval_low, rule.interval_high]
        values += [part for part in parts if part is not None]
    margin = MARGIN * ((max(values) - min(values)) or 1.0)
    return min(values) - margin, max(values) + margin


def _draw(axes: Axes, row: int, rule: GateDecision, limits: tuple[float, float]) -> None:
    colour, value = COLOURS[rule.outcome], rule.difference or 0.0
    ends = [end for end in (rule.interval_low, rule.interval_high) if end is not None]
    says_nothing = rule.num_queries < FEWEST or tuple(ends) == WHOLE_RANGE
    axes.plot(
        [_within(end, limits) for end in ends],
        [row] * len(ends),
        color=colour,
        linestyle=":" if says_nothing else "-",
        linewidth=1.2 if says_nothing else 3,
        solid_capstyle="butt",
    )
    for edge, arrow in arrows(ends, limits, rule.better):
        axes.plot(edge, row, marker=arrow, color=colour, markersize=8, clip_on=False)
    if limits[0] <= value <= limits[1]:
        axes.plot(value, row, "o", color=colour, markersize=6)
    axes.plot(rule.bound or 0.0, row, "|", color=BOUND, markersize=14)


def arrows(
    ends: Sequence[float], limits: tuple[float, float], better: Better = Better.GREATER
) -> list[tuple[float, Literal["<", ">"]]]:
    """Returns where an arrow says that an interval goes on beyond the axis, and which way."""
    low, high = limits
    below: Literal["<", ">"] = "<"
    above: Literal["<", ">"] = ">"
    if better is Better.SMALLER:
        below, above = above, below
    found: list[tuple[float, Literal["<", ">"]]] = []
    if ends and min(ends) < low:
        found.append((low, below))
    if ends and max(ends) > high:
        found.append((high, above))
    return found


def _within(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])
