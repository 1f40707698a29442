"""Why a candidate stands where it does: its ranks in the sources, and what moved the trees."""

import numpy as np
import pytest

from graphrec_core.retrieval.explain import Why, _effects, _ranks
from graphrec_core.retrieval.learned_ranker import LearnedRanker
from graphrec_core.retrieval.pair_features import Proposed, pair_features
from tests.retrieval.test_learned_ranker import EAST, fitted
from tests.retrieval.test_pair_features import SOURCES, proposals, random_nodes

FOUND = proposals([[3, 8, 20]], [[8, 9, -1]])


@pytest.fixture(scope="module")
def ranker() -> LearnedRanker:
    return LearnedRanker(fitted(), random_nodes(np.random.default_rng(7), 5, 30), EAST)


def test_the_ranks_are_those_of_the_sources() -> None:
    names = [f"s{number}" for number in range(len(SOURCES))]
    assert _ranks(names, FOUND, 8) == {"s0": 2, "s1": 1}
    assert _ranks(names, FOUND, 20) == {"s0": 3}
    assert _ranks(names, FOUND, 7) == {}


def test_effects_and_a_constant_add_up_to_the_odds(ranker: LearnedRanker) -> None:
    features = pair_features(Proposed.of(FOUND), np.array([2]), ranker.nodes)
    names, values, effects = ranker.model.effects(features, EAST)
    chances = ranker.model.chances(features, EAST)
    odds = np.log(chances / (1 - chances))
    assert len(names) == values.shape[1] == effects.shape[1]
    constants = odds - effects.sum(axis=1)
    assert constants == pytest.approx(constants[0])
    # What the trees were fitted to is what they name first.
    strongest = np.abs(effects).mean(axis=0).argsort()[-2:]
    assert {names[place] for place in strongest} == {"candidate_num_queries", "region"}


def test_the_strongest_features_are_named_for_the_candidates_that_are_asked_for(
    ranker: LearnedRanker,
) -> None:
    asked = np.array([20, 8, 7])  # in this order; nobody proposes 7
    first, second, third = _effects(ranker, np.array([2]), FOUND, asked)
    assert (len(first), len(second), third) == (3, 3, ())
    (visits,) = (one for one in first if one.name == "candidate_num_queries")
    assert visits.value == pytest.approx(ranker.nodes.candidates["num_queries"][20].as_py())
    sizes = [abs(one.effect) for one in first]
    assert sizes == sorted(sizes, reverse=True)
    assert Why({"taste": 1}).features == ()
