"""Why a query gets a candidate: each source's rank of it, and what moved a learned ranker."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphrec_core.retrieval.from_shard import left_out
from graphrec_core.retrieval.learned_ranker import LearnedRanker
from graphrec_core.retrieval.pair_features import Proposed, pair_features
from graphrec_core.retrieval.proposals import Proposals
from graphrec_core.retrieval.shard import Shard

NUM_FEATURES = 3
"""Features that are named for one candidate."""


@dataclass(frozen=True)
class FeatureEffect:
    """One feature of a pair.

    Attributes:
        name: As ``feature_names`` has it, or ``region``.
        value: Its value; None where nothing is known.
        effect: What it adds to the log odds of the pair's being met; those of all features and a
            constant add up to the odds.
    """

    name: str
    value: float | None
    effect: float


@dataclass(frozen=True)
class Why:
    """Why one candidate stands where it does.

    Attributes:
        ranks: Source -> its rank there, from 1; empty where the popular list filled up.
        features: Those with the greatest effect, greatest first; empty without a learned ranker.
    """

    ranks: dict[str, int]
    features: tuple[FeatureEffect, ...] = ()


def explain(shard: Shard, query_row: int, candidate_rows: np.ndarray) -> list[Why]:
    """Explains candidates of one query; what ranked them is searched and computed again.

    Args:
        shard: The shard that answered by its model.
        query_row: The query's row.
        candidate_rows: int64 [K]; rows of candidates of its answer.

    Returns:
        One explanation per candidate.
    """
    block, seen = np.array([query_row]), left_out(shard)
    proposals = [one.source.search(block, one.quota, seen) for one in shard.proposers]
    names = [one.name for one in shard.proposers]
    ranks = [_ranks(names, proposals, int(row)) for row in candidate_rows]
    if not isinstance(shard.ranker, LearnedRanker):
        return [Why(one) for one in ranks]
    effects = _effects(shard.ranker, block, proposals, candidate_rows)
    return [Why(one, several) for one, several in zip(ranks, effects, strict=True)]


def _ranks(names: Sequence[str], proposals: Sequence[Proposals], row: int) -> dict[str, int]:
    found = [np.flatnonzero(rows[0] == row) for rows, _ in proposals]
    places = dict(zip(names, found, strict=True))
    return {name: int(place[0]) + 1 for name, place in places.items() if len(place)}


def _effects(
    ranker: LearnedRanker, block: np.ndarray, proposals: Sequence[Proposals], rows: np.ndarray
) -> list[tuple[FeatureEffect, ...]]:
    proposed = Proposed.of(proposals)
    wanted = np.isin(proposed.candidates, rows)
    few = Proposed(
        proposed.places[wanted],
        proposed.candidates[wanted],
        proposed.ranks[wanted],
        proposed.scores[wanted],
    )
    features = pair_features(few, block, ranker.nodes, ranker.model.features)
    names, values, effects = ranker.model.effects(features, ranker.region)
    by_row = {
        int(candidate): _strongest(names, values[place], effects[place])
        for place, candidate in enumerate(few.candidates)
    }
    return [by_row.get(int(row), ()) for row in rows]


def _strongest(
    names: Sequence[str], values: np.ndarray, effects: np.ndarray
) -> tuple[FeatureEffect, ...]:
    order = np.lexsort((np.arange(len(effects)), -np.abs(effects)))[:NUM_FEATURES]
    return tuple(
        FeatureEffect(
            names[place],
            None if np.isnan(values[place]) else float(values[place]),
            float(effects[place]),
        )
        for place in order
    )
