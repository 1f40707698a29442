"""The ranker of a region's recommender: made of its settings, or fitted, as the day has it."""

import pyarrow as pa

from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.judging.view_features import read_node_features
from graphrec_core.lake import Artifact
from graphrec_core.lake.records import RankerFigures
from graphrec_core.retrieval.chance_model import ChanceModel
from graphrec_core.retrieval.learned_ranker import LearnedRanker, read_model
from graphrec_core.retrieval.ranker import Ranker, ReciprocalRank, build_ranker
from graphrec_core.types import Region, View


def day_model(day: Day) -> ChanceModel | None:
    """Returns the day's fitted model; None where its ranker is not fitted, or had too little.

    Raises:
        LakeError: fit-ranker has not run, or its file is damaged.
    """
    recommender = day.config.recommender
    if not recommender.ranker.is_fitted:
        return None
    fitted = day.open(day.ref(StepName.RANKER))
    if fitted.manifest.figures(RankerFigures).why_none is not None:
        return None
    return read_model(fitted, list(recommender.sources))


def open_ranker(
    day: Day, snapshot: Artifact, view: View, region: Region, axes: tuple[pa.Array, pa.Array]
) -> Ranker:
    """Opens the day's ranker for the queries and candidates of a view.

    Args:
        day: The day.
        snapshot: Its snapshot.
        view: The view.
        region: The region.
        axes: Ids of the queries and of the candidates.
    """
    config = day.config
    if (model := day_model(day)) is not None:
        end = config.time.end_of(day.as_of, view)
        nodes = read_node_features(snapshot, view, region, config.task, axes, end)
        return LearnedRanker(model, nodes, region)
    if config.recommender.ranker.is_fitted:
        return ReciprocalRank()
    return build_ranker(config.recommender.ranker.model_dump(mode="json"))
