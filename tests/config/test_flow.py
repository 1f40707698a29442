"""A day's tasks follow from the table of steps."""

from dataclasses import replace

import pytest

from graphrec_core.config import Needs, StepName, Task, flow_of, regions_of_day, tasks_of_day
from graphrec_core.config.recommender import RecommenderConfig
from graphrec_core.config.steps import StepInput
from graphrec_core.errors import ConfigError, EmptyTableError
from graphrec_core.types import View
from tests.support.new_step import COUNT_HOMES, ENTRY, new_step

OWN = {"model": "lightgcn"}
USUAL = RecommenderConfig.model_validate({"sources": {"a": OWN}})


def names(recommender: RecommenderConfig = USUAL) -> list[str]:
    return [task.name for task in tasks_of_day(recommender)]


def test_a_view_is_made_just_before_it_is_read_and_a_check_is_no_task() -> None:
    assert names() == [
        "wait-for-source", "validate-source", "build-snapshot", "train-model",
        "generate-embeddings-train", "evaluate-model", "generate-embeddings-serve", "build-shard",
        "publish-release", "write-report",
    ]  # fmt: skip


def test_a_view_that_a_new_step_reads_first_is_made_before_it() -> None:
    vectors = StepInput("vectors", StepName.EMBED, View.SERVE)
    entry = replace(ENTRY, inputs=(vectors,))
    with new_step(entry):
        assert names()[5:8] == ["evaluate-model", "generate-embeddings-serve", "count-homes"]
    with new_step():
        assert Task(COUNT_HOMES) in tasks_of_day(USUAL)
    assert Task(COUNT_HOMES) not in tasks_of_day(USUAL)


EARLY = ["wait-for-source", "validate-source", "build-snapshot"]
VIEWS = ["generate-embeddings-train", "generate-embeddings-serve"]
JUDGED = ["evaluate-model", "build-shard"]
LATE = ["publish-release", "write-report"]
WHOLE = {"model": "lightgcn", "scope": "global"}


@pytest.mark.parametrize(
    ("sources", "shared", "per_region"),
    [
        ({"a": OWN}, [], {"train-model", *VIEWS, *JUDGED}),
        ({"a": WHOLE}, ["train-model", *VIEWS], {*JUDGED}),
        ({"a": WHOLE, "b": OWN}, ["train-model", *VIEWS], {"train-model", *VIEWS, *JUDGED}),
        ({"a": {"model": "popularity"}}, [], {*VIEWS, *JUDGED}),
    ],
    ids=["of regions", "global", "both", "nothing to train"],
)
def test_the_scopes_of_the_sources_part_the_day(
    sources: dict[str, object], shared: list[str], per_region: set[str]
) -> None:
    flow = flow_of(RecommenderConfig.model_validate({"sources": sources}))
    assert [one.name for one in flow.early] == EARLY
    (stage,) = flow.stages
    assert [one.name for one in stage.shared] == shared
    assert [one.name for one in stage.per_region] == [
        name for name in names() if name in per_region
    ]
    assert [one.name for one in flow.late] == LATE


@pytest.mark.parametrize(
    ("sources", "first", "shared", "per_region"),
    [
        ({"a": OWN}, ([], ["train-model"]), [], [*VIEWS, *JUDGED]),
        ({"a": WHOLE}, (["train-model"], []), VIEWS, JUDGED),
        ({"a": {"model": "popularity"}}, None, [], [*VIEWS, *JUDGED]),
    ],
    ids=["of regions", "global", "nothing to train"],
)
def test_a_fitted_ranker_waits_for_the_models_of_all_regions(
    sources: dict[str, object],
    first: tuple[list[str], list[str]] | None,
    shared: list[str],
    per_region: list[str],
) -> None:
    recommender = RecommenderConfig.model_validate(
        {"sources": sources, "ranker": {"model": "lightgbm"}}
    )
    flow = flow_of(recommender)
    found = [
        ([one.name for one in stage.shared], [one.name for one in stage.per_region])
        for stage in flow.stages
    ]
    wanted = ["fit-ranker", *shared], [name for name in names() if name in per_region]
    assert found == [*([first] if first else []), wanted]
    assert [one.name for one in flow.early] == EARLY
    assert [one.name for one in flow.late] == LATE
    assert "fit-ranker" in names(recommender)
    assert "fit-ranker" not in names()


CHALLENGERS: dict[str, dict[str, object]] = {
    "b": {"ranker": {"offset": 9}},
    "c": {"ranker": {"model": "logistic"}},
}


@pytest.mark.parametrize(
    ("challengers", "own", "wanted"),
    [
        ("", {}, []),
        ("", {"model": "lightgbm"}, ["fit-ranker"]),
        ("b", {}, ["choose-recommender"]),
        ("b", {"model": "lightgbm"}, ["choose-recommender", "fit-ranker"]),
        ("c", {}, ["choose-recommender", "fit-ranker"]),
    ],
)
def test_a_choice_stands_before_the_rankers_of_those_that_are_chosen(
    challengers: str, own: dict[str, str], wanted: list[str]
) -> None:
    rivals = {name: CHALLENGERS[name] for name in challengers}
    sources = {"a": OWN, "d": {"model": "popularity"}}
    recommender = RecommenderConfig.model_validate(
        {"sources": sources, "ranker": own, "challengers": rivals}
    )
    flow = flow_of(recommender)
    assert [one.name for one in flow.stages[-1].shared] == wanted
    assert len(flow.stages) == (2 if wanted else 1)
    steps = "choose-recommender", "fit-ranker"
    assert [name for name in names(recommender) if name in steps] == wanted


def test_what_a_step_needs_of_those_before_it() -> None:
    ends = ([], [False], [True, False], [True])
    assert [Needs.ALL.are_met(end) for end in ends] == [True, False, False, True]
    assert [Needs.ONE.are_met(end) for end in ends] == [False, False, True, True]
    assert all(Needs.NOTHING.are_met(end) for end in ends)


def test_a_day_goes_on_with_the_regions_that_are_wanted_and_there() -> None:
    snapshot = {"regions": {"us": 1, "eu": 2, "asia": 3}, "broken_regions": {"mars": "no users"}}
    assert regions_of_day(snapshot, []) == ["asia", "eu", "us"]
    assert regions_of_day(snapshot, ["us", "asia", "us"]) == ["asia", "us"]
    with pytest.raises(ConfigError, match=r"\['mars'\]; broken: mars"):
        regions_of_day(snapshot, ["us", "mars"])
    with pytest.raises(EmptyTableError, match="a region with data"):
        regions_of_day({"regions": {}}, [])
