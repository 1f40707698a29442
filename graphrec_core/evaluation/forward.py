"""Releases on what happened after them: stored by region, averaged by day and by region."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from graphrec_core.config import PipelineConfig
from graphrec_core.evaluation.interval import FEWEST
from graphrec_core.evaluation.metrics import METRICS, judged_metrics, measured_systems
from graphrec_core.evaluation.systems import MODEL
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.layout import region_file
from graphrec_core.lake.records import ScoreFigures
from graphrec_core.types import Region, format_instant, parse_instant

PARTED = 2.0
"""Standard errors that less came than was promised from which on it is told: about one in 44 by
chance."""


@dataclass(frozen=True)
class Scored:
    """One region of one release, measured on what happened after it.

    Attributes:
        as_of: The release's instant.
        region: The region.
        queries: Metrics by query, as ``measure`` has them; system ``model`` is what served.
        promised: Metric -> mean that the holdout had found for it; None where something else
            served, or nobody was asked.
    """

    as_of: datetime
    region: Region
    queries: pa.Table
    promised: Mapping[str, float | None] | None

    @property
    def num_queries(self) -> int:
        """Its queries."""
        return int(self.queries.num_rows)


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


def _of_day(scored: Sequence[Scored]) -> dict[str, Any]:
    judged = [one for one in scored if one.promised]
    return {
        "num_queries": sum(one.num_queries for one in scored),
        "means": _means(scored),
        "promised": _promised(judged),
        "parted": _parted(judged),
    }


def _means(scored: Iterable[Scored]) -> Means:
    values: dict[str, dict[str, list[np.ndarray]]] = {}
    for one in scored:
        for system in measured_systems(one.queries.column_names):
            for metric in METRICS.values():
                column = np.asarray(one.queries[metric.column_of(system)])
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
    weights, found = [one.num_queries for one in judged], {}
    for name in METRICS if sum(weights) else ():
        means = [one.promised[name] or 0.0 for one in judged if one.promised]
        found[name] = round(float(np.average(means, weights=weights)), 6)
    return found


def _parted(judged: Sequence[Scored]) -> list[str]:
    """Names the judged metrics of which the holdout had promised more than came.

    None where fewer than ``FEWEST`` queries came: that may be chance.
    """
    promised, parted = _promised(judged), []
    for metric in judged_metrics() if promised else ():
        columns = [np.asarray(one.queries[metric.column_of(MODEL)]) for one in judged]
        came = np.concatenate(columns)
        if len(came) < FEWEST:
            return []
        # Few queries, or none with a hit, show less spread than a promise of so much lets expect:
        # that of a share is at most a coin's. The holdout's mean errs about as much as this one.
        coin = math.sqrt(promised[metric.name] * (1 - promised[metric.name]))
        error = math.sqrt(2 / len(came)) * max(came.std(), coin)
        if metric.better.sign * (promised[metric.name] - came.mean()) > PARTED * error:
            parted.append(metric.name)
    return parted


def by_region(scored: Sequence[Scored]) -> dict[Region, dict[str, Any]]:
    """Averages one day's regions, each as a day of ``pooled``."""
    return {one.region: _of_day([one]) for one in scored}


def write_scores(trial: Attempt, scored: Iterable[Scored]) -> None:
    """Writes the metrics by query, a file a region."""
    for one in scored:
        trial.write_table(region_file(one.region), one.queries)


def read_scores(artifact: Artifact) -> Iterator[Scored]:
    """Reads a release's regions, sorted.

    Raises:
        LakeError: A file is missing or damaged.
    """
    figures = artifact.manifest.figures(ScoreFigures)
    for region, one in sorted(figures.regions.items()):
        queries = artifact.read_table(region_file(region))
        yield Scored(parse_instant(figures.released), region, queries, one.promised)
