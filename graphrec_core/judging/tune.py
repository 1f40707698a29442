"""Searches settings of a recommender that do better on the fit holdout, trial by trial.

Settings are drawn by a tree of Parzen estimators (Bergstra et al., NIPS 2011) as Optuna has it
(Akiba et al., KDD 2019); what lies below the median of the earlier trials at the same step is
given up. The first trial is what is configured, so the result is never worse by its own measure.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState
from pydantic_core import to_jsonable_python

from graphrec_core.config import StepName
from graphrec_core.config.recommender import LearnedConfig, RecommenderConfig
from graphrec_core.config.search_space import (
    RANKER_SPACES,
    SOURCE_SPACES,
    Choices,
    Space,
    draw,
    recommender_of,
    values_of,
    with_challengers,
)
from graphrec_core.config.steps import versions_of
from graphrec_core.day import Day
from graphrec_core.errors import AbsentError, RefusedError
from graphrec_core.evaluation.contest import PerQuery, Ratio, ratio_of_scores, score
from graphrec_core.judging.fit_ranker import require_features
from graphrec_core.judging.study_file import alone, open_trials
from graphrec_core.judging.trial import Trials
from graphrec_core.lake.identity import canonical_json, departing_config, digest
from graphrec_core.types import ArtifactId

KEY = "recommender"
"""Attribute of a trial: the recommender that was drawn, as JSON."""
NUM_RANDOM = 10
"""Trials that are drawn at random before the estimators begin."""
NUM_UNPRUNED = 5
"""Whole trials before one can be given up."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Tuned:
    """What came of a search.

    Attributes:
        study_id: Names the search: another snapshot, recommender or measure is another one.
        old: What is configured.
        new: The best that was found.
        old_metrics: Its metrics by query.
        new_metrics: Those of the best.
        ratio: The new score divided by the old one, with its interval; None: it has none.
        num_trials: Trials of the study, of all calls.
        num_pruned: Those of them that were given up.
        num_queries: Queries that each was scored on.
    """

    study_id: ArtifactId
    old: RecommenderConfig
    new: RecommenderConfig
    old_metrics: PerQuery
    new_metrics: PerQuery
    ratio: Ratio | None
    num_trials: int
    num_pruned: int
    num_queries: int


class Search:
    """A search that goes on where an earlier call ended.

    Args:
        trials: Score recommenders on the day's fit holdout.
        file: Keeps what was tried; it is made where it is not there.
        say: Takes a line after each trial.

    Raises:
        ConfigError: The file is another one, or cannot be written.
    """

    def __init__(self, trials: Trials, file: Path, say: Say) -> None:
        self._trials, self._say = trials, say
        self._own = trials.day.config.recommender
        self._base = with_challengers(self._own, {})
        self._can_fit = bool(trials.earlier)
        self._known: dict[str, PerQuery] = {}
        self._file = file
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(
            storage=open_trials(file),
            study_name=study_id_of(trials),
            direction="maximize",
            pruner=MedianPruner(n_startup_trials=NUM_UNPRUNED, n_warmup_steps=0),
            load_if_exists=True,
        )

    def run(self, num_trials: int, timeout_s: float) -> Tuned:
        """Tries some more.

        Args:
            num_trials: How many.
            timeout_s: No trial begins after so many seconds; 0: no limit. What is configured is
                tried in any case.

        Raises:
            ConfigError: Its ranker is to be monotone in what is no feature, or another call is
                at work on the file.
            AbsentError: What is configured cannot be scored: a source has no model, or its learned
                ranker no earlier window.
            RefusedError: Its ranker cannot be fitted.
        """
        require_features(self._base)
        _require_a_window(self._base, can_fit=self._can_fit)
        with alone(self._file):
            return self._run(num_trials, timeout_s)

    def _run(self, num_trials: int, timeout_s: float) -> Tuned:
        for left in self._trials_of(TrialState.RUNNING):  # of a call that was ended
            self._study.tell(left.number, state=TrialState.FAIL)
        begun = time.monotonic()
        for number in range(1, num_trials + 1):
            ended = time.monotonic() - begun
            if self._is_base_known() and 0 < timeout_s <= ended:
                self._say(f"{number - 1} of {num_trials} trials in {ended:.0f} s: time is up")
                break
            how = self._one()
            spent = time.monotonic() - begun
            left_s = spent / number * (num_trials - number)
            if timeout_s:
                left_s = max(0.0, min(left_s, timeout_s - spent))
            self._say(f"trial {number} of {num_trials}: {how}; about {left_s:.0f} s left")
        return self._tuned()

    def _one(self) -> str:
        """Does a trial and says how it ended."""
        num_done = sum(one.state.is_finished() for one in self._study.trials)
        # Seeded by number: ten trials are the same in one call and in two.
        self._study.sampler = TPESampler(seed=num_done, n_startup_trials=NUM_RANDOM)
        if not self._is_base_known() and not self._trials_of(TrialState.WAITING):
            self._study.enqueue_trial(values_of(self._own, can_fit=self._can_fit))
        trial = self._study.ask()
        values = draw(self._own, _suggest(trial), can_fit=self._can_fit)
        recommender = recommender_of(self._own, values)
        key = key_of(recommender)
        trial.set_user_attr(KEY, key)
        if (same := self._same(key, trial.number)) is not None:
            value = same.value if same.state is TrialState.COMPLETE else None
            self._study.tell(trial, value, state=same.state)
            return f"as trial {same.number + 1} of the study"
        return self._measured(trial, recommender)

    def _measured(self, trial: optuna.Trial, recommender: RecommenderConfig) -> str:
        def watch(step: int, value: float) -> None:
            trial.report(value, step)
            if trial.should_prune():
                raise optuna.TrialPruned

        key, began = key_of(recommender), time.monotonic()
        try:
            self._known[key] = self._trials.measured(recommender, watch)
        except optuna.TrialPruned:
            self._study.tell(trial, state=TrialState.PRUNED)
            return f"given up after {time.monotonic() - began:.0f} s{self._best_so_far()}"
        except (AbsentError, RefusedError) as error:
            self._study.tell(trial, state=TrialState.FAIL)
            if key == key_of(self._base):
                raise
            return f"not possible: {error.found}"
        value = score(self._known[key])
        self._study.tell(trial, value)
        return f"{value:.4f} in {time.monotonic() - began:.0f} s{self._best_so_far()}"

    def _tuned(self) -> Tuned:
        best = self._best()
        old, new = self._base, RecommenderConfig.model_validate_json(best.user_attrs[KEY])
        measured = [self._per_query(one) for one in (old, new)]
        return Tuned(
            study_id=ArtifactId(self._study.study_name),
            old=self._own,
            new=with_challengers(new, self._own.challengers),
            old_metrics=measured[0],
            new_metrics=measured[1],
            ratio=ratio_of_scores(measured[1], measured[0]),
            num_trials=len(self._study.trials),
            num_pruned=len(self._trials_of(TrialState.PRUNED)),
            num_queries=len(next(iter(measured[0].values()))),
        )

    def _per_query(self, recommender: RecommenderConfig) -> PerQuery:
        key = key_of(recommender)
        if key not in self._known:  # an earlier call measured it
            self._known[key] = self._trials.measured(recommender, lambda *_: None)
        return self._known[key]

    def _best(self) -> FrozenTrial:
        """Returns the best trial, of equal ones the first."""
        whole = self._trials_of(TrialState.COMPLETE)
        return max(whole, key=lambda one: (one.value or 0.0, -one.number))

    def _best_so_far(self) -> str:
        if not self._trials_of(TrialState.COMPLETE):
            return ""
        best = self._best()
        return f", best {best.value:.4f} (trial {best.number + 1} of the study)"

    def _same(self, key: str, number: int) -> FrozenTrial | None:
        """Returns an earlier trial of the same recommender that came to an end."""
        ended = self._trials_of(TrialState.COMPLETE, TrialState.PRUNED)
        found = (one for one in ended if one.user_attrs.get(KEY) == key and one.number != number)
        return next(found, None)

    def _is_base_known(self) -> bool:
        key = key_of(self._base)
        return any(one.user_attrs.get(KEY) == key for one in self._trials_of(TrialState.COMPLETE))

    def _trials_of(self, *states: TrialState) -> list[FrozenTrial]:
        return [one for one in self._study.get_trials(deepcopy=False) if one.state in states]


def key_of(recommender: RecommenderConfig) -> str:
    """Writes a recommender as JSON, equal for equal ones."""
    return canonical_json(recommender.model_dump(mode="json"))


def study_id_of(trials: Trials) -> ArtifactId:
    """Names the search by all that its scores follow from."""
    day = trials.day
    return digest(
        {
            "snapshot": day.ref(StepName.SNAPSHOT).id,
            "check": day.ref(StepName.CHECK).id,
            "models": _models(day),
            "earlier": [[one.ref(StepName.SNAPSHOT).id, _models(one)] for one in trials.earlier],
            "settings": departing_config(day.config, StepName.CHOICE),
            "versions": versions_of(StepName.CHOICE),
            "spaces": to_jsonable_python([SOURCE_SPACES, RANKER_SPACES]),
        }
    )


def _models(day: Day) -> dict[str, str]:
    return {name: digest(dict(ids)) for name, ids in day.fitted_models.items()}


def _require_a_window(base: RecommenderConfig, *, can_fit: bool) -> None:
    if isinstance(base.ranker, LearnedConfig) and not can_fit:
        raise AbsentError(
            must="A learned ranker needs a window before the day's own, to be scored by this one.",
            found="no snapshot of a day a horizon or more before",
            fix="Run build-snapshot of this day with recommender.ranker.num_windows of 2 or more, "
            "or choose a later --as-of.",
        )


def _suggest(trial: optuna.Trial) -> Callable[[str, Space], Any]:
    def suggest(name: str, space: Space) -> Any:  # noqa: ANN401  (any setting)
        if isinstance(space, Choices):
            return trial.suggest_categorical(name, space.values)
        if space.is_whole:
            return trial.suggest_int(name, int(space.low), int(space.high), log=space.is_log)
        return trial.suggest_float(name, space.low, space.high, log=space.is_log)

    return suggest
