"""The score of the release of a horizon ago: found, or made of what then came and committed."""

import logging
from collections.abc import Mapping

from graphrec_core.config import StepName
from graphrec_core.day import Day, released_before, score_ref
from graphrec_core.errors import AbsentError
from graphrec_core.evaluation.forward import Scored, write_scores
from graphrec_core.evaluation.systems import MODEL
from graphrec_core.judging.forward import score_release
from graphrec_core.lake import Artifact, Attempt, Lake, find_artifact
from graphrec_core.lake.records import (
    EvaluationFigures,
    ScoredRegion,
    ScoreFigures,
    SnapshotFigures,
)
from graphrec_core.ledger.past import Past
from graphrec_core.ledger.release import ReleasedRegion
from graphrec_core.types import Region, format_instant

logger = logging.getLogger(__name__)


def produce_score(day: Day, past: Past) -> Artifact:
    """Measures what the release of a horizon before served, on what a day's holdout has since.

    The day's train view is the graph at the release's instant, so nothing that was not known then
    ranks, and its holdout is what came.

    Args:
        day: The day; its snapshot is there.
        past: The stored releases.

    Raises:
        AbsentError: There is no such release, or no snapshot of the day.
        LakeError: What served is missing or damaged.
    """
    as_of = day.as_of - day.config.time.horizon
    served = released_before(day, past)
    if not served:
        raise AbsentError(
            must=f"A release of {as_of.isoformat()}, a horizon before, must have served people.",
            found="none",
            fix="Score another day, or publish a release of that day first.",
        )

    def write(trial: Attempt) -> ScoreFigures:
        snapshot = day.open(day.ref(StepName.SNAPSHOT))
        regions = dict[Region, ScoredRegion]()
        for region in sorted({*served} & {*snapshot.manifest.figures(SnapshotFigures).regions}):
            entry = served[region]
            measured = score_release(day.config, past, as_of, region, entry, snapshot)
            scored = Scored(as_of, region, measured.queries, _promised(day.lake, entry, region))
            logger.info("%s of %s: %d queries", region, as_of.date(), scored.num_queries)
            write_scores(trial, [scored])
            regions[region] = _figures(scored, entry)
        return ScoreFigures(released=format_instant(as_of), regions=regions)

    return day.produce(score_ref(day, past), write)


def _figures(scored: Scored, entry: ReleasedRegion) -> ScoredRegion:
    return ScoredRegion(
        shard_id=entry.shard_id,
        serves=entry.serves,
        num_queries=scored.num_queries,
        promised=scored.promised,
    )


def _promised(
    lake: Lake, entry: ReleasedRegion, region: Region
) -> Mapping[str, float | None] | None:
    """Reads how the candidate was judged, where its model is what served; None: it was not."""
    is_own = entry.shard_id == entry.candidate_shard_id and entry.serves == "model"
    if entry.evaluation_id is None or not is_own:
        return None
    found = find_artifact(lake.storage, lake.layout.evaluation(region, entry.evaluation_id))
    figures = found.manifest.figures(EvaluationFigures) if found else None
    return figures.metrics[MODEL] if figures and figures.num_queries else None
