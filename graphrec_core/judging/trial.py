"""Scores a recommender on a day's fit holdout, as challengers are, and leaves nothing behind."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

from graphrec_core.config import StepName
from graphrec_core.config.recommender import (
    OWN,
    LearnedConfig,
    LightGBMConfig,
    RecommenderConfig,
)
from graphrec_core.day import Day
from graphrec_core.errors import AbsentError, EmptyTableError, RefusedError
from graphrec_core.evaluation.contest import Contest, PerQuery, pooled, score
from graphrec_core.judging.build_window import sampled_blocks
from graphrec_core.judging.contenders import Contender, compete
from graphrec_core.judging.fit_ranker import fit_model, require_models
from graphrec_core.judging.fit_view import FitView
from graphrec_core.judging.ranker_window import RankerWindow, WindowReader
from graphrec_core.ledger.verdict import verdict_of
from graphrec_core.retrieval.chance_model import ChanceModel
from graphrec_core.types import Region

logger = logging.getLogger(__name__)

Watch = Callable[[int, float], None]
"""Told a step and the score until then; raises to end the trial."""


@dataclass(frozen=True)
class Trials:
    """Scores recommenders on the same queries.

    Attributes:
        day: The day, whose recommender has every source that is tried.
    """

    day: Day

    @cached_property
    def regions(self) -> list[Region]:
        """The regions whose queries count, sorted: those where what is configured can serve.

        Raises:
            AbsentError: The day has no snapshot, it was not checked, or some trained source has a
                model of none of them.
            EmptyTableError: No region has a fit view.
        """
        view = FitView(self.day, self.day.open(self.day.ref(StepName.SNAPSHOT)))
        kept = verdict_of(self.day.open(self.day.ref(StepName.CHECK))).kept
        found = sorted(region for region in kept if view.has(region))
        if not found:
            raise EmptyTableError(
                must="A region must have a fit view: what is tuned is scored on its holdout.",
                found="none has one, since there is too little past",
                fix="Choose a later --as-of.",
            )
        return self._with_models(found)

    def _with_models(self, regions: list[Region]) -> list[Region]:
        require_models(self.day)
        models = self.day.fitted_models.values()
        found = [one for one in regions if all(one in trained for trained in models)]
        if left_out := sorted(set(regions) - set(found)):
            logger.warning("%s: some source has no model; not counted", ", ".join(left_out))
        if not found:
            raise AbsentError(
                must="A region must have a model of every trained source.",
                found="none has",
                fix="Run train-model first, with the same configuration.",
            )
        return found

    @cached_property
    def earlier(self) -> tuple[Day, ...]:
        """The days before whose windows a learned ranker is fitted to; none: it cannot be."""
        own = self.day.config.recommender
        learned = own.ranker if own.ranker.is_fitted else LightGBMConfig()
        return self._of(own.model_copy(update={"ranker": learned})).reached_window_days

    def measured(self, recommender: RecommenderConfig, watch: Watch) -> PerQuery:
        """Measures a recommender on the queries of all regions.

        A learned ranker is fitted to the latest of the earlier windows first, and measured: what
        has no hope is given up before the others are computed.

        Args:
            recommender: Its settings, without challengers.
            watch: Told the score after each region.

        Raises:
            RefusedError: A source cannot propose in some region, its ranker cannot be fitted, or
                there are too few queries.
        """
        day, found, step = self._of(recommender), list[Contest](), 0
        view = FitView(day, day.open(day.ref(StepName.SNAPSHOT)))
        for contender in self._rounds(day):
            found = []
            for region in self.regions:
                contest, left_out = compete(day, region, {OWN: contender}, view)
                if left_out:
                    raise RefusedError(
                        must=f"Every source must propose in {region}.",
                        found=left_out[OWN],
                        fix="Train it anew, or leave the source out.",
                    )
                found.append(contest)
                step += 1
                watch(step, score(pooled(found, [OWN])[OWN]))
        values = pooled(found, [OWN])[OWN]
        self._require_queries(len(next(iter(values.values()))))
        return values

    def _require_queries(self, num: int) -> None:
        least = self.day.config.training.min_queries
        if num < least:
            raise RefusedError(
                must="The fit holdout must have queries enough to compare by.",
                found=f"{num} in all regions, training.min_queries is {least}",
                fix="Choose a later --as-of.",
            )

    def _of(self, recommender: RecommenderConfig) -> Day:
        alone = recommender.model_copy(update={"challengers": {}})
        return replace(
            self.day,
            config=self.day.config.recommending(alone),
            fixed_revision=self.day.revision,
        )

    def _rounds(self, day: Day) -> Iterator[Contender]:
        """Yields it fitted to one earlier window, then to all; once without a learned ranker."""
        recommender = day.config.recommender
        if not isinstance(recommender.ranker, LearnedConfig):
            yield Contender(recommender)
            return
        windows = list[RankerWindow]()
        earlier = day.reached_window_days
        for number, one in enumerate(earlier, start=1):
            windows += self._window(one, recommender.ranker)
            if number in (1, len(earlier)):
                yield Contender(recommender, _fitted(day, windows))

    def _window(self, day: Day, ranker: LearnedConfig) -> Iterator[RankerWindow]:
        reader = WindowReader(day, day.open(day.ref(StepName.SNAPSHOT)))
        for region in self.regions:
            with suppress(AbsentError, RefusedError):  # as a window that leaves the region out
                yield from sampled_blocks(reader, region, ranker)


def _fitted(day: Day, windows: Sequence[RankerWindow]) -> ChanceModel:
    fitted = fit_model(day, windows)
    if fitted.model is None:
        raise RefusedError(
            must="A learned ranker must have something to be fitted to before the day's window.",
            found=fitted.why_none,
            fix="Choose a later --as-of, or another ranker.",
        )
    return fitted.model
