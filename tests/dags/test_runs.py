"""Whole runs of real DAGs: real Airflow, real child processes, a stand-in for the steps."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

from tests.dags.pipelines import write_pipeline

pytestmark = pytest.mark.airflow

DAY = datetime(2026, 1, 1, tzinfo=UTC)
DAG_FILE = """
from datetime import timedelta
from pathlib import Path
from dags import pipeline_dag  # for Airflow: this is a DAG file
from graphrec_core.config import load_pipeline

pipeline_dag.RETRY_DELAY = timedelta(seconds=0)
path = Path(__file__).with_suffix(".yaml")
dag = pipeline_dag.Pipeline(path, load_pipeline(path), "tests.dags.stand_in").dag()
"""


class Run:
    """One finished run."""

    def __init__(self, folder: Path, name: str, dag_run: Any) -> None:
        self.state = str(dag_run.state)
        self.tasks = {
            (ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]"): ti
            for ti in dag_run.get_task_instances()
        }
        calls = folder / f"{name}.calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        self.calls = [json.loads(line) for line in lines]
        self.keys = [call["key"] for call in self.calls]

    def state_of(self, task: str) -> str:
        return str(self.tasks[task].state)


def run(
    folder: Path,
    name: str,
    regions: list[str],
    codes: dict[str, Any] | None = None,
    *,
    conf: dict[str, Any] | None = None,
    **sections: Any,
) -> Run:
    config = write_pipeline(folder, name, **sections)
    scenario = {"codes": codes or {}, "regions": regions}
    config.with_suffix(".json").write_text(json.dumps(scenario))
    file = config.with_suffix(".py")
    file.write_text(DAG_FILE)
    bag = DagBag(dag_folder=str(file))
    assert bag.import_errors == {}
    return Run(folder, name, bag.dags[name].test(logical_date=DAY, run_conf=conf or {}))


def test_a_group_of_exactly_one_region(airflow_folder: Path) -> None:
    done = run(airflow_folder, "one", ["eu"])
    assert done.state == "success"
    assert {str(ti.state) for ti in done.tasks.values()} == {"success"}
    assert done.keys == [
        "wait-for-source", "validate-source", "build-snapshot", "train-model[eu]",
        "generate-embeddings-train[eu]", "evaluate-model[eu]", "generate-embeddings-serve[eu]",
        "build-shard[eu]", "publish-release", "write-report",
    ]  # fmt: skip
    assert {call["as_of"] for call in done.calls} == {"2026-01-02T00:00:00+00:00"}
    assert done.tasks["region.train-model[0]"].rendered_map_index == "eu"


def test_one_failing_region_leaves_the_others_and_ends_visibly(airflow_folder: Path) -> None:
    done = run(airflow_folder, "one_fails", ["asia", "eu", "us"], {"train-model[eu]": 3})
    assert done.keys.count("train-model[eu]") == 1, "a refusal must not be retried"
    for index, expected in enumerate(["success", "upstream_failed", "success"]):
        assert done.state_of(f"region.build-shard[{index}]") == expected
    assert done.state_of("publish-release") == "success"
    assert done.state_of("write-report") == "success"
    assert done.state_of("day-ended") == "failed"
    assert done.state == "failed"


def test_a_refused_region_ends_the_run_visibly(airflow_folder: Path) -> None:
    done = run(airflow_folder, "refused", ["asia", "eu"], {"publish-release": 3})
    assert done.keys[-2:] == ["publish-release", "write-report"]
    assert done.state_of("day-ended") == "failed"
    assert done.state == "failed"


def test_a_fault_is_retried_and_heals(airflow_folder: Path) -> None:
    done = run(airflow_folder, "heals", ["eu"], {"build-snapshot": [1, 0]})
    assert done.keys.count("build-snapshot") == 2
    assert done.state == "success"


def test_without_a_snapshot_nothing_is_published(airflow_folder: Path) -> None:
    done = run(airflow_folder, "no_snapshot", ["eu"], {"build-snapshot": 3})
    assert done.keys == ["wait-for-source", "validate-source", "build-snapshot", "write-report"]
    assert done.state_of("publish-release") == "upstream_failed"
    assert done.state == "failed"


def test_no_region_is_a_failure_not_a_skip(airflow_folder: Path) -> None:
    done = run(airflow_folder, "no_region", [])
    assert done.state_of("choose-regions") == "failed"
    assert "publish-release" not in done.keys
    assert done.state == "failed"


def test_when_every_region_fails_nothing_is_published(airflow_folder: Path) -> None:
    codes = {"build-shard[asia]": 2, "evaluate-model[eu]": 3}
    done = run(airflow_folder, "all_fail", ["asia", "eu"], codes)
    assert "publish-release" not in done.keys
    assert done.keys[-1] == "write-report"
    assert done.state == "failed"


def test_a_global_model_is_trained_once(airflow_folder: Path) -> None:
    model = {"name": "lightgcn", "scope": "global"}
    done = run(airflow_folder, "everywhere", ["asia", "eu"], model=model)
    assert done.state == "success"
    assert done.keys[3:6] == [
        "train-model", "generate-embeddings-train", "generate-embeddings-serve"
    ]  # fmt: skip
    assert sorted(done.keys[6:10]) == [
        "build-shard[asia]", "build-shard[eu]", "evaluate-model[asia]", "evaluate-model[eu]"
    ]  # fmt: skip


def test_parameters_reach_every_step(airflow_folder: Path) -> None:
    conf = {
        "as_of": "2026-03-01",
        "regions": ["eu"],
        "publish": "never",
        "overrides": ["training.num_epochs=1"],
    }
    done = run(airflow_folder, "with_params", ["asia", "eu"], conf=conf)
    assert done.state == "success"
    assert {call["as_of"] for call in done.calls} == {"2026-03-01T00:00:00+00:00"}
    assert all(
        call["set"] == ["training.num_epochs=1", 'publish.mode="never"'] for call in done.calls
    )
    assert "train-model[asia]" not in done.keys
    assert "publish-release[eu]" in done.keys


def test_an_unknown_setting_fails_before_anything_starts(airflow_folder: Path) -> None:
    conf = {"overrides": ["training.epochs=1"]}
    done = run(airflow_folder, "bad_params", ["eu"], conf=conf)
    assert done.state_of("resolve-as-of") == "failed"
    assert done.keys == []
    assert done.state == "failed"


def test_waiting_defers_until_ready(airflow_folder: Path) -> None:
    done = run(airflow_folder, "waits", ["eu"], {"wait-for-source": [1, 1, 0]})
    assert done.keys[:4] == ["wait-for-source"] * 3 + ["validate-source"]
    assert done.tasks["wait-for-source"].try_number == 1
    assert done.state == "success"


def test_waiting_ends(airflow_folder: Path) -> None:
    schedule = {
        "start": "2026-01-01",
        "retries": 1,
        "wait_poll_s": 0.2,
        "wait_timeout_hours": 1 / 3600,
    }
    done = run(airflow_folder, "gives_up", ["eu"], {"wait-for-source": 1}, schedule=schedule)
    assert 2 <= done.keys.count("wait-for-source") <= 6
    assert done.state_of("wait-for-source") == "failed"
    assert done.state == "failed"
