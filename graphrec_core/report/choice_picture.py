"""How the recommenders that competed did: their scores against the configured one's, by region."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from graphrec_core.config.recommender import OWN
from graphrec_core.lake.records import ChoiceFigures, ContenderFigures, ContestFigures
from graphrec_core.report.figures import NEUTRAL, SEQUENCE, Picture, as_svg, drawing, short
from graphrec_core.report.plots import ROW_IN, name_rows
from graphrec_core.report.wording import count
from graphrec_core.types import Region

POOL = "all regions"


@dataclass(frozen=True)
class ContenderRow:
    """One recommender in one region, or in all of them.

    Attributes:
        place: The region, or ``POOL``.
        name: The recommender.
        figures: How it did.
        num_queries: On how many queries.
        by: What chose it; empty: it is not chosen.
    """

    place: str
    name: str
    figures: ContenderFigures
    num_queries: int
    by: str = ""

    @property
    def is_chosen(self) -> bool:
        """Whether it serves the region."""
        return bool(self.by)


def contender_rows(choice: ChoiceFigures) -> list[ContenderRow]:
    """Lists who competed, region by region and then in all: the configured one first."""
    each = choice.regions.items()
    rows = [row for region, contest in each for row in _rows(region, contest, choice)]
    return [*rows, *_rows(POOL, choice.pool, choice)]


def _rows(place: str, contest: ContestFigures, choice: ChoiceFigures) -> Iterator[ContenderRow]:
    region = Region(place)
    for name in sorted(contest.contenders, key=lambda name: (name != OWN, name)):
        is_chosen = choice.chosen.get(region) == name
        by = choice.chosen_by[region] if is_chosen else ""
        yield ContenderRow(place, name, contest.contenders[name], contest.num_queries, by)


def plot_choice(choice: ChoiceFigures | None) -> Picture | None:
    """Draws each challenger's score against the configured one's; None where nobody has any."""
    rows = contender_rows(choice) if choice else []
    shown = [row for row in rows if row.figures.ratio is not None]
    if not shown:
        return None
    names = list(dict.fromkeys(row.name for row in shown))
    colours = {name: SEQUENCE[place % len(SEQUENCE)] for place, name in enumerate(sorted(names))}
    places = list(dict.fromkeys(row.place for row in shown))
    with drawing(8.4, 1.1 + ROW_IN * (len(places) + len(shown)) * 0.6) as figure:
        axes = figure.subplots()
        for row in shown:
            own = [one.name for one in shown if one.place == row.place]
            offset = (own.index(row.name) - (len(own) - 1) / 2) * 0.7 / len(own)
            _draw(axes, places.index(row.place) + offset, row, colours[row.name])
        axes.axvline(0, color=NEUTRAL, linewidth=1)
        axes.set_xlabel(
            "score against the configured recommender's, % (bar: interval; filled: serves)"
        )
        name_rows(axes, [_title(place, shown) for place in places])
        handles = [
            Line2D([], [], color=colour, marker="o", linestyle="", label=short(name))
            for name, colour in colours.items()
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=4)
        return as_svg(figure, "Challengers' scores against the configured one's, by region")


def _title(place: str, rows: Sequence[ContenderRow]) -> str:
    num = next(row.num_queries for row in rows if row.place == place)
    return f"{short(place)}\n{count(num)} queries"


def _draw(axes: Axes, height: float, row: ContenderRow, colour: str) -> None:
    figures = row.figures
    if figures.ratio is None or figures.ratio_low is None or figures.ratio_high is None:
        return
    low, value, high = (
        100 * (one - 1) for one in (figures.ratio_low, figures.ratio, figures.ratio_high)
    )
    axes.plot([low, high], [height, height], color=colour, linewidth=1.4)
    face = colour if row.is_chosen else "white"
    axes.plot(value, height, "o", color=colour, markerfacecolor=face, markersize=6)
