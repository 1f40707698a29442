"""What a release was worth: what it served, on what happened in the horizon after its day."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import pyarrow as pa

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.axes.rows import rows_of
from graphrec_core.config import PipelineConfig
from graphrec_core.config.recommenders import baseline
from graphrec_core.evaluation.holdout import Holdout, read_holdout
from graphrec_core.evaluation.measure import Measured, System, measure
from graphrec_core.evaluation.systems import MODEL, source_system
from graphrec_core.judging.fitted import fitted_source, popular_list, scorer_inputs
from graphrec_core.judging.reference import reapply
from graphrec_core.lake import Artifact, open_artifact
from graphrec_core.ledger.past import CHAMPION, Past
from graphrec_core.ledger.release import ReleasedRegion
from graphrec_core.retrieval.from_shard import recommend_from_shard, recommend_to_stranger
from graphrec_core.retrieval.proposals import Proposals, nothing
from graphrec_core.retrieval.ranker import ReciprocalRank
from graphrec_core.retrieval.recommend import Ranking
from graphrec_core.retrieval.shard import Shard, open_shard
from graphrec_core.types import Region


def score_release(
    config: PipelineConfig,
    past: Past,
    as_of: datetime,
    region: Region,
    entry: ReleasedRegion,
    later: Artifact,
) -> Measured:
    """Measures what served a region after a day, on what its queries then met.

    Beside it stand popularity and the gate's other scorers, fitted to what was known at the
    release's instant; each source of the shard alone, where it has several; and the champion of
    that day, re-applied.

    Args:
        config: The pipeline.
        past: The stored releases.
        as_of: The release's instant.
        region: The region.
        entry: What the release says of it; it has a shard.
        later: The snapshot of a horizon later: its train view is the graph at ``as_of``, and its
            holdout what happened then.

    Raises:
        LakeError: The shard is missing or damaged.
        ValueError: The entry has no shard.
    """
    lake = past.catalogue.lake
    holdout = read_holdout(later, region, config.task)
    if entry.shard_id is None:
        raise ValueError(f"{region} of {as_of} has no shard")
    shard = open_shard(open_artifact(lake.storage, lake.layout.shard(region, entry.shard_id)))
    inputs = scorer_inputs(holdout, as_of)
    days, depth = config.evaluation.recent_days, config.evaluation.depth
    systems = {MODEL: System.of(MODEL, Served(shard, entry.serves, holdout, depth))}
    for one in shard.proposers if len(shard.proposers) > 1 else ():
        alone = replace(shard, proposers=(one,), ranker=ReciprocalRank())
        systems[source_system(one.name)] = System.of(
            one.name, Served(alone, "model", holdout, depth)
        )
    for name in config.gate.measured:
        systems[name] = System.of(name, fitted_source(baseline(name, days), inputs))
    champion = past.champion(region, as_of)
    if champion is not None and champion.shard_id not in (None, entry.shard_id):
        found = reapply(past, later, region, champion.shard_id, holdout)
        if found.system is not None:
            systems[CHAMPION] = found.system
    return measure(holdout, systems, popular_list(inputs, days), config.evaluation)


@dataclass(frozen=True)
class Served:
    """What a shard answers, along the axes of a holdout: a source in its own order.

    Attributes:
        shard: The shard, which may be older than the holdout's view.
        serves: ``model``, or ``popular``: its popular list alone.
        holdout: Whose queries are asked, and whose candidates count.
        depth: Candidates that are asked for.
    """

    shard: Shard
    serves: str
    holdout: Holdout
    depth: int

    def search(self, query_rows: np.ndarray, k: int, seen: RowPairs) -> Proposals:
        """See ``CandidateSource``; a query that the shard does not know gets what strangers do."""
        rows, scores = nothing(len(query_rows), k)
        own = rows_of(self.holdout.query_ids.take(pa.array(query_rows)), self.shard.query_ids)
        known, width, start = np.flatnonzero(own >= 0), min(k, self.depth), 0
        for ranking in recommend_from_shard(self.shard, self.serves, own[known], width):
            places = known[start : start + len(ranking.rows)]
            start += len(ranking.rows)
            self._fill(rows, scores, places, query_rows, ranking, seen)
        strangers = np.flatnonzero(own < 0)
        if len(strangers):
            answer = recommend_to_stranger(self.shard, self.serves, width)
            for place in strangers:
                self._fill(rows, scores, np.array([place]), query_rows, answer, seen)
        return rows, scores

    def _fill(
        self,
        rows: np.ndarray,
        scores: np.ndarray,
        places: np.ndarray,
        query_rows: np.ndarray,
        ranking: Ranking,
        seen: RowPairs,
    ) -> None:
        """Writes what was ranked for some places, without what they had seen by the instant."""
        found = np.where(ranking.rows >= 0, self._own_rows[ranking.rows], -1)
        found = np.where(_is_seen(found, query_rows[places], seen), -1, found)
        order = np.argsort(found < 0, axis=1, kind="stable")
        found = np.take_along_axis(found, order, axis=1)
        scored = np.take_along_axis(ranking.scores, order, axis=1)
        rows[places, : found.shape[1]] = found
        scores[places, : found.shape[1]] = np.where(found >= 0, scored, -np.inf)

    @cached_property
    def _own_rows(self) -> np.ndarray:
        """Rows of the shard's candidates among the holdout's; -1: it is none there."""
        return rows_of(self.shard.candidate_ids, self.holdout.candidate_ids)


def _is_seen(rows: np.ndarray, query_rows: np.ndarray, seen: RowPairs) -> np.ndarray:
    """Tells which candidates the queries had seen by the view's instant, bool [B, k]."""
    in_block, seen_rows = seen.block(query_rows)
    width = int(max(rows.max(initial=0), seen_rows.max(initial=0))) + 1
    keys = np.arange(len(rows))[:, None] * width + rows
    return np.isin(keys, in_block * width + seen_rows) & (rows >= 0)
