"""The operator with real child processes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from graphrec.dags.child_process import ChildProcess
from graphrec.dags.step_operator import StepOperator
from graphrec_core.config import child_environment
from tests.dags.pipelines import write_pipeline


def operator(folder: Path, code: int, **settings: object) -> StepOperator:
    config = write_pipeline(folder, "tiny")
    key = "train-model[eu]"
    scenario = {"codes": {key: code}, "regions": ["eu"]}
    config.with_suffix(".json").write_text(json.dumps(scenario))
    return StepOperator(
        task_id="train-model",
        step="train-model",
        config_path=str(config),
        as_of="2026-01-02",
        regions=["eu"],
        overrides=["training.num_epochs=1"],
        module="tests.dags.stand_in",
        **settings,
    )


def test_the_command_is_an_argument_list(tmp_path: Path) -> None:
    step = operator(tmp_path, 0)
    assert step.command() == [
        sys.executable, "-m", "tests.dags.stand_in", "train-model",
        "--config", str(tmp_path / "tiny.yaml"), "--as-of", "2026-01-02",
        "--region", "eu", "--set", "training.num_epochs=1",
    ]  # fmt: skip
    program = StepOperator(task_id="x", step="x", config_path="c", as_of="d").command()[1:3]
    assert program == ["-m", "graphrec.jobs.cli"]


def test_success_returns_the_last_line(tmp_path: Path) -> None:
    context: dict[str, object] = {}
    result = operator(tmp_path, 0).execute(context)  # type: ignore[arg-type]
    assert result == {"step": "train-model", "regions": ["eu"]}
    assert context["region_name"] == "eu"


@pytest.mark.parametrize("code", [2, 3])
def test_a_refusal_is_not_retried(tmp_path: Path, code: int) -> None:
    with pytest.raises(AirflowFailException, match=f"exit code {code}"):
        operator(tmp_path, code).execute({})  # type: ignore[typeddict-item]


@pytest.mark.parametrize("code", [1, 70])
def test_a_fault_is_retried(tmp_path: Path, code: int) -> None:
    with pytest.raises(AirflowException, match=f"exit code {code}") as caught:
        operator(tmp_path, code).execute({})  # type: ignore[typeddict-item]
    assert not isinstance(caught.value, AirflowFailException)


def test_a_result_that_is_not_json_fails(tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="must be JSON"):
        operator(tmp_path, 0).parsed("done!")


def child(code: str) -> ChildProcess:
    return ChildProcess([sys.executable, "-u", "-c", code], child_environment())


def test_both_streams_come_line_by_line() -> None:
    out: list[str] = []
    err: list[str] = []
    code = child(
        "import sys; print('a'); print('b\\u00e9'); print('no end', end='');"
        "sys.stderr.write('10%\\r20%\\rdone\\n'); sys.exit(7)"
    ).follow(out.append, err.append)
    assert (code, out, err) == (7, ["a", "b\u00e9", "no end"], ["10%", "20%", "done"])


def test_a_grandchild_that_holds_the_pipe_does_not_hang_the_step() -> None:
    out: list[str] = []
    started_s = time.monotonic()
    process = child("import subprocess; p = subprocess.Popen(['sleep', '300']); print(p.pid)")
    try:
        assert process.follow(out.append, out.append) == 0
        assert time.monotonic() - started_s < 100
    finally:
        os.kill(int(out[0]), signal.SIGKILL)


def test_kill_ends_the_whole_process_group() -> None:
    out: list[str] = []
    process = child(
        "import subprocess, time; p = subprocess.Popen(['sleep', '300']);"
        "print(p.pid); time.sleep(300)"
    )
    follower = threading.Thread(target=process.follow, args=(out.append, out.append))
    follower.start()
    while not out:
        time.sleep(0.02)
    process.kill()
    follower.join(timeout=60)
    assert not follower.is_alive()
    assert _ends(int(out[0]))


def test_an_interrupted_step_leaves_no_child(tmp_path: Path) -> None:
    step = operator(tmp_path, 0)
    seen: list[int] = []

    def interrupt(*_: object) -> None:
        if step._child is None:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            return
        seen.append(step._child.pid)
        raise TimeoutError

    previous = signal.signal(signal.SIGALRM, interrupt)
    step.command = lambda: [sys.executable, "-c", "import time; time.sleep(300)"]  # type: ignore[method-assign]
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(TimeoutError):
            step.run_step()
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert not _runs(seen[0])


def test_a_step_dies_with_its_killed_parent(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    code = (
        "import sys; from pathlib import Path;"
        "from graphrec.dags.child_process import ChildProcess;"
        "from graphrec_core.config import child_environment;"
        "c = ChildProcess(['sleep', '300'], child_environment());"
        f"Path({str(marker)!r}).write_text(str(c.pid)); c.follow(print, print)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    while not (marker.exists() and marker.read_text()):
        time.sleep(0.02)
    assert _runs(int(marker.read_text()))
    parent.kill()
    parent.wait()
    assert _ends(int(marker.read_text()))


def _ends(pid: int) -> bool:
    """Whether the process is gone soon: the kernel ends a killed one in its own time."""
    deadline_s = time.monotonic() + 60
    while _runs(pid) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return not _runs(pid)


def _runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
