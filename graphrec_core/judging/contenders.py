"""Lets recommenders compete on a fit holdout, where each is measured as it would serve."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from graphrec_core.config.recommender import RecommenderConfig
from graphrec_core.day import Day
from graphrec_core.errors import AbsentError, RefusedError
from graphrec_core.evaluation.contest import Contest, PerQuery, nobody, per_query
from graphrec_core.evaluation.holdout import Holdout
from graphrec_core.evaluation.measure import System, measure
from graphrec_core.evaluation.systems import MODEL
from graphrec_core.judging.build_window import produce_window, read_window
from graphrec_core.judging.fit_ranker import fit_model
from graphrec_core.judging.fit_view import FitView
from graphrec_core.judging.fitted import popular_list
from graphrec_core.retrieval.chance_model import ChanceModel
from graphrec_core.retrieval.learned_ranker import LearnedRanker
from graphrec_core.retrieval.node_features import NodeFeatures
from graphrec_core.retrieval.ranker import Ranker, build_ranker
from graphrec_core.retrieval.sources import ListSource, Proposer
from graphrec_core.types import Region

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Contender:
    """A recommender that can compete.

    Attributes:
        settings: Its sources and ranker.
        model: Its ranker's, fitted to earlier windows alone; None: its ranker needs no fitting.
    """

    settings: RecommenderConfig
    model: ChanceModel | None = None


@dataclass(frozen=True)
class Ring:
    """What a region's contenders share: the fit holdout, and what is opened along its axes.

    Attributes:
        day: The day; its recommender has every contender's sources.
        view: The day's fit view.
        region: The region.
        holdout: The region's fit holdout.
    """

    day: Day
    view: FitView
    region: Region
    holdout: Holdout
    _opened: dict[str, Proposer] = field(default_factory=dict)

    def measured(self, contender: Contender) -> PerQuery:
        """Measures one as it would serve.

        Raises:
            AbsentError: A source of its has no model that was fitted to the region's fit view.
            LakeError: A file is missing or damaged.
            RefusedError: A vector is not finite.
        """
        proposers = tuple(map(self._proposer, contender.settings.sources))
        system, evaluation = System(proposers, self._ranker(contender)), self.day.config.evaluation
        return per_query(measure(self.holdout, {MODEL: system}, self._popular, evaluation), MODEL)

    @cached_property
    def _popular(self) -> ListSource:
        days = self.day.config.evaluation.recent_days
        return popular_list(self.view.inputs(self.holdout), days)

    @cached_property
    def _nodes(self) -> NodeFeatures:
        return self.view.nodes(self.region, self.holdout)

    def _proposer(self, name: str) -> Proposer:
        if name not in self._opened:
            self._opened[name] = self.view.proposer(self.region, name, self.holdout)
        return self._opened[name]

    def _ranker(self, contender: Contender) -> Ranker:
        if contender.model is None:
            return build_ranker(contender.settings.ranker.model_dump(mode="json"))
        return LearnedRanker(contender.model, self._nodes, self.region)


def ready(day: Day, regions: Iterable[Region]) -> tuple[dict[str, Contender], dict[str, str]]:
    """Readies the contenders of a day: fits their rankers to the windows before its own.

    So each is judged on queries and clicks that it has not seen.

    Args:
        day: The day.
        regions: Those whose windows count.

    Returns:
        The contenders, in order, and why others cannot compete.
    """
    found, unjudged = dict[str, Contender](), dict[str, str]()
    for name, own in day.contenders.items():
        settings = own.config.recommender
        if not own.is_fitted:
            found[name] = Contender(settings)
            continue
        windows = [
            window
            for earlier in own.reached_window_days
            for window in read_window(produce_window(earlier), regions)
        ]
        fitted = fit_model(own, windows)
        if fitted.model is None:
            unjudged[name] = f"before its own window: {fitted.why_none}"
            logger.warning("%s does not compete: %s", name, unjudged[name])
        else:
            found[name] = Contender(settings, fitted.model)
    return found, unjudged


def compete(
    day: Day, region: Region, contenders: Mapping[str, Contender], view: FitView
) -> tuple[Contest, dict[str, str]]:
    """Measures the contenders on a region's fit holdout.

    Returns:
        The contest, of no query where the region has no fit view; and why others took no part.
    """
    if not view.has(region):
        return {name: nobody() for name in contenders}, {}
    ring = Ring(day, view, region, view.holdout(region))
    contest, left_out = dict[str, PerQuery](), dict[str, str]()
    for name, contender in contenders.items():
        try:
            contest[name] = ring.measured(contender)
        except (AbsentError, RefusedError) as error:
            left_out[name] = error.found
            logger.warning("%s does not compete in %s: %s", name, region, error)
    return contest, left_out
