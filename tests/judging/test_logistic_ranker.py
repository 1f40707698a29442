"""fit-ranker with the small ranker: it learns, is stored, serves what it was judged by."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphrec.jobs import build_shard, fit_ranker
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.lake.records import RankerFigures
from graphrec_core.retrieval.chance_model import LogisticModel
from graphrec_core.retrieval.learned_ranker import LearnedRanker, read_model
from graphrec_core.retrieval.shard import open_shard
from tests.judging.test_fit_ranker import EAST, SCORERS, make_config
from tests.support.snapshots import AS_OF, write_tiny_snapshot
from tests.support.steps import embed_all


def config_of(root: Path, **settings: Any) -> PipelineConfig:
    data = make_config(root).model_dump(mode="json")
    data["recommender"]["ranker"] = {"model": "logistic", "num_windows": 1, **settings}
    return PipelineConfig.model_validate(data)


def fitted(config: PipelineConfig) -> tuple[LogisticModel, RankerFigures]:
    day = Day(config, AS_OF)
    figures = fit_ranker.run(day).figures(RankerFigures)
    model = read_model(day.open(day.ref(StepName.RANKER)), sorted(SCORERS))
    assert isinstance(model, LogisticModel)
    return model, figures


def test_it_finds_what_tells_clicks_from_the_rest(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    write_tiny_snapshot(config)
    model, figures = fitted(config)
    assert figures.num_trees is None
    assert sum(figures.importance.values()) == pytest.approx(1, abs=0.01)
    # The places of a taste lie on one latitude, so being near tells them from all others.
    curve = [chance for _, chance in figures.dependence["nearness"]]
    assert curve == sorted(curve)
    assert figures.reliability
    again, _ = fitted(config_of(tmp_path))
    assert model == again


@pytest.mark.parametrize(
    "change", [{"l2": 500.0}, {"held_frac": 0.4}, {"seed": 5}, {"negatives_frac": 0.9}], ids=str
)
def test_each_setting_changes_it(tmp_path: Path, change: dict[str, Any]) -> None:
    write_tiny_snapshot(config_of(tmp_path))
    assert (
        fitted(config_of(tmp_path))[0].weights != fitted(config_of(tmp_path, **change))[0].weights
    )


def test_a_shard_serves_with_it(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    write_tiny_snapshot(config)
    embed_all(Day(config, AS_OF), EAST)
    model, _ = fitted(config)
    build_shard.run(Day(config, AS_OF), EAST)
    day = Day(config, AS_OF)
    ranker = open_shard(day.open(day.ref(StepName.SHARD, EAST))).ranker
    assert isinstance(ranker, LearnedRanker)
    rows = np.random.default_rng(0).random((5, len(model.names) - 1)).astype(np.float32)
    np.testing.assert_array_equal(ranker.model.chances(rows, EAST), model.chances(rows, EAST))
