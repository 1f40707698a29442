"""A pipeline that names no recommender goes from raw tables to answers."""

from pathlib import Path

import pytest

from graphrec.jobs import build_shard, build_snapshot, evaluate_model, fit_ranker, query
from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.lake.records import RankerFigures
from graphrec_core.publishing.publish import publish
from graphrec_core.types import Region
from tests.pinned.tiny_day import AS_OF, tiny_town
from tests.support.steps import embed_all

EAST, WEST = Region("ash"), Region("birch")
AUTO = {"explained", "people", "recent", "spectrum"}


@pytest.mark.pipeline
def test_it_learns_a_ranker_judges_and_answers(tmp_path: Path) -> None:
    config = tiny_town(tmp_path, "recommender=auto", "time.horizon_days=9")
    day = Day(config, AS_OF)
    build_snapshot.run(day)
    for region in (EAST, WEST):
        embed_all(day, region)
    ranker = fit_ranker.run(Day(config, AS_OF)).figures(RankerFigures)
    assert ranker.regions == (EAST, WEST)
    for region in (EAST, WEST):
        stats = evaluate_model.run(Day(config, AS_OF), region).stats
        assert set(stats["metrics"]) >= {"model", *(f"source_{name}" for name in AUTO)}
        build_shard.run(Day(config, AS_OF), region)
    assert set(publish(Day(config, AS_OF)).regions) == {EAST, WEST}
    manifest = day.open(day.ref(StepName.SHARD, EAST)).manifest
    assert {one["name"] for one in manifest.stats["sources"]} == AUTO
    answer = query.run(config, "ash-u0", 10)
    assert len(answer.items) == 10
    assert {name for item in answer.items for name in item.sources} <= AUTO | {"popular"}
