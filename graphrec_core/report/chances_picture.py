"""The learned ranker's chances: how true they are, and how they go with its features."""

from graphrec_core.lake.records import RankerFigures
from graphrec_core.report.figures import NEUTRAL, SEQUENCE, Picture, as_svg, drawing

NUM_COLUMNS = 3


def plot_reliability(ranker: RankerFigures) -> Picture | None:
    """Draws chances against the share that was met; None where no query was held out."""
    shown = [one for one in ranker.reliability if one.rate > 0]
    if not shown:
        return None
    chances, rates = [one.chance for one in shown], [one.rate for one in shown]
    with drawing(4.4, 3.6) as figure:
        axes = figure.subplots()
        ends = [min(chances + rates), max(chances + rates)]
        axes.plot(ends, ends, color=NEUTRAL, linewidth=1, linestyle=":")
        axes.plot(chances, rates, color=SEQUENCE[0], marker="o", markersize=4)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("chance")
        axes.set_ylabel("share that was met")
        axes.grid(visible=True, axis="y")
        return as_svg(figure, "Chances against the share that was met, by queries held out")


def plot_dependence(ranker: RankerFigures) -> Picture | None:
    """Draws how the mean chance goes with each of the strongest features."""
    if not ranker.dependence:
        return None
    curves = ranker.dependence
    num_rows = -(-len(curves) // NUM_COLUMNS)
    with drawing(9.6, 2.1 * num_rows) as figure:
        grid = figure.subplots(num_rows, NUM_COLUMNS, sharey=True, squeeze=False)
        for axes in grid.flat[len(curves) :]:
            axes.set_visible(False)
        for axes, (name, curve) in zip(grid.flat, curves.items(), strict=False):
            values, chances = zip(*curve, strict=True)
            axes.plot(values, chances, color=SEQUENCE[0], marker="o", markersize=3)
            axes.set_title(name)
            axes.grid(visible=True, axis="y")
        for row in grid:
            row[0].set_ylabel("mean chance")
        return as_svg(figure, "The mean chance by the value of each of the strongest features")
