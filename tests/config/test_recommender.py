"""What recommends: named sources, their short form, overrides of them, and what is refused."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from graphrec.jobs import show_config
from graphrec_core.config import load_pipeline, triggered_overrides
from graphrec_core.config.model import CovisitationConfig, LightGCNConfig, PopularityConfig
from graphrec_core.config.recommender import (
    LightGBMConfig,
    ReciprocalRankConfig,
    RecommenderConfig,
)
from graphrec_core.errors import ConfigError
from tests.config.test_loader import MINIMAL

TWO = """
recommender:
  sources:
    taste: {model: lightgcn, embedding_dim: 8, num_layers: 2}
    walks: {model: covisitation, quota: 200}
"""
Load = Callable[..., RecommenderConfig]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pipeline.yaml"


@pytest.fixture
def load(path: Path) -> Load:
    def _load(more: str = "", *overrides: str) -> RecommenderConfig:
        path.write_text(MINIMAL + more, encoding="utf-8")
        return load_pipeline(path, overrides).recommender

    return _load


def test_the_short_form_is_one_source_named_by_its_model(load: Load) -> None:
    short = load("recommender: {model: popularity, window_days: 14}")
    assert short.sources == {"popularity": PopularityConfig(window_days=14)}
    assert load("recommender: {embedding_dim: 8}").sources == {
        "lightgcn": LightGCNConfig(embedding_dim=8)
    }


def test_sources_stand_in_the_order_of_their_names(load: Load) -> None:
    """So that two YAMLs that differ by order alone have equal ids and equal results."""
    turned = load("recommender: {sources: {b: {model: popularity}, a: {model: covisitation}}}")
    assert list(turned.sources) == list(turned.quotas) == ["a", "b"]


@pytest.mark.parametrize(
    ("yaml", "found"),
    [
        (
            "recommender: {sources: {taste: {model: lightgcn, fanouts: [5]}}}",
            r"unknown key recommender\.sources\.taste\.fanouts \(line",
        ),
        ("recommender: {sources: {taste: {model: magic}}}", r"sources\.taste: its model must be"),
        ("recommender: {sources: {taste: {quota: 5}}}", r"sources\.taste: its model must be one"),
        (
            "recommender: {model: recent_popularity}",
            "its model must be one of lightgcn, graphsage",
        ),
        ("recommender: {sources: {}}", "recommender.sources needs at least one source"),
        ("recommender: {sources: {Taste: {model: lightgcn}}}", "'Taste' is no name of a source"),
        ("recommender: {sources: {_a: {model: lightgcn}}}", "'_a' is no name of a source"),
        ("recommender: {sources: {é: {model: lightgcn}}}", "'é' is no name of a source"),
        ("recommender: {sources: {popular: {model: popularity}}}", "none of model, popular"),
        ("recommender: {sources: {model: {model: popularity}}}", "none of model, popular"),
        (f"recommender: {{sources: {{{'a' * 33}: {{model: lightgcn}}}}}}", "32 in all"),
        ("recommender: {sources: {a: {model: lightgcn, quota: 0}}}", r"sources\.a\.quota"),
        ("recommender: {sources: {a: {model: lightgcn}}, model: graphsage}", "recommender.model"),
        ("recommender: {ranker: {offset: -1}}", r"recommender\.ranker\.offset"),
        (
            "recommender: {ranker: {model: magic}}",
            r"recommender\.ranker: its model must be one of .*lightgbm, logistic \(line",
        ),
        (
            "recommender: {ranker: {model: lightgbm, offset: 3}}",
            r"unknown key recommender\.ranker\.offset \(line",
        ),
        ("recommender: {ranker: {model: lightgbm, num_leaves: 1}}", r"ranker\.num_leaves: "),
        ("recommender: {ranker: 5}", r"recommender\.ranker: "),
        ("recommender: {model: null}", "recommender: model must be a name; found None"),
        ("recommender: 5", "recommender: "),
    ],
)
def test_what_is_no_recommender_is_refused_by_name(load: Load, yaml: str, found: str) -> None:
    with pytest.raises(ConfigError, match=found):
        load(yaml)


def test_an_override_reaches_one_key_of_one_source(load: Load) -> None:
    found = load(TWO, "recommender.sources.taste.embedding_dim=4", "recommender.ranker.offset=7")
    assert found.sources["taste"] == LightGCNConfig(embedding_dim=4, num_layers=2)
    assert found.sources["walks"] == CovisitationConfig(quota=200)
    assert found.ranker == ReciprocalRankConfig(offset=7)
    assert load(TWO, "recommender.ranker.model=lightgbm").ranker == LightGBMConfig()
    offset = "recommender: {ranker: {offset: 3}}"  # a key that only the YAML's ranker knows
    assert load(offset, "recommender.ranker.model=lightgbm").ranker == LightGBMConfig()


@pytest.mark.parametrize("place", ["ranker", "sources.taste"])
def test_an_override_by_an_unknown_model_is_said_to_be_the_override(
    load: Load, place: str
) -> None:
    yaml = TWO + "  ranker: {model: lightgbm}\n"
    with pytest.raises(ConfigError, match=rf"{place}: its model must be .* \(an override\)"):
        load(yaml, f"recommender.{place}.model=magic")


def test_an_override_adds_a_source_to_either_form(load: Load) -> None:
    recent = "recommender.sources.recent={model: popularity}"
    assert set(load(TWO, recent).sources) == {"recent", "taste", "walks"}
    short = load("recommender: {model: graphsage}", recent)
    assert list(short.sources) == ["graphsage", "recent"]


def test_an_override_of_the_short_form_removes_no_source(load: Load) -> None:
    """It would stand beside ``sources``, as it may not in a YAML."""
    with pytest.raises(ConfigError, match=r"unknown key recommender\.model \(an override\)"):
        load(TWO, "recommender.model=popularity")


def test_another_model_has_its_own_keys(load: Load) -> None:
    """What the YAML said of the former one is forgotten where the new one does not know it."""
    found = load(TWO, "recommender.sources.taste.model=popularity")
    assert found.sources["taste"] == PopularityConfig()
    kept = load(TWO, "recommender.sources.taste.model=graphsage").sources["taste"]
    assert kept.model_dump()["embedding_dim"] == 8
    short = load(
        "recommender: {model: lightgcn, embedding_dim: 8}", "recommender.model=popularity"
    )
    assert short.sources == {"popularity": PopularityConfig()}
    with pytest.raises(ConfigError, match=r"unknown key recommender\.sources\.taste\.num_layers"):
        load(TWO, "recommender.sources.taste.model=popularity",
             "recommender.sources.taste.num_layers=2")  # fmt: skip


def test_what_is_shown_can_be_loaded_again(load: Load, path: Path) -> None:
    load(TWO)
    shown = show_config.run(load_pipeline(path))
    again = path.with_name("again.yaml")
    again.write_text(shown, encoding="utf-8")
    assert load_pipeline(again) == load_pipeline(path)
    assert "quota: 200" in shown


def test_a_quota_is_shown_with_the_steps_that_read_it(load: Load, path: Path) -> None:
    load(TWO)
    shown = " ".join(show_config.run(load_pipeline(path)).replace("#", " ").split())
    assert "picks the other keys. (required) [train-model, generate-embeddings]" in shown
    quota = (
        "Most unseen candidates proposed per query. (default: 300) [evaluate-model, build-shard]"
    )
    assert quota in shown


def written(error: ConfigError) -> dict[str, Any]:
    """Reads the lines of YAML that a refusal says to write."""
    lines = error.fix.split(":\n", 1)[1]
    return dict(yaml.safe_load(lines))


@pytest.mark.parametrize(
    "former",
    [
        {"name": "lightgcn", "embedding_dim": 32, "num_layers": 2},
        {"name": "graphsage", "fanouts": [5, 5], "scope": "global"},
        {"embedding_dim": 16},
        {},
    ],
)
def test_the_former_section_is_refused_with_the_lines_to_write(
    load: Load, path: Path, former: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="`model` is gone") as error:
        load(yaml.safe_dump({"model": former}))
    assert error.value.exit_code == 2
    assert f"model in {path}" in error.value.found
    again = yaml.safe_dump(written(error.value))
    (source,) = load(again).sources.values()
    assert source.model == former.pop("name", "lightgcn")
    assert {key: source.model_dump(mode="json")[key] for key in former} == former


@pytest.mark.parametrize(
    ("form", "former", "now"),
    [
        ("", "model.name=graphsage", "recommender.model=graphsage"),
        ("", "model.embedding_dim=8", "recommender.embedding_dim=8"),
        ("", "model.fanouts=[5, 5]", "recommender.fanouts=[5, 5]"),
        (
            "",
            "model={name: lightgcn, num_layers: 1}",
            "recommender={model: lightgcn, num_layers: 1}",
        ),
        (
            "recommender: {sources: {taste: {model: lightgcn}}}",
            "model.embedding_dim=8",
            "recommender.sources.taste.embedding_dim=8",
        ),
        (TWO, "model.embedding_dim=8", "recommender.sources.NAME.embedding_dim=8"),
    ],
)
def test_a_former_override_is_refused_with_what_to_write(
    load: Load, path: Path, form: str, former: str, now: str
) -> None:
    for use in (lambda: load(form, former), lambda: triggered_overrides(path, [former])):
        with pytest.raises(ConfigError, match="`model` is gone") as error:
            use()
        assert f": {now}" in error.value.fix
    first = re.findall(r"first: (\S+)", error.value.fix)
    assert first == ["recommender.model=lightgcn"] * (not form and "model" not in now)
    if "NAME" not in now and "fanouts" not in now:
        load(form, *first, now)


def test_a_former_section_of_a_name_alone_keeps_the_name(load: Load) -> None:
    with pytest.raises(ConfigError, match="`model` is gone") as error:
        load("model: graphsage")
    assert written(error.value) == {"recommender": {"model": "graphsage"}}
    with pytest.raises(ConfigError, match="`model` is gone") as error:
        load("", "model=graphsage")
    assert ": recommender={model: graphsage}" in error.value.fix


def test_a_list_of_overridable_keys_names_no_former_one(path: Path) -> None:
    listed = MINIMAL.replace("{start: 2026-01-01}", "{start: 2026-01-01, overridable: [model.*]}")
    path.write_text(listed, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"model\.\* in schedule\.overridable") as error:
        load_pipeline(path)
    assert "recommender.*" in error.value.fix


def test_what_is_no_list_of_overridable_keys_is_refused_as_that(path: Path) -> None:
    path.write_text(MINIMAL.replace("{start: 2026-01-01}", "{start: 2026-01-01, overridable: 5}"))
    with pytest.raises(ConfigError, match=r"schedule\.overridable: Input should be a valid tuple"):
        load_pipeline(path)
