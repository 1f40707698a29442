"""A gate that one run makes looser than the YAML's is noticed, whichever setting does it."""

import json
from pathlib import Path

import pytest
import yaml

from graphrec_core.config import PipelineConfig, load_pipeline
from graphrec_core.config.looseness import (
    LOOSER,
    NO_PART,
    SECTIONS,
    YARDSTICKS,
    gate_settings,
)
from graphrec_core.errors import ConfigError

TOWN = Path(__file__).parents[2] / "configs" / "town.yaml"


def load(*overrides: str) -> PipelineConfig:
    return load_pipeline(TOWN, overrides)


@pytest.mark.parametrize(
    "override",
    [
        "gate.tolerance_frac=1e6",
        "gate.tolerance_frac=0.051",
        "gate.baselines=[]",
        "gate.baselines=[popularity, covisitation]",
        "gate.min_ann_recall=0.9",
        "gate.min_refit_overlap=0",
        "gate.min_queries=1000000",
        "gate.min_queries=1",
        "gate.confidence=0.999",
        "gate.confidence=0.5",
        "gate.memory_days=0",
        "evaluation.k=1000",
        "evaluation.k=10",
        "evaluation.depth=30",
        "evaluation.cold_start_max_degree=0",
        "evaluation.low_degree_max=0",
        "evaluation.recent_days=1",
        "index.num_recall_queries=1",
        "index.recall_k=1",
        "index.recall_k=300",
        "quality.history_days=0",
        "quality.min_history=4",
        "quality.min_count=1000",
        "quality.max_count_change_frac=0.6",
        "quality.max_degree_drift=9",
        "quality.max_feature_drift=9",
        "quality.max_halo_frac=1",
        "quality.max_halo_frac={}",
        "task.exclude_seen=false",
        "time.horizon_days=1",
        "time.horizon_days=14",
        "time.window_days=30",
        "time.active_days=1",
        "time.lateness_hours=1",
        "time.freshness={}",
        "region.tiny={below: 1000000, into: all_of_them}",
        "region.border=drop",
    ],
)
def test_a_looser_setting_is_named(override: str) -> None:
    key = override.partition("=")[0]
    more = ("evaluation.depth=1000",) if override == "evaluation.k=1000" else ()
    assert key in {text.split(" ")[0] for text in load(override, *more).looser}


@pytest.mark.parametrize(
    "override",
    [
        "gate.tolerance_frac=0.01",
        "gate.min_recall=0.1",
        "gate.min_mrr=0.1",
        "gate.min_ann_recall=0.99",
        "gate.min_refit_overlap=0.95",
        "gate.baselines=[covisitation, recent_popularity, popularity]",
        "evaluation.block_size=7",
        "index.factory=Flat",
        "quality.min_history=1",
        "quality.max_halo_frac=0.5",
        "quality.on_broken_region=stop",
        "training.num_epochs=0",
        "training.refit=false",
        "source.root=elsewhere",
    ],
)
def test_a_stricter_setting_and_what_judges_nothing_need_no_name(override: str) -> None:
    assert load(override).looser == []


def test_the_yaml_is_the_measure_not_the_default(tmp_path: Path) -> None:
    text = TOWN.read_text().replace("min_recall: 0.0 ", "min_recall: 0.3 ")
    path = tmp_path / "strict.yaml"
    path.write_text(text)
    assert load_pipeline(path).looser == []
    assert load_pipeline(path, ["gate.min_recall=0.2"]).looser == [
        "gate.min_recall is 0.2, the YAML says 0.3"
    ]


def test_a_whole_section_that_is_overridden_is_compared_too() -> None:
    (found,) = load("gate={tolerance_frac: 2}").looser
    assert found.startswith("gate.tolerance_frac is 2")


def test_a_copy_keeps_what_the_yaml_said() -> None:
    config = load("gate.min_ann_recall=0")
    copy = config.model_copy(update={"publish": load().publish})
    assert copy.looser == config.looser != []


@pytest.mark.parametrize(
    ("key", "said", "used", "is_looser"),
    [
        ("training.refit", "false", "true", True),
        ("quality.on_broken_region", "stop", "skip", True),
        ("quality.max_halo_frac", "{visited: 0.5}", "{visited: 0.4}", False),
        ("quality.max_halo_frac", "{visited: 0.5}", "{visited: 0.6}", True),
        ("quality.max_halo_frac", "{visited: 0.5}", "{}", True),  # no limit left
        ("quality.max_halo_frac", "{visited: 1}", "{}", False),
        ("quality.max_halo_frac", "{}", "{visited: 0.9}", False),
        ("quality.max_halo_frac", "0.9", "{visited: 0.5}", True),  # not to be compared
    ],
)
def test_a_direction_is_that_of_the_limit(
    key: str, said: str, used: str, *, is_looser: bool
) -> None:
    strict, loose = load(f"{key}={said}"), load(f"{key}={used}")
    assert bool(loose.with_yaml_gate(gate_settings(strict)).looser) == is_looser


def test_every_setting_of_these_sections_is_classified() -> None:
    kinds = {name: PipelineConfig.model_fields[name].annotation for name in SECTIONS}
    keys = [f"{name}.{key}" for name, kind in kinds.items() for key in kind.model_fields]
    classified = [*LOOSER, *YARDSTICKS, *NO_PART]
    assert sorted(classified) == sorted(keys)  # each of them once
    assert set(gate_settings(load())) == {*LOOSER, *YARDSTICKS}


def test_every_section_has_settings_of_the_gate_or_is_known_to_have_none() -> None:
    """`publish` decides whether, not how, and needs a name of its own for force."""
    others = {"pipeline", "source", "schedule", "snapshot", "recommender", "publish", "lake"}
    assert {*SECTIONS, *others} == set(PipelineConfig.model_fields)


def test_a_section_that_only_an_override_brings_has_no_measure(tmp_path: Path) -> None:
    data = yaml.safe_load(TOWN.read_text())
    region = data.pop("region")
    path = tmp_path / "bare.yaml"
    path.write_text(yaml.safe_dump(data))
    assert load_pipeline(path, [f"region={json.dumps(region)}"]).looser == []


def test_all_mistakes_are_told_not_only_the_gates(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(TOWN.read_text().replace("  seed: ", "  sead: "))
    with pytest.raises(ConfigError) as refusal:
        load_pipeline(path, ["gate.min_recall=2"])
    assert "sead" in str(refusal.value)
    assert "gate.min_recall" in str(refusal.value)


@pytest.mark.parametrize("blank", ["''", "'  '", "'-'", '"\\u200b"'])
def test_a_name_and_a_reason_are_words(blank: str) -> None:
    by, why = "publish.forced_by=me", f"publish.forced_why={blank}"
    with pytest.raises(ConfigError, match="forced_by and publish"):
        load("publish.mode=force", by, why)
    assert not load(by, why).publish.is_named
    assert load("publish.mode=force", by, "publish.forced_why=a test").publish.is_named


def test_a_limit_of_the_gate_says_its_direction_where_it_stands() -> None:
    """And what says none is a yardstick, so that a new setting is never overlooked."""
    limits = {key: when for key, when in LOOSER.items() if key.startswith("gate.")}
    assert limits == {
        **dict.fromkeys(
            ("gate.min_recall", "gate.min_mrr", "gate.min_ann_recall", "gate.min_refit_overlap"),
            "lower",
        ),
        "gate.baselines": "fewer",
        "gate.tolerance_frac": "higher",
    }
    assert {key for key in YARDSTICKS if key.startswith("gate.")} == {
        "gate.memory_days",
        "gate.min_queries",
        "gate.confidence",
        "gate.undecided",
    }
