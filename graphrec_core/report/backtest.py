"""The page of past releases beside what then happened, and the picture of them by day."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from graphrec_core.config import PipelineConfig
from graphrec_core.evaluation.metrics import judged_metrics
from graphrec_core.evaluation.systems import MODEL
from graphrec_core.html import html_template
from graphrec_core.lake import Lake
from graphrec_core.report import wording
from graphrec_core.report.figures import Picture, as_svg, drawing
from graphrec_core.report.systems import system_colours, system_title


def write_backtest(lake: Lake, config: PipelineConfig, figures: Mapping[str, Any]) -> str:
    """Writes the page and returns its URI.

    Args:
        lake: The pipeline's lake.
        config: The pipeline.
        figures: See ``evaluation.forward.pooled``.
    """
    page = html_template(
        "graphrec_core.report", "backtest.html.j2", share=wording.share, day_of=wording.day_of
    )
    days = list(figures["days"])
    k = figures["k"]
    text = page.render(
        pipeline=config.pipeline,
        figures=figures,
        days=days,
        title=system_title,
        metrics=[(one.name, wording.metric_heading(one.name, k)) for one in judged_metrics()],
        pictures=[plot_days(figures, one.name, config) for one in judged_metrics()],
        horizon_days=config.time.horizon_days,
    )
    path = lake.layout.backtest(days[0], days[-1])
    lake.storage.write(path, text.encode())
    return lake.storage.uri(path)


def plot_days(figures: Mapping[str, Any], metric: str, config: PipelineConfig) -> Picture:
    """Draws one metric by day: a line per system, what the holdout promised as dots."""
    days, colours = figures["days"], system_colours(config.recommender)
    places = range(len(days))
    with drawing(9.6, 3.2) as figure:
        axes = figure.subplots()
        for system, colour in colours.items():
            values = [day["means"].get(system, {}).get(metric) for day in days.values()]
            if any(value is not None for value in values):
                width = 2.2 if system == MODEL else 1.1
                axes.plot(places, _gaps(values), ".-", color=colour, linewidth=width,
                          label=system_title(system))  # fmt: skip
        promised = [day["promised"].get(metric) for day in days.values()]
        axes.plot(places, _gaps(promised), "o", color=colours[MODEL], markerfacecolor="none",
                  label="promised by the holdout")  # fmt: skip
        axes.set_xticks(places, [wording.day_of(day) for day in days],
                        rotation=45 if len(days) > 8 else 0)  # fmt: skip
        axes.set_title(wording.metric_heading(metric, figures["k"]))
        axes.set_ylim(bottom=0)
        figure.legend(loc="outside right upper")
        return as_svg(figure, f"{metric} of each release on what followed, by system")


def _gaps(values: Iterable[float | None]) -> list[float]:
    """Leaves a gap in a line where there is no value."""
    return [math.nan if value is None else value for value in values]
