"""What tune may change: real settings within their bounds, and what a person would write."""

import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from graphrec_core.config.recommender import OWN, RANKERS, RecommenderConfig
from graphrec_core.config.recommenders import models
from graphrec_core.config.search_space import (
    RANKER_SPACES,
    SOURCE_SPACES,
    Choices,
    Space,
    Span,
    draw,
    recommender_of,
    values_of,
    with_challengers,
)
from graphrec_core.config.written import changed_lines, recommender_lines

SETTINGS = {entry.name: entry.settings for entry in models()}
RANKER_SETTINGS = {one.model_fields["model"].default: one for one in RANKERS}
BASE = RecommenderConfig.model_validate(
    {
        "sources": {
            "explained": {"model": "ease", "l2": 0.5, "quota": 90},
            "people": {"model": "neighbours", "degrees": [0.123456, 0.5, 1.7]},
            "taste": {"model": "lightgcn", "embedding_dim": 8},
            "walks": {"model": "covisitation"},
        },
        "ranker": {"model": "lightgbm", "num_windows": 3, "monotone": {"novelty": 1}},
        "challengers": {"walking": {"sources": ["walks"]}},
    }
)


def ends(space: Space) -> tuple[Any, ...]:
    return space.values if isinstance(space, Choices) else (space.low, space.high)


@pytest.mark.parametrize(
    ("kind", "model"),
    [("source", model) for model in SOURCE_SPACES] + [("ranker", one) for one in RANKER_SPACES],
)
def test_every_space_is_of_a_setting_and_within_its_bounds(kind: str, model: str) -> None:
    known = SETTINGS if kind == "source" else RANKER_SETTINGS
    spaces = SOURCE_SPACES if kind == "source" else RANKER_SPACES
    defaults = known[model]()
    for key, space in spaces[model].items():
        name, _, place = key.partition(".")
        for value in ends(space):
            given = value
            if place:
                given = list(getattr(defaults, name))
                given[int(place)] = value
            found = getattr(known[model].model_validate({name: given}), name)
            assert (found[int(place)] if place else found) == value
        own = getattr(defaults, name)
        own = own[int(place)] if place else own
        assert space.including(own) == space, f"{model}.{key}: the default lies outside"


def test_every_ranker_can_be_tuned_and_scorers_that_are_named() -> None:
    scorers = {entry.name for entry in models() if not entry.is_encoder}
    assert set(SOURCE_SPACES) <= scorers
    assert set(RANKER_SPACES) == set(RANKER_SETTINGS)


def test_what_is_configured_is_part_of_every_space() -> None:
    asked: dict[str, Space] = {}
    draw(BASE, lambda name, space: asked.setdefault(name, space) and _first(space), can_fit=True)
    assert asked["sources.explained.l2"] == Span(0.5, 5000, is_log=True)
    assert asked["sources.people.degrees.2"] == Span(0, 1.7)
    assert Span(1, 200, is_log=True).including(0) == Span(0, 200)
    assert Choices((1, 2)).including(3) == Choices((1, 2, 3))
    found = recommender_of(BASE, values_of(BASE, can_fit=True))
    assert found == BASE.contenders[OWN]
    assert with_challengers(found, BASE.challengers) == BASE


def _first(space: Space) -> Any:
    return True if isinstance(space, Choices) and True in space.values else ends(space)[0]


def test_every_draw_is_a_recommender() -> None:
    drawn, num_sources = set(), set()
    for seed in range(200):
        rng = random.Random(seed)
        values = draw(BASE, lambda _, space, rng=rng: _random(space, rng), can_fit=seed % 2 == 0)
        found = recommender_of(BASE, values)
        drawn.add(found.model_dump_json())
        num_sources.add(len(found.sources))
        assert "walks" in found.sources  # a challenger names it
        merges_nothing = found.ranker.model == "reciprocal_rank" and len(found.sources) == 1
        kept = with_challengers(found, BASE.challengers).challengers
        assert kept == ({} if merges_nothing else BASE.challengers)
        assert found.sources.get("taste", BASE.sources["taste"]) == BASE.sources["taste"]
        assert found.ranker.model == "reciprocal_rank" or seed % 2 == 0
        if found.ranker.model == "lightgbm":
            assert (found.ranker.num_windows, found.ranker.monotone) == (3, {"novelty": 1})
    assert len(drawn) > 150
    assert num_sources == {1, 2, 3, 4}


def test_challengers_that_became_equal_are_left_out_and_hinder_no_draw() -> None:
    """Of the challengers in the docs: with fewer sources some are what others are."""
    docs = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"### Challengers\n.*?```yaml\n(.*?)```", docs, flags=re.DOTALL)
    base = RecommenderConfig.model_validate(yaml.safe_load(text)["recommender"])
    kept = set()
    for seed in range(200):
        rng = random.Random(seed)
        values = draw(base, lambda _, space, rng=rng: _random(space, rng), can_fit=True)
        found = with_challengers(recommender_of(base, values), base.challengers)
        assert RecommenderConfig.model_validate(found.model_dump(mode="json")) == found
        kept.add(tuple(found.challengers))
        if set(found.sources) == {"people"}:
            is_merged = found.ranker.model == "reciprocal_rank"
            assert list(found.challengers) == (["small"] if is_merged else ["merged", "small"])
    assert {("merged", "people_alone", "small"), ("merged", "small"), ("small",)} <= kept


def test_a_source_that_monotone_names_is_in() -> None:
    base = RecommenderConfig.model_validate(
        {
            "sources": {"a": {"model": "ease"}, "b": {"model": "popularity"}},
            "ranker": {"model": "lightgbm", "monotone": {"a_rank": -1, "novelty": 1}},
        }
    )
    uses = [name for name in values_of(base, can_fit=True) if name.endswith(".use")]
    assert uses == ["sources.b.use"]


def test_the_last_source_is_in_where_no_other_is() -> None:
    base = RecommenderConfig.model_validate(
        {"sources": {"a": {"model": "ease"}, "b": {"model": "popularity"}}}
    )
    out = draw(base, lambda _, space: _last(space), can_fit=False)
    assert list(recommender_of(base, out).sources) == ["b"]
    only = RecommenderConfig.model_validate({"model": "ease"})
    assert not [name for name in values_of(only, can_fit=False) if name.endswith(".use")]


def _last(space: Space) -> Any:
    return False if isinstance(space, Choices) and False in space.values else ends(space)[-1]


def _random(space: Space, rng: random.Random) -> Any:
    if isinstance(space, Choices):
        return rng.choice(space.values)
    value = rng.uniform(space.low, space.high)
    return round(value) if space.is_whole else value


def test_numbers_are_drawn_as_a_person_would_write_them() -> None:
    values = draw(BASE, lambda _, space: _middle(space), can_fit=True)
    assert values["sources.people.degrees.1"] == 0.333
    own = values_of(BASE, can_fit=True)
    assert own["sources.people.degrees.0"] == 0.123456  # what is configured stays


def _middle(space: Space) -> Any:
    return (
        space.values[0] if isinstance(space, Choices) else space.low + (space.high - space.low) / 3
    )


def test_lines_are_yaml_that_means_the_same() -> None:
    for seed in range(30):
        rng = random.Random(seed)
        values = draw(BASE, lambda _, space, rng=rng: _random(space, rng), can_fit=True)
        found = with_challengers(recommender_of(BASE, values), BASE.challengers)
        text = "\n".join(recommender_lines(found))
        assert RecommenderConfig.model_validate(yaml.safe_load(text)["recommender"]) == found
    text = "\n".join(recommender_lines(BASE))
    assert RecommenderConfig.model_validate(yaml.safe_load(text)["recommender"]) == BASE


def test_a_challenger_that_became_the_recommender_is_none_any_more() -> None:
    rivals = {"all": {}, "one": {"sources": ["a"]}, "offset": {"ranker": {"offset": 9}}}
    sources = {"a": {"model": "ease"}, "b": {"model": "popularity"}}
    base = RecommenderConfig.model_validate(
        {"sources": sources, "ranker": {"model": "lightgbm"}, "challengers": rivals}
    )
    merged = recommender_of(base, {"ranker.model": "reciprocal_rank"})
    assert list(with_challengers(merged, base.challengers).challengers) == ["offset", "one"]
    single = {"sources.b.use": False, "ranker.model": "reciprocal_rank"}
    left = with_challengers(recommender_of(base, single), base.challengers)
    assert left.challengers == {}  # of one list each is what it is, the offset or not


def test_only_lines_that_differ_are_shown_and_defaults_are_not() -> None:
    new = BASE.model_dump(mode="json")
    new["sources"]["explained"]["l2"] = 300.0
    new["sources"]["walks"]["half_life_days"] = 30
    del new["sources"]["people"]
    lines = changed_lines(BASE, RecommenderConfig.model_validate(new))
    assert lines == [
        "   sources:",
        "-    explained: {model: ease, quota: 90, l2: 0.5}",
        "-    people: {model: neighbours, degrees: [0.123456, 0.5, 1.7]}",
        "+    explained: {model: ease, quota: 90}",
        "     taste: {model: lightgcn, embedding_dim: 8}",
        "-    walks: {model: covisitation}",
        "+    walks: {model: covisitation, half_life_days: 30}",
        "   ranker: {model: lightgbm, num_windows: 3, monotone: {novelty: 1}}",
    ]
    assert changed_lines(BASE, BASE) == []
