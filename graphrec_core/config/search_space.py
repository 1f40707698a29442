"""What ``graphrec tune`` may change: which sources are in, their settings, and the ranker's.

A new recommender's settings are tuned once they stand in ``SOURCE_SPACES`` here.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from graphrec_core.config.base import Section
from graphrec_core.config.recommender import (
    CHALLENGERS,
    RANKER,
    RANKERS,
    SOURCES,
    ChallengerConfig,
    LearnedConfig,
    RankerConfig,
    RecommenderConfig,
)

USE, MODEL = "use", "model"
DIGITS = 3
"""Significant digits of a drawn number: what a person would write."""


@dataclass(frozen=True)
class Span:
    """A range of numbers, both ends included.

    Attributes:
        low: The least.
        high: The greatest.
        is_log: Whether a ratio counts, not a difference.
        is_whole: Whether it holds whole numbers only.
    """

    low: float
    high: float
    is_log: bool = False
    is_whole: bool = False

    def including(self, value: float) -> "Span":
        """Widens it to a value that is configured."""
        low, high = min(self.low, value), max(self.high, value)
        return replace(self, low=low, high=high, is_log=self.is_log and low > 0)


@dataclass(frozen=True)
class Choices:
    """Some values.

    Attributes:
        values: Each once.
    """

    values: tuple[Any, ...]

    def including(self, value: object) -> "Choices":
        """Adds a value that is configured."""
        return self if value in self.values else Choices((*self.values, value))


Space = Span | Choices
Suggest = Callable[[str, Space], Any]
"""Draws a value of a space by its name."""
Values = Mapping[str, Any]
"""Name -> value."""

_DECAY = Choices((0, 14, 21, 30, 60, 120, 240))
_EXPONENT = Span(0, 1)
SOURCE_SPACES: Mapping[str, Mapping[str, Space]] = {
    "popularity": {
        "window_days": Choices((0, 7, 14, 28, 56, 112)),
        "half_life_days": _DECAY,
    },
    "covisitation": {"half_life_days": _DECAY},
    "neighbours": {
        "degrees.0": _EXPONENT,
        "degrees.1": _EXPONENT,
        "degrees.2": _EXPONENT,
        "half_life_days": _DECAY,
    },
    "ease": {"l2": Span(10, 5000, is_log=True), "half_life_days": _DECAY},
    "spectral": {
        "rank": Span(16, 512, is_log=True, is_whole=True),
        "power": Span(0, 2),
        "ideal": Span(0.05, 3, is_log=True),
        "half_life_days": _DECAY,
    },
    "nearest": {
        "scale_km": Span(0.1, 30, is_log=True),
        "num_places": Span(2, 64, is_log=True, is_whole=True),
        "popularity": _EXPONENT,
        "half_life_days": _DECAY,
    },
    "transitions": {
        "session_hours": Choices((1, 3, 6, 12, 24, 48, 168)),
        "alpha": _EXPONENT,
        "damping": _EXPONENT,
        "half_life_days": _DECAY,
    },
    "attribute": {"half_life_days": _DECAY},
    "friends": {"adamic_adar": Choices((False, True)), "half_life_days": _DECAY},
    "reciprocal": {"half_life_days": Choices((7, 14, 28, 56, 112))},
}
"""Model -> setting -> its space; an encoder has none: its training is not tuned."""
RANKER_SPACES: Mapping[str, Mapping[str, Space]] = {
    "reciprocal_rank": {"offset": Span(1, 200, is_log=True, is_whole=True)},
    "lightgbm": {
        "num_leaves": Span(4, 63, is_log=True, is_whole=True),
        "learning_rate": Span(0.02, 0.2, is_log=True),
        "min_leaf_pairs": Span(10, 1000, is_log=True, is_whole=True),
        "l2": Span(0.1, 100, is_log=True),
    },
    "logistic": {"l2": Span(0.1, 10_000, is_log=True)},
}
"""Ranker -> setting -> its space."""


def draw(base: RecommenderConfig, suggest: Suggest, *, can_fit: bool) -> dict[str, Any]:
    """Draws a value of everything that matters: nothing of a source that is out.

    A source that a challenger, or a ranker's ``monotone``, names stays in.

    Args:
        base: What is configured; its own values are part of each space.
        suggest: Draws one value.
        can_fit: Whether a learned ranker can be judged.
    """
    found: dict[str, Any] = {}
    named = _named(base)
    num_in, last = 0, list(base.sources)[-1]
    for source, settings in base.sources.items():
        use = f"{SOURCES}.{source}.{USE}"
        if source not in named and (num_in or source != last):  # one at least is in
            found[use] = suggest(use, Choices((True, False)))
        if found.get(use, True):
            num_in += 1
            found |= _drawn(f"{SOURCES}.{source}", settings, SOURCE_SPACES, suggest)
    judged = [one for one in RANKERS if can_fit or not issubclass(one, LearnedConfig)]
    kinds = Choices(tuple(one.model_fields[MODEL].default for one in judged))
    model = f"{RANKER}.{MODEL}"
    found[model] = suggest(model, kinds)
    ranker = _ranker_of(base, found[model])
    if num_in == 1 and not ranker.is_fitted:
        return found  # it merges nothing
    return found | _drawn(f"{RANKER}.{found[model]}", ranker, RANKER_SPACES, suggest)


def _named(base: RecommenderConfig) -> set[str]:
    """Returns the sources without which a part of the configuration would mean nothing."""
    rankers = [base.ranker, *(one.ranker for one in base.challengers.values())]
    features = [key for one in rankers for key in getattr(one, "monotone", ())]
    of_features = {one for one in base.sources for key in features if key.startswith(f"{one}_")}
    return of_features | {key for one in base.challengers.values() for key in one.sources}


def values_of(base: RecommenderConfig, *, can_fit: bool) -> dict[str, Any]:
    """Returns what is configured, as if it had been drawn."""
    return draw(base, lambda name, _: _configured(base, name), can_fit=can_fit)


def recommender_of(base: RecommenderConfig, values: Values) -> RecommenderConfig:
    """Makes the recommender that was drawn, without challengers."""
    sources = {
        name: _changed(f"{SOURCES}.{name}", one, values)
        for name, one in base.sources.items()
        if values.get(f"{SOURCES}.{name}.{USE}", True)
    }
    model = values[f"{RANKER}.{MODEL}"]
    ranker = _changed(f"{RANKER}.{model}", _ranker_of(base, model), values)
    return RecommenderConfig.model_validate({SOURCES: sources, RANKER: ranker})


def with_challengers(
    found: RecommenderConfig, challengers: Mapping[str, ChallengerConfig]
) -> RecommenderConfig:
    """Adds the challengers that are still other recommenders than it, and than each other."""
    kept: dict[str, ChallengerConfig] = {}
    for name, one in challengers.items():
        tried = {SOURCES: found.sources, RANKER: found.ranker, CHALLENGERS: {**kept, name: one}}
        with suppress(ValidationError):
            RecommenderConfig.model_validate(tried)
            kept[name] = one
    return RecommenderConfig.model_validate(
        {SOURCES: found.sources, RANKER: found.ranker, CHALLENGERS: kept}
    )


def _ranker_of(base: RecommenderConfig, model: str) -> RankerConfig:
    """Returns the configured ranker, or another one with its defaults."""
    kinds = {one.model_fields[MODEL].default: one for one in RANKERS}
    return base.ranker if base.ranker.model == model else kinds[model]()


def _drawn(
    prefix: str,
    settings: Section,
    spaces: Mapping[str, Mapping[str, Space]],
    suggest: Suggest,
) -> dict[str, Any]:
    model = type(settings).model_fields[MODEL].default
    found = {}
    for key, space in spaces.get(model, {}).items():
        name = f"{prefix}.{key}"
        own = _at(settings, key)
        value = suggest(name, space.including(own))
        found[name] = own if value == own else _tidy(value)
    return found


def _tidy(value: Any) -> Any:  # noqa: ANN401  (any setting)
    """Rounds a number as a person would write it."""
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _at(settings: Section, key: str) -> Any:  # noqa: ANN401  (any setting)
    name, _, place = key.partition(".")
    value = getattr(settings, name)
    return value[int(place)] if place else value


def _configured(base: RecommenderConfig, name: str) -> Any:  # noqa: ANN401  (any setting)
    """Returns the value that is configured under a name of ``draw``."""
    if name == f"{RANKER}.{MODEL}":
        return base.ranker.model
    group, of, key = name.split(".", 2)
    if group == RANKER:
        return _at(_ranker_of(base, of), key)
    return True if key == USE else _at(base.sources[of], key)


def _changed(prefix: str, settings: Section, values: Values) -> dict[str, Any]:
    data: dict[str, Any] = to_jsonable_python(settings)
    for name, place, value in _settings_in(prefix, values):
        if place is None:
            data[name] = value
        else:
            data[name][place] = value
    return data


def _settings_in(prefix: str, values: Values) -> Iterator[tuple[str, int | None, Any]]:
    """Yields setting, place in it where it is a list, and value."""
    for name, value in values.items():
        if name.startswith(f"{prefix}.") and not name.endswith(f".{USE}"):
            key, _, place = name.removeprefix(f"{prefix}.").partition(".")
            yield key, int(place) if place else None, value
