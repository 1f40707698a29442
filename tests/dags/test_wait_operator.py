"""Waiting: only a look that says "not ready" is repeated later; any other failure is a fault."""

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred

from graphrec.dags.wait_operator import WaitOperator, says_not_ready
from tests.dags.pipelines import write_pipeline

NOT_READY = '{"ready": false, "step": "wait-for-source"}'


class Instance:
    """Keeps what a task would push as XCom."""

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


def look(folder: Path, as_of: str, module: str = "tests.dags.stand_in", **sections: Any) -> Any:
    config = write_pipeline(folder, "tiny", **sections)
    operator = WaitOperator(
        task_id="wait-for-source",
        step="wait-for-source",
        config_path=str(config),
        as_of=as_of,
        module=module,
        poll_s=1.0,
        timeout_hours=1.0,
    )
    return operator.execute({"ti": Instance()})  # type: ignore[typeddict-item]


def scenario(folder: Path, code: int | str) -> None:
    text = json.dumps({"codes": {"wait-for-source": code}, "regions": []})
    (folder / "tiny.json").write_text(text)


def test_not_ready_is_an_exit_code_and_a_line() -> None:
    assert says_not_ready(1, NOT_READY)


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (1, ""),
        (1, "not json"),
        (1, "[false]"),
        (1, '{"ready": true}'),
        (-9, NOT_READY),
        (137, NOT_READY),
    ],
)
def test_anything_else_is_a_fault(code: int, line: str) -> None:
    assert not says_not_ready(code, line)


def test_a_source_that_is_not_ready_is_looked_at_again_later(tmp_path: Path) -> None:
    scenario(tmp_path, "not ready")
    with pytest.raises(TaskDeferred):
        look(tmp_path, "2026-01-02")


@pytest.mark.parametrize("code", [1, 70])
def test_a_fault_is_retried_not_waited_for(tmp_path: Path, code: int) -> None:
    scenario(tmp_path, code)
    with pytest.raises(AirflowException, match=f"exit code {code}") as caught:
        look(tmp_path, "2026-01-02")
    assert not isinstance(caught.value, AirflowFailException)


def test_a_program_that_cannot_start_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(AirflowException, match="a fault"):
        look(tmp_path, "2026-01-02", module="tests.dags.no_such_module")


def test_the_real_command_says_that_the_source_is_not_ready(tmp_path: Path) -> None:
    with pytest.raises(TaskDeferred):
        look(tmp_path, "2999-01-01", module="graphrec.jobs.cli")


def test_the_real_command_says_that_the_source_is_ready(tmp_path: Path) -> None:
    assert look(tmp_path, "2026-01-02", module="graphrec.jobs.cli")["ready"] is True
