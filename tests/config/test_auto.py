"""What ``recommender: auto`` becomes, what it follows from, and how overrides meet it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphrec.jobs import show_config
from graphrec_core.config import PipelineConfig, load_pipeline
from graphrec_core.config.defaults import departures
from graphrec_core.config.model import (
    EaseConfig,
    FriendsConfig,
    LightGCNConfig,
    NearestConfig,
    NeighboursConfig,
    PopularityConfig,
    ReciprocalConfig,
    SpectralConfig,
)
from graphrec_core.config.recommender import (
    ChallengerConfig,
    LightGBMConfig,
    LogisticConfig,
    ReciprocalRankConfig,
)
from graphrec_core.errors import ConfigError
from tests.dags.pipelines import write_pipeline

PLACE = "select place as node_id, opened as valid_from from users"
LOCATED = "select place as node_id, opened as valid_from, lat as Latitude, longitude from users"
FOUR = {
    "explained": EaseConfig(),
    "people": NeighboursConfig(),
    "recent": PopularityConfig(window_days=28),
    "spectrum": SpectralConfig(),
}
ALONE = {
    f"{name}_alone": ChallengerConfig(sources=(name,))
    for name in ("explained", "people", "spectrum")
}
CHALLENGERS = {**ALONE, "merged": ChallengerConfig()}
Load = Callable[..., PipelineConfig]


def source(place: str = PLACE, edges: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "tables": {"users": {"path": "users.parquet"}},
        "nodes": {"user": "select * from users", "place": place},
        "edges": {"visited": "select * from users", **(edges or {})},
    }


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def _load(*overrides: str, **sections: Any) -> PipelineConfig:
        given = {"source": source(), "recommender": "auto", **sections}
        return load_pipeline(write_pipeline(tmp_path, "tiny", **given), overrides)

    return _load


def test_it_is_four_closed_forms_and_trees(load: Load) -> None:
    found = load().recommender
    assert found.sources == FOUR
    assert list(found.sources) == sorted(FOUR)
    assert found.ranker == LightGBMConfig()
    assert found.challengers == CHALLENGERS


def test_a_pipeline_without_the_section_has_it(load: Load, tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    auto = load()
    for text in ("", "recommender: {}"):
        path.write_text(path.read_text().replace("recommender: auto", text), encoding="utf-8")
        assert load_pipeline(path) == auto


def test_it_is_what_the_same_settings_are_when_they_are_written(load: Load) -> None:
    """So that ids and DAG are those of the written pipeline."""
    shown = load().recommender.model_dump(mode="json")
    written = load(recommender=shown)
    assert written == load()
    assert departures("recommender", written.recommender) == departures(
        "recommender", load().recommender
    )


def test_what_it_became_is_shown_and_can_be_loaded(load: Load, tmp_path: Path) -> None:
    edges = {"visited": "select user as src, place as dst, at as event_time from users"}
    users = "select user as node_id, since as valid_from from users"
    tables = source(edges=edges) | {"nodes": {"user": users, "place": PLACE}}
    config = load(source=tables)
    again = tmp_path / "again.yaml"
    again.write_text(show_config.run(config), encoding="utf-8")
    assert "model: ease" in again.read_text(encoding="utf-8")
    assert load_pipeline(again) == config


@pytest.mark.parametrize(
    ("time", "days"),
    [
        ({}, 28),
        ({"horizon_days": 1}, 4),
        ({"horizon_days": 28}, 112),
        ({"horizon_days": 28, "window_days": 60}, 60),
    ],
)
def test_recent_is_four_horizons_and_no_more_than_a_view(
    load: Load, time: dict[str, int], days: int
) -> None:
    assert load(time=time).recommender.sources["recent"] == PopularityConfig(window_days=days)


def test_candidates_with_coordinates_are_proposed_where_they_are_near(load: Load) -> None:
    found = load(source=source(LOCATED)).recommender.sources
    assert found == {**FOUR, "nearby": NearestConfig()}
    one = PLACE.replace("opened", "opened, latitude")
    assert load(source=source(one)).recommender.sources == FOUR


def test_a_home_by_coordinates_says_that_there_are_some(load: Load) -> None:
    region = {"user": "from_events", "place": "coordinates", "areas": {"cells": 3}}
    found = load(source=source("select * from users"), region=region)
    assert found.recommender.sources == {**FOUR, "nearby": NearestConfig()}


def test_candidates_of_no_region_are_learned_from_all(load: Load) -> None:
    found = load(region={"user": "column", "place": "everywhere"}).recommender.sources
    assert found == {
        "explained": EaseConfig(scope="global"),
        "people": NeighboursConfig(scope="global"),
        "recent": PopularityConfig(window_days=28),
        "spectrum": SpectralConfig(scope="global"),
    }


def test_people_are_recommended_friends_and_who_waits_for_an_answer(load: Load) -> None:
    people = {
        "tables": {"users": {"path": "users.parquet"}},
        "nodes": {"user": PLACE},
        "edges": {"visited": "select * from users"},
    }
    task = {"query": "user", "candidate": "user", "edge": "visited"}
    found = load(source=people, task=task, region={"user": "column"}).recommender.sources
    assert found == {**FOUR, "friends": FriendsConfig(), "waiting": ReciprocalConfig()}


def test_edges_between_queries_make_friends(load: Load) -> None:
    select = "select * from users"
    knows = {"src": "user", "dst": "user", "select": select}
    edges = {"knows": knows, "follows": knows, "liked": select, "near": {**knows, "src": "place"}}
    assert load(source=source(edges=edges)).recommender.sources == {
        **FOUR,
        "friends": FriendsConfig(edge="follows"),
        "friends_2": FriendsConfig(edge="knows"),
    }


def test_a_star_asks_for_an_explicit_recommender(load: Load, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(source=source("select * from users"))
    found = caught.value.found
    assert "source.nodes.place yields, and its `*` does not tell them" in found
    lines, _, line = found.partition("such as ")[2].partition(" (line ")
    text = (tmp_path / "tiny.yaml").read_text(encoding="utf-8").splitlines()
    assert text[int(line.removesuffix(")")) - 1] == "    place: select * from users"
    config = load(lines.replace(": ", "=", 1), source=source("select * from users"))
    assert config.recommender.sources == FOUR
    assert config.recommender.ranker == LightGBMConfig()
    named = "select *, lat as latitude, lon as longitude from users"
    assert "nearby" in load(source=source(named)).recommender.sources


def test_a_star_elsewhere_or_beside_named_sources_asks_nothing(load: Load) -> None:
    assert load().recommender.sources == FOUR, "edges and queries have stars"
    own = {"model": "popularity"}
    assert load(source=source("select * from users"), recommender=own).recommender.sources


def test_an_override_reaches_a_part_of_it(load: Load) -> None:
    assert load("recommender.ranker.num_windows=1").recommender.ranker == LightGBMConfig(
        num_windows=1
    )
    assert load("recommender.ranker.num_windows=1").recommender.sources == FOUR
    other = load("recommender.ranker.model=logistic", "recommender.ranker.l2=3").recommender
    assert (other.sources, other.ranker) == (FOUR, LogisticConfig(l2=3))
    merged = load("recommender.ranker={model: reciprocal_rank}").recommender
    assert (merged.sources, merged.ranker) == (FOUR, ReciprocalRankConfig())
    quota = load("recommender.sources.explained.quota=5").recommender.sources
    assert quota == {**FOUR, "explained": EaseConfig(quota=5)}
    more = load("recommender.sources.taste={model: lightgcn}").recommender
    assert more.sources == {**FOUR, "taste": LightGCNConfig()}
    assert more.ranker == LightGBMConfig()


def test_what_competes_can_compete(load: Load) -> None:
    """A ranker of one window leaves none to be judged by, and merged lists are not two."""
    assert load("recommender.ranker.num_windows=1").recommender.challengers == {}
    merged = load(recommender={"ranker": {"model": "reciprocal_rank"}}).recommender
    assert merged.challengers == ALONE
    assert load("recommender.ranker.num_leaves=3").recommender.challengers == CHALLENGERS
    own = {"small": {"ranker": {"model": "logistic"}}}
    found = load(recommender={"challengers": own}).recommender
    assert found.sources == FOUR
    assert found.challengers == {"small": ChallengerConfig(ranker=LogisticConfig())}
    assert load("recommender.challengers={}").recommender.challengers == {}
    more = load("recommender.challengers.two.sources=[people, recent]").recommender
    assert set(more.challengers) == {*CHALLENGERS, "two"}


def test_an_override_takes_its_place_or_brings_it_back(load: Load) -> None:
    one = load("recommender.model=lightgcn", "recommender.embedding_dim=8").recommender
    assert one.sources == {"lightgcn": LightGCNConfig(embedding_dim=8)}
    assert load("recommender=auto", recommender={"model": "ease"}) == load()
    reset = load("recommender.ranker.num_windows=1", "recommender=auto")
    assert reset == load()


def test_it_follows_what_is_overridden_in_whatever_order(load: Load) -> None:
    for overrides in (
        ["time.horizon_days=2", "recommender.sources.explained.quota=5"],
        ["recommender.sources.explained.quota=5", "time.horizon_days=2"],
    ):
        sources = load(*overrides).recommender.sources
        assert sources["recent"] == PopularityConfig(window_days=8)
        assert sources["explained"] == EaseConfig(quota=5)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("recommender.sources.recent.quota=5", "recommender.ranker.num_windows=1"),
        ("recommender.sources.recent.quota=5", "recommender.ranker={model: reciprocal_rank}"),
        ("recommender.embedding_dim=8", "recommender.model=lightgcn"),
    ],
)
def test_its_parts_are_changed_after_what_it_follows_from(
    load: Load, first: str, second: str
) -> None:
    assert load(first, second) == load(second, first)
    assert load(second, first) != load(second)


def test_sources_take_its_place_as_in_a_yaml(load: Load) -> None:
    """No challenger that nobody wrote is left, of sources that are gone."""
    one = load("recommender.sources={a: {model: ease}}")
    assert one == load(recommender={"sources": {"a": {"model": "ease"}}})
    tree = load("recommender.ranker={model: lightgbm}", "recommender.sources={a: {model: ease}}")
    assert (tree.recommender.ranker, tree.recommender.challengers) == (LightGBMConfig(), {})


def test_a_later_override_overtakes_the_parts_before_it(load: Load) -> None:
    assert load("recommender.sources.recent.quota=5", "recommender=auto") == load()
    part, whole = "recommender.sources.a.quota=5", "recommender.sources={a: {model: ease}}"
    assert load(part, whole) == load(whole) != load(whole, part)


def test_a_mapping_that_only_says_who_orders_has_its_sources(load: Load) -> None:
    found = load(recommender={"ranker": {"num_windows": 2}}).recommender
    assert (found.sources, found.ranker) == (FOUR, LightGBMConfig(num_windows=2))


@pytest.mark.parametrize(
    ("overrides", "found"),
    [
        (["recommender.sources.nobody.quota=5"], r"recommender\.sources\.nobody: its model"),
        (["recommender.ranker=5"], r"recommender\.ranker: "),
        (["recommender.embedding_dim=8"], r"unknown key recommender\.embedding_dim"),
        (["recommender=automatic"], "recommender: "),
        (["recommender=null"], "recommender: "),
        (["task.candidate=film"], r"task.candidate must be one of source.nodes"),
        (["task.candidate=film", "recommender.sources.a={model: ease}"], "task.candidate must be"),
        (["time.horizon_days=-1"], r"^(?!.*recommender).*time\.horizon_days"),
        (["time.horizon_days=-1", "recommender.ranker.num_leaves=1"], "num_leaves"),
    ],
)
def test_what_is_wrong_is_said_of_its_own_key(
    load: Load, overrides: list[str], found: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(*overrides)
    assert re.search(found, caught.value.found), caught.value.found
