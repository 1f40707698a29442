"""A day's choice between recommenders: found, or made on the fit holdout, and committed."""

import logging

from graphrec_core.config import StepName
from graphrec_core.config.recommender import CHALLENGERS, OWN, SECTION
from graphrec_core.day import Day
from graphrec_core.errors import ConfigError
from graphrec_core.evaluation.contest import Contest, choose, contest_figures, pooled
from graphrec_core.judging.contenders import compete, ready
from graphrec_core.judging.fit_ranker import require_features, require_models
from graphrec_core.judging.fit_view import FitView
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import ChoiceFigures, ChosenBy
from graphrec_core.ledger.verdict import verdict_of
from graphrec_core.types import Region

logger = logging.getLogger(__name__)


def produce_choice(day: Day) -> Artifact:
    """Chooses a recommender for each region, by the fit holdout alone.

    Nothing of it has seen the holdout by which the chosen one is judged: the sources are fitted to
    the fit view, the rankers to earlier windows, and the queries are those of the fit holdout.

    Raises:
        ConfigError: There is nobody to choose from, or a contender's ranker is to be monotone in
            what is no feature.
        LakeError: The day's snapshot is missing, no region has a model of some source, or a file
            is damaged.
    """
    if not day.config.recommender.challengers:
        raise ConfigError(
            must="This step needs a recommender with challengers.",
            found="recommender.challengers is empty",
            fix="Leave the step out, or name challengers.",
        )
    for name, one in day.config.recommender.contenders.items():
        require_features(one, SECTION if name == OWN else f"{SECTION}.{CHALLENGERS}.{name}")
    snapshot = day.open(day.ref(StepName.SNAPSHOT))
    require_models(day)

    def write(trial: Attempt) -> ChoiceFigures:
        regions = verdict_of(day.open(day.ref(StepName.CHECK))).kept
        contenders, unjudged = ready(day, regions)
        view, contests = FitView(day, snapshot), dict[Region, Contest]()
        left_out = dict[Region, dict[str, str]]()
        for region in regions:
            contests[region], absent = compete(day, region, contenders, view)
            left_out |= {region: absent} if absent else {}
        return _figures(day, contests, unjudged, left_out)

    return day.produce(day.ref(StepName.CHOICE), write)


def _figures(
    day: Day,
    contests: dict[Region, Contest],
    unjudged: dict[str, str],
    left_out: dict[Region, dict[str, str]],
) -> ChoiceFigures:
    every, least = list(contests.values()), day.config.training.min_queries
    chosen, chosen_by = dict[Region, str](), dict[Region, ChosenBy]()
    for region, contest in contests.items():
        chosen[region], chosen_by[region] = choose(contest, every, least)
        logger.info("%s: %s, by the %s", region, chosen[region], chosen_by[region])
    names = [name for name in day.contenders if name not in unjudged]
    return ChoiceFigures(
        chosen=chosen,
        chosen_by=chosen_by,
        regions={region: contest_figures(one) for region, one in contests.items()},
        pool=contest_figures(pooled(every, names)),
        unjudged=unjudged,
        left_out=left_out,
    )
