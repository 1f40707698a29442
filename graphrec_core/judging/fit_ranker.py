"""A day's ranker: found, or fitted to the windows of its day and earlier ones, and committed."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphrec_core.config import StepName
from graphrec_core.config.recommender import (
    SECTION,
    LightGBMConfig,
    LogisticConfig,
    RecommenderConfig,
)
from graphrec_core.day import Day
from graphrec_core.errors import AbsentError, ConfigError
from graphrec_core.judging.build_window import (
    counts_of,
    produce_window,
    ranker_settings,
    read_window,
)
from graphrec_core.judging.fit_models import fit_logistic_model, fit_tree_model
from graphrec_core.judging.held_queries import held_out
from graphrec_core.judging.ranker_checks import dependence, reliability
from graphrec_core.judging.ranker_window import RankerWindow
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import PairCounts, RankerFigures, WindowFigures
from graphrec_core.ledger.verdict import Verdict, verdict_of
from graphrec_core.models.trees import can_hold_out
from graphrec_core.retrieval.chance_model import REGION, ChanceModel, with_region
from graphrec_core.retrieval.learned_ranker import strongest, write_model
from graphrec_core.retrieval.pair_features import feature_names
from graphrec_core.types import Region, View, format_instant

logger = logging.getLogger(__name__)

NUM_CURVES = 6
"""Features whose partial dependence is kept: those with the greatest shares of the gain."""
Windows = Mapping[str, Sequence[RankerWindow]]
"""Instant of a window's view -> its regions, the latest first."""


def produce_ranker(day: Day) -> Artifact:
    """Fits one ranker for all regions to the day's window and to earlier days'.

    A region that is broken today, or in no window, is left out and named. Where the regions
    together have too few queries with a click, or nothing tells the clicks from the rest, nothing
    is fitted, and said: lists are then merged by reciprocal rank.

    Raises:
        ConfigError: The configured ranker is not a fitted one, or is to be monotone in what is no
            feature.
        LakeError: The day's snapshot is missing, no region has a model of some source, or a file
            is damaged.
    """
    ranker_settings(day)
    require_features(day.config.recommender)
    day.open(day.ref(StepName.SNAPSHOT))
    require_models(day)

    def write(trial: Attempt) -> RankerFigures:
        verdict = verdict_of(day.open(day.ref(StepName.CHECK)))
        found = {_end(one): produce_window(one) for one in (day, *_reached(day))}
        windows = {end: read_window(artifact, verdict.kept) for end, artifact in found.items()}
        figures = _figures(windows, _left_out(found[_end(day)], windows, verdict))
        fitted = fit_model(day, [one for several in windows.values() for one in several])
        if fitted.model is None:
            logger.warning(
                "no ranker is fitted: %s; lists merge by reciprocal rank", fitted.why_none
            )
            return figures.model_copy(update={"why_none": fitted.why_none})
        write_model(trial, fitted.model)
        return figures.model_copy(update=fitted.told)

    return day.produce(day.ref(StepName.RANKER), write)


@dataclass(frozen=True)
class FittedModel:
    """What came of fitting a ranker.

    Attributes:
        model: The model; None: nothing was fitted.
        told: The figures that tell of it.
        why_none: Why nothing was fitted; empty: something was.
    """

    model: ChanceModel | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    why_none: str = ""


def fit_model(day: Day, windows: Sequence[RankerWindow]) -> FittedModel:
    """Fits the ranker of a day to some windows, of one region and instant each.

    Raises:
        ConfigError: The configured ranker is not a fitted one.
    """
    num_queries, least = counts_of(windows).num_queries, day.config.training.min_queries
    if num_queries < least:
        why = f"{num_queries} queries with a click, training.min_queries is {least}"
        return FittedModel(why_none=why)
    names = [*feature_names(list(day.config.recommender.sources)), REGION]
    model, told = _fit([one for one in windows if len(one.is_met)], names, ranker_settings(day))
    if not any(told["importance"].values()):
        return FittedModel(why_none="no feature tells clicks from the rest")
    return FittedModel(model, told)


def _reached(day: Day) -> Sequence[Day]:
    """Returns the earlier days whose windows there are, and says which ones there are not."""
    reached = day.reached_window_days
    absent = [one.as_of for one in day.earlier_window_days if one not in reached]
    if absent:
        texts = ", ".join(map(format_instant, absent))
        logger.warning("no window of %s: the data do not reach, or build-snapshot failed", texts)
    return reached


def _end(day: Day) -> str:
    """Returns the instant of a window's view."""
    return format_instant(day.config.time.end_of(day.as_of, View.FIT))


def _figures(windows: Windows, left_out: dict[Region, str]) -> RankerFigures:
    """Says what there is to fit to, with nothing fitted yet."""
    counts = {end: counts_of(several) for end, several in windows.items()}
    names = PairCounts.model_fields
    total = {name: sum(getattr(one, name) for one in counts.values()) for name in names}
    return RankerFigures(regions=(), left_out=left_out, windows=counts, **total)


def _left_out(own: Artifact, windows: Windows, verdict: Verdict) -> dict[Region, str]:
    """Says why regions are in no window: as the day's own window has it."""
    there = {one.region for several in windows.values() for one in several}
    left_out = own.manifest.figures(WindowFigures).left_out
    absent = {region: left_out.get(region, "") for region in verdict.kept if region not in there}
    return {**{region: f"broken: {why}" for region, why in verdict.broken.items()}, **absent}


def require_models(day: Day) -> None:
    """Refuses a day of which a trained source has no model in any region.

    Raises:
        AbsentError: Names the source.
    """
    for source, models in day.fitted_models.items():
        if not models:
            raise AbsentError(
                must=f"This step needs a model of source {source}, of one region at least.",
                found="none",
                fix="Run train-model first, with the same configuration.",
            )


def require_features(recommender: RecommenderConfig, key: str = SECTION) -> None:
    """Refuses a ranker that is to be monotone in what is no feature of its pairs.

    Args:
        recommender: A recommender.
        key: Its dotted key.

    Raises:
        ConfigError: Names the key and the features.
    """
    ranker, names = recommender.ranker, feature_names(list(recommender.sources))
    asked = ranker.monotone if isinstance(ranker, LightGBMConfig) else ()
    if unknown := sorted(set(asked) - set(names)):
        raise ConfigError(
            must=f"{key}.ranker.monotone must name features of this recommender's pairs: "
            f"{', '.join(names)}.",
            found=", ".join(unknown),
            fix="Correct the names, or leave them out.",
        )


def _fit(
    windows: Sequence[RankerWindow],
    names: Sequence[str],
    settings: LightGBMConfig | LogisticConfig,
) -> tuple[ChanceModel, dict[str, Any]]:
    """Fits a model; returns it, and the figures that tell of it."""
    regions = tuple(sorted({one.region for one in windows}))
    rows = np.concatenate([with_region(one.features, one.region, regions) for one in windows])
    is_met = np.concatenate([one.is_met for one in windows])
    queries = np.concatenate([one.queries for one in windows])
    is_held = held_out(queries, settings.held_frac, settings.seed)
    told: dict[str, Any] = {"regions": regions}
    model: ChanceModel
    if isinstance(settings, LightGBMConfig):
        model, importance = fit_tree_model(rows, is_met, is_held, names, regions, settings)
        told["num_trees"] = model.booster.num_trees()
    else:
        model, importance = fit_logistic_model(rows, is_met, is_held, names, regions, settings)
    top = [name for name in strongest(importance) if name != REGION][:NUM_CURVES]
    told |= {"importance": importance, "dependence": dependence(model, rows, is_met, top)}
    if can_hold_out(is_met, is_held):
        chances = model.chances_of(rows[is_held])
        told["reliability"] = reliability(chances, is_met[is_held], settings.negatives_frac)
    return model, told
