"""What is left out of a ranker's pairs, and how they are judged."""

from pathlib import Path

import numpy as np
import pytest

from bench.ablation import FAMILIES, families, rows, without_source
from bench.offline import Judged, judge
from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.judging.ranker_window import RankerWindow, WindowReader
from graphrec_core.lake import Artifact
from graphrec_core.retrieval.chance_model import LogisticModel
from graphrec_core.retrieval.pair_features import PAIR_FEATURES, feature_names
from graphrec_core.types import Region
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot

EAST = Region("east")
SOURCES = {
    "alike": {"model": "ease", "quota": 7},
    "recent": {"model": "popularity", "quota": 3},
    "walks": {"model": "covisitation", "quota": 5},
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ablation")


def configured(lake: Path, *names: str) -> PipelineConfig:
    sources = {name: SOURCES[name] for name in names}
    return tiny_config(lake, recommender={"sources": sources, "ranker": {"model": "lightgbm"}})


def read(config: PipelineConfig, snapshot: Artifact) -> RankerWindow:
    (found,) = WindowReader(Day(config, AS_OF), snapshot).read(EAST)
    return found


@pytest.mark.parametrize("left_out", SOURCES)
def test_a_source_that_is_left_out_might_never_have_been(lake: Path, left_out: str) -> None:
    snapshot = write_tiny_snapshot(configured(lake, *SOURCES))
    whole = read(configured(lake, *SOURCES), snapshot)
    others = [name for name in SOURCES if name != left_out]
    wanted = read(configured(lake, *others), snapshot)
    found, names = without_source(whole, list(SOURCES), left_out)
    assert names == feature_names(others)
    assert len(found.is_met) < len(whole.is_met)
    np.testing.assert_array_equal(found.features, wanted.features)
    assert found.is_met.tolist() == wanted.is_met.tolist()
    assert found.queries.tolist() == wanted.queries.tolist()


def test_every_feature_is_in_one_family() -> None:
    names = feature_names(["walks", "query_like"])
    found = families([*names, "of_tomorrow"])
    assert sorted(name for several in found.values() for name in several) == sorted(
        [*names, "of_tomorrow"]
    )
    assert found["of_tomorrow"] == ["of_tomorrow"]  # none of the families
    assert set(found) == {*FAMILIES, "of_tomorrow"}  # and none is empty
    assert found["distance"] == ["last_km", "nearest_km", "nearness"]
    assert {one.name for one in PAIR_FEATURES} <= {*names}


def test_answers_are_ordered_by_chance_and_judged_by_all_that_was_met(lake: Path) -> None:
    """The model likes high values; 7 met three candidates, one of which nobody proposed."""
    model = LogisticModel((EAST,), 1.0, ("x", "region"), (0.0,), (1.0,), (1.0, 0.0, 0.0, 0.0))
    pairs = RankerWindow(
        EAST,
        np.array([[1.0], [3.0], [2.0], [5.0], [4.0]], np.float32),
        np.array([True, False, True, False, True]),
        np.array([7, 7, 7, 2, 2]),
    )
    judged = Judged(pairs, num_targets=np.array([3, 1]), queries=np.array([7, 2]))
    config = configured(lake, "walks").model_copy()
    config = config.model_copy(
        update={"evaluation": config.evaluation.model_copy(update={"k": 2, "depth": 3})}
    )
    found = judge(model, judged, config)
    # 7: candidates of 3, 2 and 1: the second and third were met. 2: of 5 and 4: the second.
    assert found["recall"] == pytest.approx([1 / 3, 1])
    assert found["mrr"] == pytest.approx([1 / 2, 1 / 2])


def test_a_row_says_what_is_lost() -> None:
    whole = {name: np.array([0.5, 0.25] * 50) for name in ("recall", "mrr")}
    (row, _) = rows("x", {**whole, "recall": whole["recall"] - 0.25}, whole)
    assert (row["value"], row["interval"], row["queries"]) == (-0.25, [-0.25, -0.25], 100)
