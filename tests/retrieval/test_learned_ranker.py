"""A learned ranker orders by chance, stays what it was when stored, and refuses other features."""

from pathlib import Path

import numpy as np
import pytest

from graphrec_core.config import StepName
from graphrec_core.config.recommender import LightGBMConfig
from graphrec_core.errors import LakeError
from graphrec_core.lake import Artifact, Lake, artifact_id, attempt
from graphrec_core.lake.records import RankerFigures
from graphrec_core.models.trees import fit_trees
from graphrec_core.retrieval.chance_model import REGION, TreeModel
from graphrec_core.retrieval.learned_ranker import (
    TREES_FILE,
    LearnedRanker,
    read_model,
    read_nodes,
    write_model,
    write_nodes,
)
from graphrec_core.retrieval.node_features import NodeFeatures
from graphrec_core.retrieval.pair_features import Proposed, feature_names, pair_features
from graphrec_core.types import ALL_REGIONS, Region
from tests.retrieval.test_pair_features import SOURCES, proposals, random_nodes
from tests.support.snapshots import AS_OF, tiny_config

EAST, WEST, MOON = Region("east"), Region("west"), Region("moon")
NAMES = [*feature_names(SOURCES), REGION]


def fitted(names: list[str] = NAMES, frac: float = 1.0) -> TreeModel:
    """Pairs are met by chance .5 where the candidate is popular in the east, else by .1.

    Of the pairs that are not met only ``frac`` are fitted to.
    """
    random = np.random.default_rng(1)
    rows = random.random((8000, len(names))).astype(np.float32)
    rows[:, -1] = random.integers(0, 2, len(rows))
    popular = rows[:, names.index("candidate_num_queries")]
    chance = np.where((popular > 0.5) & (rows[:, -1] == 0), 0.5, 0.1)
    is_met = random.random(len(rows)) < chance
    kept = is_met | (random.random(len(rows)) < frac)
    nobody = np.zeros(kept.sum(), dtype=bool)
    config = LightGBMConfig(num_rounds=120)
    trees = fit_trees(rows[kept], is_met[kept], names, config, nobody)
    return TreeModel((EAST, WEST), frac, trees.model_to_string())


def committed(root: Path, model: TreeModel, ranker: LearnedRanker | None = None) -> Artifact:
    config = tiny_config(root)
    lake, name = Lake(config), artifact_id(StepName.RANKER, config, AS_OF, ALL_REGIONS, {})
    with attempt(lake.storage, lake.layout.folder(StepName.RANKER, name), name) as trial:
        write_model(trial, model)
        if ranker:
            write_nodes(trial, ranker.nodes)
        figures = RankerFigures(regions=(), num_queries=0, num_clicks=0, num_pairs=0)
        return trial.commit(StepName.RANKER, config, AS_OF, ALL_REGIONS, {}, figures)


@pytest.fixture(scope="module")
def ranker() -> LearnedRanker:
    return LearnedRanker(fitted(), random_nodes(np.random.default_rng(7), 5, 30), EAST)


def test_the_likeliest_come_first_with_who_proposed_them(ranker: LearnedRanker) -> None:
    found = proposals([[3, 8, 20], [1, 2, -1]], [[8, 9, -1], [-1, -1, -1]])
    merged = ranker.merge(np.array([2, 0]), found, 4)
    proposed = Proposed.of(found)
    chances = ranker.model.chances(pair_features(proposed, np.array([2, 0]), ranker.nodes), EAST)
    for place, query in enumerate(merged.rows):
        own = proposed.places == place
        order = np.lexsort((proposed.candidates[own], -chances[own]))
        wanted = proposed.candidates[own][order][:4].tolist()
        assert query[query >= 0].tolist() == wanted
    where = merged.rows[0].tolist().index(8)
    assert merged.proposed_by[0, where].tolist() == [True, True]
    assert merged.rows[1].tolist()[2:] == [-1, -1]


def test_a_query_to_whom_nothing_is_proposed_gets_nothing(ranker: LearnedRanker) -> None:
    merged = ranker.merge(np.array([1]), proposals([[-1, -1]], [[-1]]), 3)
    assert merged.rows.tolist() == [[-1, -1, -1]]


def test_stored_it_is_what_it_was(tmp_path: Path, ranker: LearnedRanker) -> None:
    artifact = committed(tmp_path, ranker.model, ranker)
    again = LearnedRanker(read_model(artifact, SOURCES), read_nodes(artifact), EAST)
    asked = np.arange(5), proposals([[4, 2, 9]] * 5, [[7, 9, 1]] * 5), 5
    one, two = ranker.merge(*asked), again.merge(*asked)
    np.testing.assert_array_equal(one.rows, two.rows)
    np.testing.assert_array_equal(one.scores, two.scores)
    assert artifact.read(TREES_FILE).startswith(b"tree\n")  # text, and no pickle


@pytest.mark.parametrize("frac", [1.0, 0.25])
def test_scores_are_chances_whatever_share_was_fitted_to(frac: float) -> None:
    rows = np.random.default_rng(2).random((500, len(NAMES) - 1)).astype(np.float32)
    model = fitted(frac=frac)
    popular = rows[:, NAMES.index("candidate_num_queries")]
    assert model.chances(rows, EAST)[popular > 0.6].mean() == pytest.approx(0.5, abs=0.05)
    assert model.chances(rows, EAST)[popular < 0.4].mean() == pytest.approx(0.1, abs=0.03)


def test_a_region_is_a_feature_and_an_unknown_one_is_no_fault() -> None:
    rows = np.full((1, len(NAMES) - 1), 0.9, dtype=np.float32)
    model = fitted()
    (east,), (west,), (moon,) = (model.chances(rows, one) for one in (EAST, WEST, MOON))
    assert east > west + 0.2
    assert 0 < moon < 1


def test_a_ranker_of_before_a_feature_serves_on(tmp_path: Path) -> None:
    """Its shard lacks what the new feature reads; its chances are what they were."""
    dropped = {"query_days_since_event", "candidate_trend", "neighbours_met", "attribute_share"}
    names = [name for name in NAMES if name not in dropped]
    nodes = random_nodes(np.random.default_rng(7), 5, 30)
    older = NodeFeatures(
        nodes.queries.drop_columns(["days_since_event", "neighbours", "attributes"]),
        nodes.candidates.drop_columns(["trend", "met_by", "attributes"]),
    )
    artifact = committed(tmp_path, fitted(names), LearnedRanker(fitted(names), older, EAST))
    ranker = LearnedRanker(read_model(artifact, SOURCES), read_nodes(artifact), EAST)
    found, rows = proposals([[4, 2, 9]], [[7, 9, 1]]), np.array([3])
    merged = ranker.merge(rows, found, 5)
    whole = pair_features(Proposed.of(found), rows, nodes)
    kept = whole[:, [name not in dropped for name in NAMES[:-1]]]
    chances = np.sort(ranker.model.chances(kept, EAST))[::-1]
    np.testing.assert_allclose(merged.scores[0], chances, rtol=1e-6)


def test_trees_of_other_features_are_refused(tmp_path: Path) -> None:
    artifact = committed(tmp_path, fitted())
    with pytest.raises(LakeError, match="found: recent_rank, recent_score\n"):
        read_model(artifact, ["taste", "walks"])
    with pytest.raises(LakeError, match="found: other sources, or another order"):
        read_model(artifact, SOURCES[::-1])
