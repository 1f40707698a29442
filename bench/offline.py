"""A pipeline's ranker, fitted and judged again and again on pairs that are read once.

What the sources propose, and its features, do not depend on the ranker. So they are read once per
day by the project's own steps, and a ranker is then fitted to a part of them, and asked to order
a part of them, as ``fit-ranker`` and ``recommend`` would where the rest did not exist.
"""

import argparse
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bench.intervals import interval
from graphrec_core.config import PipelineConfig, StepName, load_pipeline
from graphrec_core.config.recommender import LightGBMConfig
from graphrec_core.day import Day
from graphrec_core.evaluation.holdout import read_holdout
from graphrec_core.evaluation.metrics import METRICS, Answers, judged_metrics
from graphrec_core.judging.build_window import produce_window, read_window
from graphrec_core.judging.fit_models import fit_tree_model
from graphrec_core.judging.held_queries import held_out, query_numbers
from graphrec_core.judging.ranker_window import RankerWindow, WindowReader
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.retrieval.chance_model import REGION, ChanceModel, with_region
from graphrec_core.retrieval.pair_features import feature_names
from graphrec_core.retrieval.ranker import best_of_each
from graphrec_core.snapshot.daily import produce_snapshot
from graphrec_core.training.region_model import produce_model
from graphrec_core.types import Region, View, parse_instant

CONFIG = Path(__file__).parents[1] / "configs" / "gowalla.yaml"
DATA, DAYS = "gowalla_cities", ("2010-05-26", "2010-07-07")
"""Gowalla's trial days: none that it is tested on."""
Values = dict[str, np.ndarray]
"""Metric -> a value per query."""
METRIC_NAMES = tuple(metric.name for metric in judged_metrics())


@dataclass(frozen=True)
class Judged:
    """What the sources propose to the queries of a region, and how much they then met.

    Attributes:
        pairs: All of it, by query.
        num_targets: int64 [Q]; what each query met, proposed or not.
        queries: int64 [Q]; their numbers, as ``pairs`` has them.
    """

    pairs: RankerWindow
    num_targets: np.ndarray
    queries: np.ndarray


@dataclass(frozen=True)
class Forward:
    """One day: what its ranker is fitted to, and what came after it.

    Attributes:
        config: The pipeline.
        windows: The day's and earlier ones, region by region.
        judged: The horizon after the day, region by region.
    """

    config: PipelineConfig
    windows: list[RankerWindow]
    judged: list[Judged]

    @property
    def sources(self) -> list[str]:
        """Names of the sources."""
        return list(self.config.recommender.sources)

    @property
    def names(self) -> list[str]:
        """Names of the features, without the region."""
        return feature_names(self.sources)

    @property
    def ranker(self) -> LightGBMConfig:
        """The ranker's settings."""
        settings = self.config.recommender.ranker
        if not isinstance(settings, LightGBMConfig):
            raise TypeError(f"trees are fitted here, not {settings.model}")
        return settings


def gowalla(given: argparse.Namespace) -> Iterator[Forward]:
    """Reads Gowalla's trial days; with ``--quick`` the first alone, and two windows."""
    settings = [f"source.root={(given.data / DATA).resolve()}", "snapshot.engine=duckdb"]
    settings += [*given.set, *(["recommender.ranker.num_windows=2"] if given.quick else [])]
    for day in given.day or (DAYS[:1] if given.quick else DAYS):
        yield _gowalla(day, tuple(settings))


@cache  # one row reads what the next one needs too
def _gowalla(day: str, settings: tuple[str, ...]) -> Forward:
    with tempfile.TemporaryDirectory() as lake:
        config = load_pipeline(CONFIG, [*settings, f"lake.root={lake}"])
        return read_forward(Day(config, parse_instant(day)))


def read_forward(day: Day) -> Forward:
    """Makes a day's windows, and the window of two horizons later, which nothing is fitted to.

    Its fit view ends at the day's instant, as the day's serve view does, and its fit holdout is
    the horizon after that.
    """
    later = Day(day.config, day.as_of + 2 * day.config.time.horizon)
    for one in (*reversed(day.earlier_window_days), day, later):
        _prepare(one)
    day = Day(day.config, day.as_of)  # it looks its windows up once
    windows = [
        window
        for one in (day, *day.reached_window_days)
        for window in read_window(produce_window(one), _regions(one))
    ]
    return Forward(day.config, windows, list(_judged(later)))


def _prepare(day: Day) -> None:
    produce_snapshot(day)
    for name, source in day.config.recommender.sources.items():
        for region in _regions(day) if source.is_trained else ():
            produce_model(day, region, name)


def _regions(day: Day) -> list[Region]:
    snapshot = day.open(day.ref(StepName.SNAPSHOT))
    return sorted(snapshot.manifest.figures(SnapshotFigures).regions)


def _judged(later: Day) -> Iterator[Judged]:
    snapshot = later.open(later.ref(StepName.SNAPSHOT))
    reader = WindowReader(later, snapshot)
    for region in _regions(later):
        blocks = list(reader.read(region))
        pairs = RankerWindow(
            region,
            np.concatenate([one.features for one in blocks]),
            np.concatenate([one.is_met for one in blocks]),
            np.concatenate([one.queries for one in blocks]),
        )
        holdout = read_holdout(snapshot, region, later.config.task, View.FIT)
        yield Judged(pairs, holdout.targets.counts, query_numbers(holdout.query_ids))


def fit(
    windows: Sequence[RankerWindow], names: Sequence[str], settings: LightGBMConfig
) -> ChanceModel:
    """Fits trees as ``fit-ranker`` does.

    Args:
        windows: Pairs; those of queries with a click are fitted to.
        names: Their features.
        settings: The ranker's settings.
    """
    # They were sampled before: all that is left to do is to forget who has no click any more.
    kept = [one.sampled(1, np.random.default_rng(0)) for one in windows]
    regions = tuple(sorted({one.region for one in kept if len(one.is_met)}))
    rows = np.concatenate([with_region(one.features, one.region, regions) for one in kept])
    is_met = np.concatenate([one.is_met for one in kept])
    is_held = held_out(
        np.concatenate([one.queries for one in kept]), settings.held_frac, settings.seed
    )
    return fit_tree_model(rows, is_met, is_held, [*names, REGION], regions, settings)[0]


def judge(model: ChanceModel, judged: Judged, config: PipelineConfig) -> Values:
    """Orders what is proposed to a region's queries; returns metric -> value of each, [Q]."""
    order = np.argsort(judged.queries)
    places = order[np.searchsorted(judged.queries, judged.pairs.queries, sorter=order)]
    depth, pairs = config.evaluation.depth, np.arange(len(places))
    chances = model.chances(judged.pairs.features, judged.pairs.region)
    nobody = np.zeros((len(pairs), 0), dtype=bool)
    rows = best_of_each(len(judged.queries), depth, places, pairs, chances, nobody).rows
    hits = (rows >= 0) & judged.pairs.is_met[rows] if len(pairs) else rows >= 0
    answers = Answers(hits, judged.num_targets, config.evaluation.k, depth)
    return {name: METRICS[name].per_query(answers) for name in METRIC_NAMES}


def pooled(several: Iterable[Values]) -> Values:
    """Puts the values of several regions or days one after the other."""
    found = list(several)
    return {name: np.concatenate([one[name] for one in found]) for name in METRIC_NAMES}


def differences(
    name: str, values: Values, others: Values, peer: str, *, must_gain: bool = False
) -> list[dict[str, Any]]:
    """Says by each metric how far one ranker lies above another one on the same queries.

    Args:
        name: Of a row, with ``{metric}`` in it.
        values: The one's.
        others: The other one's.
        peer: What the other one is called.
        must_gain: Whether the 95 % interval must lie above 0; else there is no bound.
    """
    found = []
    for metric in METRIC_NAMES:
        difference = values[metric] - others[metric]
        low, high = interval(difference)
        found.append({
            "name": name.format(metric=metric),
            "value": round(float(difference.mean()), 4),
            "interval": [round(low, 4), round(high, 4)],
            "bound": "interval above 0" if must_gain else None,
            "peer": f"{peer}: {others[metric].mean():.4f}",
            "queries": len(difference),
            "pass": not must_gain or low > 0,
        })  # fmt: skip
    return found
