"""What the report and status say of a choice between recommenders."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphrec.jobs import choose_recommender, fit_ranker
from graphrec.jobs.perform import perform
from graphrec_core.config import PipelineConfig, StepName, Task
from graphrec_core.config.recommender import OWN
from graphrec_core.day import Day
from graphrec_core.lake.records import ChoiceFigures, ContestFigures
from graphrec_core.report.choice_picture import contender_rows, plot_choice
from graphrec_core.report.collect import collect, collect_found
from graphrec_core.report.found import find_day
from graphrec_core.report.page import render_page
from graphrec_core.report.systems import recommender_title
from graphrec_core.report.wording import chosen_recommenders, share
from graphrec_core.types import Region
from tests.judging.test_choose import ALONE, LEARNED, make_config, write_days
from tests.support.snapshots import AS_OF, write_tiny_snapshot

EAST, WEST = Region("east"), Region("west")


def figures(own: float, rival: float, num: int = 50) -> ContestFigures:
    ratio = {"ratio": rival / own, "ratio_low": 0.9, "ratio_high": 1.5}
    metrics = {"recall": own, "mrr": own}
    contenders: dict[str, Any] = {
        "rival": {"metrics": {"recall": rival, "mrr": rival}, "score": rival, **ratio},
        OWN: {"metrics": metrics, "score": own},
    }
    return ContestFigures.model_validate({"num_queries": num, "contenders": contenders})


CHOICE = ChoiceFigures(
    chosen={EAST: "rival", WEST: OWN},
    chosen_by={EAST: "region", WEST: "pool"},
    regions={EAST: figures(0.1, 0.12), WEST: figures(0.2, 0.1, num=8)},
    pool=figures(0.12, 0.115, num=58),
    unjudged={"other": "no window"},
)


def html(config: PipelineConfig) -> str:
    found = find_day(config, AS_OF)
    return render_page(found, collect_found(found))


def test_rows_go_by_region_the_configured_one_first_and_the_pool_last() -> None:
    rows = [(row.place, row.name, row.num_queries, row.by) for row in contender_rows(CHOICE)]
    assert rows == [
        ("east", OWN, 50, ""), ("east", "rival", 50, "region"),
        ("west", OWN, 8, "pool"), ("west", "rival", 8, ""),
        ("all regions", OWN, 58, ""), ("all regions", "rival", 58, ""),
    ]  # fmt: skip


def test_the_table_says_whose_queries_all_regions_are(tmp_path: Path) -> None:
    """Where somebody could not compete in a region, it is not among them."""
    config = make_config(tmp_path, ALONE)
    write_tiny_snapshot(config)
    choose_recommender.run(Day(config, AS_OF))
    found = find_day(config, AS_OF)
    day = collect_found(found)
    assert day.choice is not None
    said = "all regions: those in which all competed"
    assert said not in render_page(found, day)
    without = day.choice.model_copy(update={"left_out": {WEST: {"walking": "no model"}}})
    assert said in render_page(found, replace(day, choice=without))


def test_without_a_ratio_there_is_no_picture() -> None:
    nothing = CHOICE.model_copy(update={"regions": {}, "pool": ContestFigures(num_queries=0)})
    assert plot_choice(nothing) is None
    assert plot_choice(None) is None
    picture = plot_choice(CHOICE)
    assert picture is not None
    assert "by region" in picture.alt


def test_the_page_shows_all_contenders_and_the_rankers_that_serve(tmp_path: Path) -> None:
    config = make_config(tmp_path, ALONE | LEARNED)
    write_days(config)
    assert "The choice is missing" in html(config)
    assert chosen_recommenders(collect(config, AS_OF)) == []
    found = choose_recommender.run(Day(config, AS_OF)).figures(ChoiceFigures)
    told = html(config)
    assert "by region" in told
    assert "learned" in recommender_title(config.recommender)
    for row in contender_rows(found):
        assert share(row.figures.score) in told
    chosen = set(found.chosen.values())
    day = collect(config, AS_OF)
    assert {name for line in chosen_recommenders(day) for name in chosen if name in line} == chosen
    assert day.to_dict()["choice"]["chosen"] == found.chosen
    assert day.rankers == {}
    made = fit_ranker.run(Day(config, AS_OF))
    assert set(made) == {"learned"} & chosen
    assert set(collect(config, AS_OF).rankers) == {"learned"} & chosen


def test_a_ranker_that_was_not_fitted_is_missing(tmp_path: Path) -> None:
    """It should be there for the one that was chosen."""
    config = make_config(tmp_path, LEARNED)
    write_tiny_snapshot(config)
    day = Day(config, AS_OF)
    day.produce(
        day.ref(StepName.CHOICE),
        lambda _: CHOICE.model_copy(update={"chosen": {EAST: "learned", WEST: OWN}}),
    )
    page, steps = html(config), collect(config, AS_OF).missing_steps
    assert [one.owner for one in steps if one.step == StepName.RANKER] == ["learned"]
    assert "The ranker of learned is missing." in page
    assert "No recommender that was chosen" not in page


@pytest.mark.parametrize(
    ("update", "told"),
    [
        ({}, ["Chosen on the fit holdout: rival for east.", f"Chosen on the fit holdout: {OWN}"]),
        ({"unjudged": {OWN: "no model"}}, ["rival for east.", "could not compete", "no model"]),
        ({"left_out": {WEST: {OWN: "no model"}}}, ["rival for east.", "could not compete"]),
        ({"left_out": {EAST: {OWN: "no model"}}}, ["rival for east.", "too little to choose by"]),
    ],
)
def test_only_what_was_chosen_is_said_to_be(
    tmp_path: Path, update: dict[str, Any], told: list[str]
) -> None:
    by = {EAST: "region", WEST: "default" if update else "pool"}
    figures = CHOICE.model_copy(update={"unjudged": {}, "chosen_by": by, **update})
    day = replace(collect(make_config(tmp_path, ALONE), AS_OF), choice=figures)
    sentences = chosen_recommenders(day)
    assert len(sentences) == len(told)
    assert all(part in one for one, part in zip(sentences, told, strict=True)), sentences


def test_a_chosen_recommender_without_a_learned_ranker_has_none_missing(tmp_path: Path) -> None:
    """The one with a learned ranker cannot compete yet."""
    config = make_config(tmp_path, ALONE | LEARNED)
    write_tiny_snapshot(config)
    assert perform(Task(StepName.CHOICE), Day(config, AS_OF))["chosen"] == {
        "east": "walking",
        "west": "walking",
    }
    told = perform(Task(StepName.RANKER), Day(config, AS_OF))
    assert told == {"step": "fit-ranker", "contenders": {}}
    page = html(config)
    assert "No recommender that was chosen has a learned ranker." in page
    assert "learned did not compete: before its own window: 0 queries" in page
    missing = {one.step for one in collect(config, AS_OF).missing_steps}
    assert not missing & {"fit-ranker", "choose-recommender"}
