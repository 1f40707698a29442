"""The gate of one region as a picture: each comparison's difference with its interval."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from graphrec_core.evaluation.gates import GateDecision
from graphrec_core.evaluation.interval import FEWEST
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
MARGIN = 0.08
"""Room on both sides, as a share of the drawn width."""


def plot_gate(
    rules: Sequence[GateDecision], region: str, k: int | None, min_queries: int
) -> Picture | None:
    """Draws the paired differences to the references with their intervals.

    Rules that were judged on fewer than ``min_queries`` queries do not set the scale where any
    other does, and one that cannot conclude has no bar; what lies beyond is an arrow at the edge.
    """
    compared = [rule for rule in rules if rule.difference is not None]
    if not compared:
        return None
    limits = difference_limits(compared, min_queries)
    with drawing(8.4, 0.75 + ROW_IN * len(compared)) as figure:
        axes = figure.subplots()
        for row, rule in enumerate(compared):
            _draw(axes, row, rule, limits)
        axes.axvline(0, color=NEUTRAL, linewidth=1)
        axes.set_xlim(*limits)
        name_rows(axes, [f"{rule_name(rule, k)}\n{queries_of(rule)}" for rule in compared])
        axes.tick_params(axis="y", labelsize=7.5)
        axes.set_xlabel("model minus reference (bar: interval, |: least difference)")
        return as_svg(figure, f"Gate of {region}: differences to the references with intervals")


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
    colour, (low, high) = COLOURS[rule.outcome], limits
    ends = [end for end in (rule.interval_low, rule.interval_high) if end is not None]
    if rule.num_queries >= FEWEST:
        axes.plot(ends, [row] * len(ends), color=colour, linewidth=3, solid_capstyle="butt")
    value = rule.difference or 0.0
    marker = "<" if value < low else ">" if value > high else "o"
    axes.plot(min(max(value, low), high), row, marker, color=colour, markersize=6, clip_on=False)
    axes.plot(rule.bound or 0.0, row, "|", color="#20262c", markersize=14)
