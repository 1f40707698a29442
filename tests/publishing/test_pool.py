"""Which queries the pool judges what by."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from graphrec_core.config import StepName
from graphrec_core.config.recommender import OWN
from graphrec_core.day import Day
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import ChoiceFigures, ContestFigures, EmbeddingFigures
from graphrec_core.publishing.deciding import Brought, judge_pool
from graphrec_core.types import Region, View
from tests.judging.test_choose import LEARNED, make_config
from tests.support.snapshots import AS_OF

EAST, WEST = Region("east"), Region("west")
SOURCE = "source_walks"


def evaluation(day: Day, region: Region, num: int, source: float) -> Brought:
    """Commits what a region's queries are: the model finds .5 of the time, a source as told."""
    columns: dict[str, Any] = {"degree": np.full(num, 20)}
    for system, value in {"model": 0.5, "popularity": 0.1, SOURCE: source}.items():
        columns |= {f"{system}_{metric}": np.full(num, value) for metric in ("recall", "mrr")}

    def write(trial: Attempt) -> EmbeddingFigures:
        trial.write_table("queries.parquet", pa.table(columns))
        return EmbeddingFigures(num_nodes={})

    found: Artifact = day.produce(day.ref(StepName.EMBED, region, View.TRAIN, "walks"), write)
    return Brought(found, None, None, 0)


def choose(day: Day, chosen: dict[Region, str]) -> None:
    """Commits a choice."""
    figures = ChoiceFigures(
        chosen=chosen,
        chosen_by=dict.fromkeys(chosen, "region"),
        regions={},
        pool=ContestFigures(num_queries=0),
    )
    day.produce(day.ref(StepName.CHOICE), lambda _: figures)


def test_rankers_are_judged_by_the_regions_that_have_one(tmp_path: Path) -> None:
    """In the west lists are merged, and a source alone would do better: no ranker is to blame."""
    day = Day(make_config(tmp_path, LEARNED), AS_OF)
    choose(day, {EAST: "learned", WEST: OWN})
    brought = {EAST: evaluation(day, EAST, 400, 0.4), WEST: evaluation(day, WEST, 800, 0.9)}
    pool = judge_pool(day, brought)
    own = [rule for rule in pool if rule.rule == "own_source"]
    assert [(rule.num_queries, rule.outcome) for rule in own] == [(400, "passed")] * 2
    assert {rule.num_queries for rule in pool if rule.rule == "floor"} == {1200}


def test_without_a_fitted_ranker_none_is_judged(tmp_path: Path) -> None:
    day = Day(make_config(tmp_path, LEARNED), AS_OF)
    choose(day, {WEST: OWN})
    pool = judge_pool(day, {WEST: evaluation(day, WEST, 800, 0.9)})
    assert {rule.rule for rule in pool} == {"floor"}
