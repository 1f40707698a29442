"""The local executor: a killed worker ends the run, and nobody waits for its task."""

import os
import signal
import time

import pytest

from graphrec.local.executor import PromptExecutor

pytestmark = pytest.mark.airflow


def test_a_killed_worker_ends_the_run() -> None:
    executor = PromptExecutor(parallelism=2)
    executor.start()
    executor.running.add("a task")  # type: ignore[arg-type]
    executor.sync()
    (first, _) = executor.workers.values()
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    while first.is_alive():
        time.sleep(0.01)
    with pytest.raises(RuntimeError, match=r"a worker of the run was killed: exit codes \[-9\]"):
        executor.sync()
    for worker in executor.workers.values():
        worker.kill()
