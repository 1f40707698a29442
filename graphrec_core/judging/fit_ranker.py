"""A day's ranker: found, or fitted on the fit view of all regions and committed."""

import logging
from collections.abc import Sequence

import numpy as np

from graphrec_core.config import StepName
from graphrec_core.config.recommender import LightGBMConfig
from graphrec_core.day import Day
from graphrec_core.errors import AbsentError, ConfigError, RefusedError
from graphrec_core.judging.ranker_window import RankerWindow, WindowReader
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import RankerFigures
from graphrec_core.ledger.verdict import verdict_of
from graphrec_core.models.trees import fit_trees
from graphrec_core.retrieval.learned_ranker import (
    REGION,
    TreeModel,
    with_region,
    write_trees,
)
from graphrec_core.retrieval.pair_features import feature_names
from graphrec_core.types import Region

logger = logging.getLogger(__name__)


def produce_ranker(day: Day) -> Artifact:
    """Fits one ranker for all regions.

    A broken region, or one without a fit view or a source's model of it, is left out and named.
    Where the regions together have too few queries with a click, or nothing tells the clicks from
    the rest, nothing is fitted, and said: lists are then merged by reciprocal rank.

    Raises:
        ConfigError: The configured ranker is not a fitted one.
        LakeError: The day's snapshot is missing, no region has a model of some source, or a file
            is damaged.
    """
    settings = day.config.recommender.ranker
    if not isinstance(settings, LightGBMConfig):
        raise ConfigError(
            must="fit-ranker needs a ranker that is fitted: recommender.ranker.model=lightgbm.",
            found=settings.model,
            fix="Leave fit-ranker out, or set the ranker.",
        )
    snapshot = day.open(day.ref(StepName.SNAPSHOT))
    _require_models(day)

    def write(trial: Attempt) -> RankerFigures:
        chosen, left_out = _samples(day, snapshot, settings)
        counts = {
            "num_queries": sum(len(np.unique(one.queries)) for one in chosen),
            "num_clicks": sum(int(one.is_met.sum()) for one in chosen),
            "num_pairs": sum(len(one.is_met) for one in chosen),
        }
        least = day.config.training.min_queries
        if counts["num_queries"] < least:
            why = f"{counts['num_queries']} queries with a click, training.min_queries is {least}"
            return _none(why, left_out, counts)
        model, importance = _fit(chosen, list(day.config.recommender.sources), settings)
        if not any(importance.values()):
            return _none("no feature tells clicks from the rest", left_out, counts)
        write_trees(trial, model)
        return RankerFigures(
            regions=model.regions, left_out=left_out, importance=importance, **counts
        )

    return day.produce(day.ref(StepName.RANKER), write)


def _none(why: str, left_out: dict[Region, str], counts: dict[str, int]) -> RankerFigures:
    logger.warning("no ranker is fitted: %s; lists merge by reciprocal rank", why)
    return RankerFigures(regions=(), left_out=left_out, why_none=why, **counts)


def _require_models(day: Day) -> None:
    for source, models in day.fitted_models.items():
        if not models:
            raise AbsentError(
                must=f"fit-ranker needs a model of source {source}, of one region at least.",
                found="none",
                fix="Run train-model first, with the same configuration.",
            )


def _samples(
    day: Day, snapshot: Artifact, settings: LightGBMConfig
) -> tuple[list[RankerWindow], dict[Region, str]]:
    """Samples the windows of the regions.

    Regions are left out for what they hold, never for a fault of the lake: what is stored under
    the ranker's id follows from its inputs.
    """
    verdict = verdict_of(day.open(day.ref(StepName.CHECK)))
    random = np.random.default_rng(settings.seed)
    left_out = {region: f"broken: {why}" for region, why in verdict.broken.items()}
    reader, samples = WindowReader(day, snapshot), list[RankerWindow]()
    for region in verdict.kept:
        try:
            found = [
                block.sampled(settings.negatives_frac, random) for block in reader.read(region)
            ]
        except (AbsentError, RefusedError) as error:
            left_out[region] = error.found
            logger.warning("%s is left out of the ranker: %s", region, error)
            continue
        logger.info("%s: fitted to %d pairs", region, sum(len(one.is_met) for one in found))
        samples.extend(one for one in found if len(one.is_met))
    return samples, left_out


def _fit(
    windows: Sequence[RankerWindow], sources: Sequence[str], settings: LightGBMConfig
) -> tuple[TreeModel, dict[str, float]]:
    regions = tuple(dict.fromkeys(one.region for one in windows))
    features = np.concatenate([with_region(one.features, one.region, regions) for one in windows])
    is_met = np.concatenate([one.is_met for one in windows])
    names = [*feature_names(sources), REGION]
    booster = fit_trees(features, is_met, names, settings)
    gains = booster.feature_importance("gain")
    shares = gains / (gains.sum() or 1)
    importance = {name: round(float(one), 4) for name, one in zip(names, shares, strict=True)}
    model = TreeModel(booster.model_to_string(), regions, settings.negatives_frac)
    return model, importance
