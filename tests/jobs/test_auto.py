"""A pipeline that names no recommender goes from raw tables to answers."""

from pathlib import Path

import pytest

from graphrec.jobs import (
    build_shard,
    build_snapshot,
    choose_recommender,
    evaluate_model,
    fit_ranker,
    query,
)
from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.lake.records import ChoiceFigures
from graphrec_core.publishing.publish import publish
from graphrec_core.types import Region
from tests.pinned.tiny_day import AS_OF, tiny_town
from tests.support.steps import embed_all

EAST, WEST = Region("ash"), Region("birch")


@pytest.mark.pipeline
def test_it_learns_chooses_judges_and_answers(tmp_path: Path) -> None:
    two = "recommender.ranker.num_windows=2"
    config = tiny_town(tmp_path, "recommender=auto", two, "time.horizon_days=9")
    day = Day(config, AS_OF)
    build_snapshot.run(day)
    for region in (EAST, WEST):
        embed_all(day, region)
    choice = choose_recommender.run(Day(config, AS_OF)).figures(ChoiceFigures)
    assert set(choice.regions[EAST].contenders) == {"recommender", *config.recommender.challengers}
    assert choice.regions[EAST].num_queries > 10
    assert set(fit_ranker.run(Day(config, AS_OF))) == {"recommender"} & set(choice.chosen.values())
    for region in (EAST, WEST):
        stats = evaluate_model.run(Day(config, AS_OF), region).stats
        assert stats["metrics"]["model"]["recall"] > 0
        build_shard.run(Day(config, AS_OF), region)
    assert set(publish(Day(config, AS_OF)).regions) == {EAST, WEST}
    manifest = Day(config, AS_OF).open(Day(config, AS_OF).ref(StepName.SHARD, EAST)).manifest
    chosen = Day(config, AS_OF).contenders[choice.chosen[EAST]].config.recommender
    assert {one["name"] for one in manifest.stats["sources"]} == set(chosen.sources)
    answer = query.run(config, "ash-u0", 10)
    assert len(answer.items) == 10
    assert {name for item in answer.items for name in item.sources} <= {*chosen.sources, "popular"}
