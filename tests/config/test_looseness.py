"""A gate that one run makes looser than the YAML's is noticed, whichever setting does it."""

from pathlib import Path

import pytest

from graphrec_core.config import PipelineConfig, load_pipeline
from graphrec_core.config.delivery import IndexConfig
from graphrec_core.config.judging import EvaluationConfig, GateConfig
from graphrec_core.config.looseness import LOOSER, NO_PART, gate_settings
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
        "evaluation.depth=30",
        "evaluation.cold_start_max_degree=0",
        "evaluation.low_degree_max=0",
        "evaluation.recent_days=1",
        "index.num_recall_queries=1",
        "index.recall_k=1",
        "index.recall_k=300",
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
        "evaluation.k=10",
        "evaluation.block_size=7",
        "index.factory=Flat",
        "training.num_epochs=0",
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


def test_every_declared_key_is_a_setting() -> None:
    sections = {"gate": GateConfig, "evaluation": EvaluationConfig, "index": IndexConfig}
    keys = {f"{name}.{key}" for name, kind in sections.items() for key in kind.model_fields}
    assert keys >= {*LOOSER, *NO_PART}
    assert set(gate_settings(load())) == keys - NO_PART


@pytest.mark.parametrize("blank", ["''", "'  '", "'-'", '"\\u200b"'])
def test_a_name_and_a_reason_are_words(blank: str) -> None:
    by, why = "publish.forced_by=me", f"publish.forced_why={blank}"
    with pytest.raises(ConfigError, match="forced_by and publish"):
        load("publish.mode=force", by, why)
    assert not load(by, why).publish.is_named
    assert load("publish.mode=force", by, "publish.forced_why=a test").publish.is_named
