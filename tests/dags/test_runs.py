"""Whole runs of real DAGs: real Airflow, real child processes, a stand-in for the steps.

A run takes seconds, so several tests may look at one run.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import select

from graphrec.local.run_log import RunLog
from graphrec.local.run_once import AIRFLOW, local_airflow, logical_day
from graphrec_core.config import load_pipeline
from graphrec_core.types import parse_instant
from tests.dags.pipelines import write_pipeline

pytestmark = pytest.mark.airflow

DAY = datetime(2026, 1, 1, tzinfo=UTC)
DAG_FILE = """
from datetime import timedelta
from pathlib import Path
from graphrec.dags import pipeline_dag  # for Airflow: this is a DAG file
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


@pytest.fixture(scope="module", autouse=True)
def _no_naps() -> Iterator[None]:
    """``dag.test`` sleeps for a second whenever no task is ready; here nothing needs the time."""
    sleep = time.sleep
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", lambda seconds: sleep(seconds if seconds < 1 else 0))
        yield


def run(
    folder: Path,
    name: str,
    regions: list[str],
    codes: dict[str, Any] | None = None,
    *,
    conf: dict[str, Any] | None = None,
    day: datetime = DAY,
    **sections: Any,
) -> Run:
    file = write_scenario(folder, name, regions, codes or {}, **sections)
    bag = DagBag(dag_folder=str(file))
    assert bag.import_errors == {}
    return Run(folder, name, bag.dags[name].test(logical_date=day, run_conf=conf or {}))


def write_scenario(
    folder: Path, name: str, regions: list[str], codes: dict[str, Any], **sections: Any
) -> Path:
    """Writes a pipeline and what its steps do; returns the file of its DAG."""
    config = write_pipeline(folder, name, **sections)
    scenario = {"codes": codes, "regions": regions}
    config.with_suffix(".json").write_text(json.dumps(scenario))
    file = config.with_suffix(".py")
    file.write_text(DAG_FILE)
    return file


def run_as_of(folder: Path, name: str, as_of: str, schedule: dict[str, Any], **more: Any) -> Run:
    """Runs as ``run_once`` does: on a day within the schedule, with the instant as parameter."""
    conf = {**more.pop("conf", {}), "as_of": as_of}
    config = load_pipeline(write_pipeline(folder, name, schedule=schedule))
    day = parse_instant(logical_day(config, parse_instant(as_of)).isoformat())
    return run(folder, name, ["asia", "eu"], conf=conf, day=day, schedule=schedule, **more)


@pytest.fixture(scope="module")
def one_region(airflow_folder: Path) -> Run:
    """A day of one region whose waiting and whose snapshot do not work at once."""
    codes = {"wait-for-source": ["not ready", 1, 0], "build-snapshot": [1, 0]}
    return run(airflow_folder, "one", ["eu"], codes)


def test_a_group_of_exactly_one_region(one_region: Run) -> None:
    assert one_region.state == "success"
    assert {str(ti.state) for ti in one_region.tasks.values()} == {"success"}
    assert list(dict.fromkeys(one_region.keys)) == [
        "wait-for-source", "validate-source", "build-snapshot", "train-model[eu]",
        "generate-embeddings-train[eu]", "evaluate-model[eu]", "generate-embeddings-serve[eu]",
        "build-shard[eu]", "publish-release", "write-report",
    ]  # fmt: skip
    assert {call["as_of"] for call in one_region.calls} == {"2026-01-02T00:00:00+00:00"}
    assert one_region.tasks["region.train-model[0]"].rendered_map_index == "eu"


def test_a_fault_is_retried_and_heals(one_region: Run) -> None:
    assert one_region.keys.count("build-snapshot") == 2
    assert one_region.tasks["build-snapshot"].try_number == 2


def test_waiting_defers_and_its_fault_is_retried(one_region: Run) -> None:
    """Three looks in two tries: the first said "not ready", the second was a fault."""
    assert one_region.keys[:4] == ["wait-for-source"] * 3 + ["validate-source"]
    assert one_region.tasks["wait-for-source"].try_number == 2


def test_tasks_run_side_by_side_as_locally_and_the_log_tells_them_apart(
    airflow_folder: Path,
) -> None:
    """By the executor and the server of ``run_once``, in the processes that it starts."""
    codes = {"wait-for-source": ["not ready", 0], "train-model[eu]": 3}
    write_scenario(airflow_folder, "one_fails", ["asia", "eu"], codes)
    command = ["dags", "test", "--use-executor", "one_fails", f"{DAY:%F}"]
    command += ["-f", str(airflow_folder / "one_fails.py")]
    ended = subprocess.run(
        [*AIRFLOW, json.dumps([command])], env=local_airflow(),
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    with create_session() as session:
        found = session.scalars(select(DagRun).where(DagRun.dag_id == "one_fails")).one()
        done = Run(airflow_folder, "one_fails", found)
    assert ended.returncode == 1
    assert done.keys[:3] == ["wait-for-source"] * 2 + ["validate-source"], "it did not defer"
    assert done.keys.count("train-model[eu]") == 1, "a refusal must not be retried"
    for index, expected in enumerate(["success", "upstream_failed"]):
        assert done.state_of(f"region.build-shard[{index}]") == expected
    assert done.state_of("publish-release") == "success"
    assert done.state_of("write-report") == "success"
    assert done.state_of("day-ended") == "failed"
    assert done.state == "failed"
    log = read_log(ended.stdout)
    assert log.codes["publish-release"] == 0
    told = "RefusedError: It must end well.\n    found: 3 of train-model[eu]\n    to do: mend it"
    assert log.failures() == [f"train-model [eu]: exit code 3\n  {told}"]


def read_log(text: str) -> RunLog:
    log = RunLog()
    for line in text.splitlines():
        log.read(line)
    return log


def test_a_refused_region_ends_the_run_visibly(airflow_folder: Path) -> None:
    done = run(airflow_folder, "refused", ["eu"], {"publish-release": 3})
    assert done.keys[-2:] == ["publish-release", "write-report"]
    assert done.state_of("day-ended") == "failed"
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


def test_a_global_model_is_trained_once_also_as_of_the_first_day(airflow_folder: Path) -> None:
    model = {"model": "lightgcn", "scope": "global"}
    schedule = {"start": "2026-01-01"}
    done = run_as_of(airflow_folder, "everywhere", "2026-01-01", schedule, recommender=model)
    assert done.state == "success"
    assert {call["as_of"] for call in done.calls} == {"2026-01-01T00:00:00+00:00"}
    assert done.keys[3:6] == [
        "train-model", "generate-embeddings-train", "generate-embeddings-serve"
    ]  # fmt: skip
    assert sorted(done.keys[6:10]) == [
        "build-shard[asia]", "build-shard[eu]", "evaluate-model[asia]", "evaluate-model[eu]"
    ]  # fmt: skip
    assert done.keys[10:] == ["publish-release", "write-report"]


def test_parameters_reach_every_step_also_after_the_last_day(airflow_folder: Path) -> None:
    conf = {"regions": ["eu"], "publish": "never", "overrides": ["training.num_epochs=1"]}
    conf |= {
        "rebuild": True,
        "accept": True,
        "accepted_by": "eve",
        "accepted_why": "--late {{ 1 }}",
    }
    schedule = {"start": "2026-01-01", "end": "2026-01-31"}
    done = run_as_of(airflow_folder, "with_params", "2026-03-01", schedule, conf=conf)
    assert done.state == "success"
    assert {call["as_of"] for call in done.calls} == {"2026-03-01T00:00:00+00:00"}
    assert all(
        call["set"] == ["training.num_epochs=1", 'publish.mode="never"'] for call in done.calls
    )
    accepted = {call["key"]: call["accepted"] for call in done.calls}
    assert accepted.pop("build-snapshot") == [True, True, "eve", "--late {{ 1 }}"]
    assert not any(any(values) for values in accepted.values())
    assert "train-model[asia]" not in done.keys
    assert "publish-release[eu]" in done.keys
    assert done.keys[-1] == "write-report"


def test_airflow_skips_a_day_outside_the_schedule_and_calls_it_a_success(
    airflow_folder: Path,
) -> None:
    """Why ``logical_day`` exists."""
    schedule = {"start": "2026-01-02"}
    done = run(airflow_folder, "outside", ["eu"], schedule=schedule)
    assert (done.keys, done.state) == ([], "success")


def test_an_unknown_setting_fails_before_anything_starts(airflow_folder: Path) -> None:
    conf = {"overrides": ["training.epochs=1"]}
    done = run(airflow_folder, "bad_params", ["eu"], conf=conf)
    assert done.state_of("resolve-as-of") == "failed"
    assert done.keys == []
    assert done.state == "failed"


def test_waiting_ends_and_then_nothing_is_published(airflow_folder: Path) -> None:
    schedule = {
        "start": "2026-01-01",
        "retries": 1,
        "wait_poll_s": 0.2,
        "wait_timeout_hours": 0.5 / 3600,
    }
    codes = {"wait-for-source": "not ready"}
    done = run(airflow_folder, "gives_up", ["eu"], codes, schedule=schedule)
    assert done.keys[:2] == ["wait-for-source"] * 2
    assert set(done.keys[2:]) <= {"wait-for-source", "write-report"}
    assert done.state_of("wait-for-source") == "failed"
    assert done.tasks["wait-for-source"].try_number == 1
    assert done.state_of("publish-release") == "upstream_failed"
    assert done.keys[-1] == "write-report"
    assert done.state == "failed"
