"""What a triggered run may override: only what the pipeline's YAML lists, whatever its shape."""

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from graphrec.dags.run_tasks import check_overrides
from graphrec.dags.step_operator import StepOperator
from graphrec.dags.wait_operator import WaitOperator
from graphrec_core.config import shape_of, triggered_overrides
from graphrec_core.config.recommender import RecommenderConfig
from graphrec_core.errors import ConfigError
from tests.dags.pipelines import write_pipeline

ALLOWED = [
    "training.num_epochs=1",
    " training.seed = 3",
    "evaluation.k=10",
    "index.nprobe=4",
    "snapshot.memory=1g",
    "snapshot.threads=2",
]
REFUSED = [
    "pipeline=shop",
    " pipeline=shop",
    "pipeline.x=shop",
    "PIPELINE=shop",
    "lake.root=/tmp/elsewhere",
    "source.root=/etc",
    "source.nodes.user=select 1; copy (select 1) to '/tmp/x'",
    "snapshot.spark_settings={spark.jars: /tmp/evil.jar}",
    "snapshot={memory: 1g, spark_settings: {spark.jars: /tmp/evil.jar}}",
    "gate.tolerance_frac=1e9",
    "gate={tolerance_frac: 1.0e+9}",
    "evaluation={k: 10}",
    "evaluation.depth=20",
    "training={num_epochs: 1}",
    "training=",
    "publish.mode=force",
    "schedule.overridable=[lake.root]",
    "schedule={start: 2026-01-01, overridable: ['lake.*']}",
    "schedule.start=2026-01-01",
    "Training.num_epochs=1",
    "training .num_epochs=1",
    "*=1",
    "training.*=1",
    "<<={lake: {root: /tmp}}",
    "training.<<={num_epochs: 1}",
    "{training.num_epochs: 1}",
    "no equals sign",
    "=1",
    "training..num_epochs=1",
    "training.num_epochs={<<: {a: 1}}",
    "training.num_epochs=1\nlake.root=/tmp",
]

REGIONAL = shape_of(RecommenderConfig.model_validate({}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_pipeline(tmp_path, "tiny")


@pytest.mark.parametrize("override", ALLOWED)
def test_the_default_list_lets_a_run_train_otherwise(path: Path, override: str) -> None:
    check_overrides(str(path), REGIONAL, [override])
    assert triggered_overrides(path, [override]) == [override]


@pytest.mark.parametrize("override", REFUSED)
def test_everything_else_is_refused_before_any_work(path: Path, override: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        check_overrides(str(path), REGIONAL, ["training.seed=1", override])
    assert refusal.value.exit_code == 2


@pytest.mark.parametrize("overrides", [[1], [None], [["lake.root=x"]], [{"lake.root": "x"}]])
def test_what_is_no_text_is_refused(path: Path, overrides: list[Any]) -> None:
    with pytest.raises(ConfigError, match=r"section\.key=value"):
        check_overrides(str(path), REGIONAL, overrides)


def test_the_refusal_names_the_list(path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        triggered_overrides(path, ["gate.min_recall=0"])
    assert "training.*, evaluation.k, index.*" in refusal.value.must
    assert refusal.value.found == "an override of gate.min_recall"


def test_the_yaml_decides_what_is_on_the_list(tmp_path: Path) -> None:
    schedule = {"start": "2026-01-01", "overridable": ["gate.min_recall", "lake.*"]}
    path = write_pipeline(tmp_path, "tiny", schedule=schedule)
    assert triggered_overrides(path, ["gate.min_recall=0.1", "lake.root=x"])
    for override in ("gate.min_mrr=0.1", "training.num_epochs=1", "lake={root: x}"):
        with pytest.raises(ConfigError, match=r"gate\.min_recall, lake\.\*"):
            triggered_overrides(path, [override])


def test_a_list_may_be_empty(tmp_path: Path) -> None:
    schedule = {"start": "2026-01-01", "overridable": []}
    path = write_pipeline(tmp_path, "tiny", schedule=schedule)
    assert triggered_overrides(path, []) == []
    with pytest.raises(ConfigError, match="lists: nothing"):
        triggered_overrides(path, ["training.num_epochs=1"])


@pytest.mark.parametrize("kind", [StepOperator, WaitOperator])
def test_no_task_starts_a_step_with_a_refused_override(path: Path, kind: type) -> None:
    """Whatever skipped the first task (a cleared task, `airflow tasks run`) ends here."""
    path.with_suffix(".json").write_text(json.dumps({"codes": {}, "regions": ["eu"]}))
    extra = {"poll_s": 1, "timeout_hours": 1} if kind is WaitOperator else {}
    step = kind(
        task_id="wait-for-source",
        step="wait-for-source",
        config_path=str(path),
        as_of="2026-01-02",
        overrides=["lake.root=/tmp/elsewhere"],
        publishing=['publish.mode="never"'],
        module="tests.dags.stand_in",
        **extra,
    )
    with pytest.raises(AirflowFailException, match=r"schedule\.overridable"):
        step.execute({})
    assert sorted(found.name for found in path.parent.iterdir()) == ["tiny.json", "tiny.yaml"]
    step.overrides = ["training.num_epochs=1"]
    assert step.command()[-4:] == [
        "--set", "training.num_epochs=1", "--set", 'publish.mode="never"',
    ]  # fmt: skip
