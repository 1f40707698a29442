"""A day's ranker: found, or fitted on the fit view of all regions and committed."""

import logging
from collections.abc import Sequence

import numpy as np

from graphrec_core.config import StepName
from graphrec_core.config.recommender import LightGBMConfig
from graphrec_core.day import Day
from graphrec_core.errors import AbsentError, ConfigError, GraphrecError
from graphrec_core.judging.ranker_window import RankerWindow, WindowReader
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import RankerFigures, SnapshotFigures
from graphrec_core.models.trees import fit_trees
from graphrec_core.retrieval.learned_ranker import (
    REGION,
    TreeModel,
    region_number,
    write_trees,
)
from graphrec_core.retrieval.pair_features import feature_names
from graphrec_core.types import Region

logger = logging.getLogger(__name__)


def produce_ranker(day: Day) -> Artifact:
    """Fits one ranker for all regions.

    A region without a fit view, or without a model of a source, is left out and named. Where the
    regions together have too few queries with a click nothing is fitted, and said: lists are then
    merged by reciprocal rank.

    Raises:
        ConfigError: The configured ranker is not a fitted one.
        LakeError: The day's snapshot is missing, or no region has a model of some source.
    """
    settings = day.config.recommender.ranker
    if not isinstance(settings, LightGBMConfig):
        raise ConfigError(
            must="fit-ranker needs a ranker that is fitted: recommender.ranker.model=lightgbm.",
            found=settings.model,
            fix="Leave fit-ranker out, or set the ranker.",
        )

    _require_models(day)

    def write(trial: Attempt) -> RankerFigures:
        windows, left_out = _windows(day)
        random = np.random.default_rng(settings.seed)
        chosen = [one.sampled(settings.negatives_frac, random) for one in windows]
        chosen = [one for one in chosen if len(one.is_met)]
        counts = {
            "num_queries": sum(len(np.unique(one.queries)) for one in chosen),
            "num_clicks": sum(int(one.is_met.sum()) for one in chosen),
            "num_pairs": sum(len(one.is_met) for one in chosen),
        }
        least = day.config.training.min_queries
        if counts["num_queries"] < least:
            why = f"{counts['num_queries']} queries with a click, training.min_queries is {least}"
            logger.warning("no ranker is fitted: %s; lists merge by reciprocal rank", why)
            return RankerFigures(regions=(), left_out=left_out, why_none=why, **counts)
        model, importance = _fit(chosen, list(day.config.recommender.sources), settings)
        write_trees(trial, model)
        return RankerFigures(
            regions=model.regions, left_out=left_out, importance=importance, **counts
        )

    return day.produce(day.ref(StepName.RANKER), write)


def _require_models(day: Day) -> None:
    for source, models in day.fitted_models.items():
        if not models:
            raise AbsentError(
                must=f"fit-ranker needs a model of source {source}, of one region at least.",
                found="none",
                fix="Run train-model first, with the same configuration.",
            )


def _windows(day: Day) -> tuple[list[RankerWindow], dict[Region, str]]:
    snapshot = day.open(day.ref(StepName.SNAPSHOT))
    reader, windows, left_out = WindowReader(day, snapshot), list[RankerWindow](), {}
    for region in sorted(snapshot.manifest.figures(SnapshotFigures).regions):
        try:
            windows.append(reader.read(region))
            logger.info("%s: %d proposed pairs", region, len(windows[-1].is_met))
        except GraphrecError as error:
            left_out[region] = error.found
            logger.warning("%s is left out of the ranker: %s", region, error)
    return windows, left_out


def _fit(
    windows: Sequence[RankerWindow], sources: Sequence[str], settings: LightGBMConfig
) -> tuple[TreeModel, dict[str, float]]:
    regions = tuple(one.region for one in windows)
    numbers = [
        np.full(len(one.is_met), region_number(one.region, regions), np.float32) for one in windows
    ]
    rows = np.concatenate([one.features for one in windows])
    features = np.column_stack([rows, np.concatenate(numbers)])
    is_met = np.concatenate([one.is_met for one in windows])
    names = [*feature_names(sources), REGION]
    booster = fit_trees(features, is_met, names, settings)
    gains = booster.feature_importance("gain")
    shares = gains / max(gains.sum(), 1)
    importance = {name: round(float(one), 4) for name, one in zip(names, shares, strict=True)}
    model = TreeModel(booster.model_to_string(), regions, settings.negatives_frac)
    return model, importance
