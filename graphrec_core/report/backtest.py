"""Past releases beside what then happened: means by day and region, and a page that draws them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from graphrec_core.config import PipelineConfig
from graphrec_core.evaluation.measure import Measured
from graphrec_core.evaluation.metrics import METRICS, judged_metrics
from graphrec_core.evaluation.systems import MODEL
from graphrec_core.html import html_template
from graphrec_core.lake import Lake
from graphrec_core.lake.records import EvaluationFigures
from graphrec_core.report import wording
from graphrec_core.report.figures import Picture, as_svg, drawing
from graphrec_core.report.systems import system_colours, system_title
from graphrec_core.types import Region, format_instant

PARTED = 2.0
"""Standard errors that less came than was promised from which on it is told: about one in 44 by
chance."""


@dataclass(frozen=True)
class Scored:
    """One region of one release, measured on what happened after it.

    Attributes:
        as_of: The release's instant.
        region: The region.
        measured: Metrics by query; system ``model`` is what served.
        promised: How the holdout had judged it; None where something else served.
    """

    as_of: datetime
    region: Region
    measured: Measured
    promised: EvaluationFigures | None

    @property
    def num_queries(self) -> int:
        """Its queries."""
        return int(self.measured.queries.num_rows)


Means = dict[str, dict[str, float | None]]
"""System -> metric -> mean over its queries, None without any; and their number, since a system
need not have answered in every region."""


def pooled(scored: Sequence[Scored], config: PipelineConfig) -> dict[str, Any]:
    """Averages over all queries, and by day and by region, as JSON values.

    Days are as ``20100901T000000Z``. A day says too what the holdout had promised of the regions
    where the judged candidate served, and whether that parts from what came.
    """
    days = sorted({one.as_of for one in scored})
    regions = sorted({one.region for one in scored})
    return {
        "k": config.evaluation.k,
        "num_queries": sum(one.num_queries for one in scored),
        "means": _means(scored),
        "days": {
            format_instant(day): _of_day([one for one in scored if one.as_of == day])
            for day in days
        },
        "regions": {
            region: _means([one for one in scored if one.region == region]) for region in regions
        },
    }


def write_backtest(lake: Lake, config: PipelineConfig, figures: Mapping[str, Any]) -> str:
    """Writes the page and returns its URI.

    Args:
        lake: The pipeline's lake.
        config: The pipeline.
        figures: See ``pooled``.
    """
    page = html_template("graphrec_core.report", "backtest.html.j2", share=wording.share)
    days = list(figures["days"])
    k = figures["k"]
    text = page.render(
        pipeline=config.pipeline,
        figures=figures,
        days=days,
        title=system_title,
        metrics=[(one.name, wording.metric_heading(one.name, k)) for one in judged_metrics()],
        pictures=[_plot(figures, one.name, config) for one in judged_metrics()],
        horizon_days=config.time.horizon_days,
    )
    path = lake.layout.backtest(days[0], days[-1])
    lake.storage.write(path, text.encode())
    return lake.storage.uri(path)


def _of_day(scored: Sequence[Scored]) -> dict[str, Any]:
    judged = [one for one in scored if one.promised is not None]
    return {
        "num_queries": sum(one.num_queries for one in scored),
        "means": _means(scored),
        "promised": _promised(judged),
        "parted": _parted(judged),
    }


def _means(scored: Iterable[Scored]) -> Means:
    values: dict[str, dict[str, list[np.ndarray]]] = {}
    for one in scored:
        for system in one.measured.systems:
            for metric in METRICS.values():
                column = np.asarray(one.measured.queries[metric.column_of(system)])
                values.setdefault(system, {}).setdefault(metric.name, []).append(column)
    return {
        system: {
            **{name: _mean(np.concatenate(parts)) for name, parts in metrics.items()},
            "num_queries": sum(map(len, next(iter(metrics.values())))),
        }
        for system, metrics in values.items()
    }


def _mean(values: np.ndarray) -> float | None:
    return round(float(values.mean()), 6) if len(values) else None


def _promised(judged: Sequence[Scored]) -> dict[str, float]:
    """Pools what the holdouts had said of the models, a region by the queries that came."""
    known = [one for one in judged if one.promised and one.promised.num_queries]
    total = sum(one.num_queries for one in known)
    found = {}
    for name in METRICS if total else ():
        means = [one.promised.metrics[MODEL][name] or 0.0 for one in known if one.promised]
        weights = [one.num_queries for one in known]
        found[name] = round(float(np.average(means, weights=weights)), 6)
    return found


def _parted(judged: Sequence[Scored]) -> list[str]:
    """Names the judged metrics of which the holdout had promised more than came."""
    judged = [one for one in judged if one.promised and one.promised.num_queries]
    promised, parted = _promised(judged), []
    for metric in judged_metrics() if promised else ():
        columns = [np.asarray(one.measured.queries[metric.column_of(MODEL)]) for one in judged]
        came = np.concatenate(columns)
        # The holdout's mean has an error, too, about as great as this one.
        error = math.sqrt(2) * came.std() / math.sqrt(len(came))
        if metric.better.sign * (promised[metric.name] - came.mean()) > PARTED * error:
            parted.append(metric.name)
    return parted


def _plot(figures: Mapping[str, Any], metric: str, config: PipelineConfig) -> Picture:
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
        axes.set_xticks(places, [f"{day[:4]}-{day[4:6]}-{day[6:8]}" for day in days],
                        rotation=45 if len(days) > 8 else 0)  # fmt: skip
        axes.set_title(wording.metric_heading(metric, figures["k"]))
        axes.set_ylim(bottom=0)
        figure.legend(loc="outside right upper")
        return as_svg(figure, f"{metric} of each release on what followed, by system")


def _gaps(values: Iterable[float | None]) -> list[float]:
    """Leaves a gap in a line where there is no value."""
    return [math.nan if value is None else value for value in values]
