"""Challengers: their form, the recommenders that they are alone, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphrec_core.config import load_pipeline
from graphrec_core.config.recommender import OWN, RecommenderConfig
from graphrec_core.errors import ConfigError
from tests.config.test_loader import MINIMAL

THREE = """
recommender:
  sources:
    taste: {model: lightgcn, embedding_dim: 8, num_layers: 2}
    walks: {model: covisitation, quota: 200}
    recent: {model: popularity}
  challengers:
    walking: {sources: [walks]}
    learned: {ranker: {model: lightgbm, num_leaves: 7}}
"""
Load = Callable[..., RecommenderConfig]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def _load(more: str = "", *overrides: str) -> RecommenderConfig:
        (tmp_path / "pipeline.yaml").write_text(MINIMAL + more, encoding="utf-8")
        return load_pipeline(tmp_path / "pipeline.yaml", overrides).recommender

    return _load


def test_each_contender_is_the_recommender_that_it_would_be_alone(load: Load) -> None:
    found = load(THREE)
    assert list(found.contenders) == [OWN, "learned", "walking"]
    assert found.contenders[OWN] == load(THREE[: THREE.index("  challengers")])
    alone = {"sources": {"walks": {"model": "covisitation", "quota": 200}}}
    assert found.contenders["walking"] == RecommenderConfig.model_validate(alone)
    assert set(found.contenders["learned"].sources) == {"taste", "walks", "recent"}
    assert [one.num_windows for one in found.contenders.values()] == [0, 4, 0]
    assert found.num_windows == 4


def test_without_challengers_there_is_one_contender(load: Load) -> None:
    alone = load("recommender: {model: lightgcn}")
    assert alone.contenders == {OWN: alone}


def test_the_order_of_a_yaml_changes_nothing(load: Load) -> None:
    lines = THREE.splitlines(keepends=True)
    turned = "".join([*lines[:-2], *reversed(lines[-2:])])
    assert load(turned) == load(THREE)


def test_the_short_form_takes_challengers_too(load: Load) -> None:
    short = load("recommender: {model: ease, challengers: {tree: {ranker: {model: lightgbm}}}}")
    assert list(short.sources) == ["ease"]
    assert short.contenders["tree"].ranker.model == "lightgbm"


def test_an_override_reaches_a_challenger(load: Load) -> None:
    key = "recommender.challengers.learned"
    found = load(THREE, f"{key}.ranker.num_leaves=9").contenders["learned"].ranker
    assert found.model_dump()["num_leaves"] == 9
    other = load(THREE, f"{key}.ranker.model=logistic")  # it knows no leaves
    assert other.contenders["learned"].ranker.model == "logistic"
    assert list(load(THREE, f"{key}.sources=[recent]").contenders["learned"].sources) == ["recent"]


@pytest.mark.parametrize(
    ("challengers", "found"),
    [
        ({"taste": {"ranker": {"offset": 1}}}, "has the name of a source"),
        ({"a": {"sources": ["films"]}}, "names films; recommender.sources has"),
        ({"a": {"sources": ["walks", "walks"]}}, "names a source twice"),
        ({"a": {}}, "recommender.challengers.a is what recommender is"),
        (
            {"a": {"sources": ["walks"]}, "b": {"sources": ["walks"]}},
            "recommender.challengers.b is what a is",
        ),
        (
            {"a": {"sources": ["walks"]}, "b": {"sources": ["walks"], "ranker": {"offset": 9}}},
            "recommender.challengers.b is what a is",  # one list keeps its order
        ),
        ({"a": {"ranker": {"model": "lightgbm", "num_windows": 1}}}, "must be 2 or more beside"),
        ({"recommender": {"sources": ["walks"]}}, "is no name of a source or challenger"),
        ({"A b": {"sources": ["walks"]}}, "is no name of a source or challenger"),
        (
            {"a": {"ranker": {"model": "forest"}}},
            "challengers.a.ranker: its model must be one of reciprocal_rank, lightgbm, logistic",
        ),
        (
            {"a": {"ranker": {"model": "lightgbm", "leaves": 9}}},
            "key recommender.challengers.a.ranker.leaves",
        ),
        ({"a": {"quota": 9}}, "unknown key recommender.challengers.a.quota"),
    ],
)
def test_what_cannot_compete_is_refused(
    load: Load, challengers: dict[str, Any], found: str
) -> None:
    section = THREE[: THREE.index("    walking")] + "".join(
        f"    {name!r}: {one}\n" for name, one in challengers.items()
    )
    with pytest.raises(ConfigError, match="challengers") as refused:
        load(section.replace("'", '"'))
    assert found in str(refused.value)
    assert "(line " in str(refused.value)
