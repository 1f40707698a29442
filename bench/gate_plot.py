"""The gate's error rates as a picture, and the picture of one decision for the documentation."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from graphrec_core.lake.records import GateDecision
from graphrec_core.report.figures import PASSED, REFUSED, UNDECIDED
from graphrec_core.report.gate_picture import plot_gate

PARTS = {"passed": PASSED, "undecided": UNDECIDED, "refused": REFUSED}
ROWS = (1, 200)


def plot_rates(rates: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draws a column per loss of quality, a row for one region and one for 200 regions."""
    usual = [row for row in rates if row["company"] == "champion"]
    losses = sorted({row["worse"] for row in usual})
    figure = Figure(figsize=(10, 5.4), layout="constrained", dpi=110)
    grid = figure.subplots(len(ROWS), len(losses), sharey=True)
    for line, num_regions in zip(grid, ROWS, strict=True):
        for axes, worse in zip(line, losses, strict=True):
            chosen = [
                row for row in usual if (row["num_regions"], row["worse"]) == (num_regions, worse)
            ]
            _bars(axes, chosen)
            name = "an equal model" if worse == 0 else f"{worse:.0%} worse"
            axes.set_title(f"{name}, {num_regions} region{'s' * (num_regions > 1)}", fontsize=9)
        line[0].set_ylabel("share of regions", fontsize=8)
    figure.supxlabel("judged queries of a region", fontsize=9)
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    figure.savefig(path, metadata={"Software": None})


def plot_example(decisions: Sequence[GateDecision], path: Path) -> None:
    """Writes the report's own picture of some decisions (SVG)."""
    picture = plot_gate(decisions, "an example", 20, min_queries=100)
    if picture is not None:
        path.write_bytes(base64.b64decode(picture.uri.split(",")[1]))


def _bars(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    places, start = range(len(rows)), [0.0] * len(rows)
    for part, colour in PARTS.items():
        heights = [row[part] for row in rows]
        axes.bar(places, heights, bottom=start, color=colour, label=part, width=0.85)
        start = [low + height for low, height in zip(start, heights, strict=True)]
    axes.set_xticks(places, [f"{row['num_queries']:,}" for row in rows], fontsize=7, rotation=45)
    axes.tick_params(axis="y", labelsize=8)
    axes.set_ylim(0, 1)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
