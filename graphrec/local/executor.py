"""Airflow's local executor, quick enough for one day: ``airflow dags test --use-executor``."""

import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.connection import wait
from typing import Any

from airflow.executors.local_executor import LocalExecutor
from typing_extensions import override

from graphrec.dags.child_process import die_with_the_parent

WAIT_S = 1.0
TRIGGERER = '[["triggerer", "--skip-serve-logs"]]'


class PromptExecutor(LocalExecutor):
    """Says at once that a task has ended, and starts a triggerer if tasks wait for one.

    The loop of ``airflow dags test`` sleeps between two looks, and it starts no triggerer.
    """

    _triggerer: subprocess.Popen[bytes] | None = None

    @override
    def _process_workloads(self, workload_list: Sequence[Any]) -> None:
        super()._process_workloads(workload_list)
        self.running.update(one.key for one in workload_list)  # Airflow leaves them out

    @override
    def sync(self) -> None:
        """Takes in the results; waits for the first a moment, if something runs.

        Raises:
            RuntimeError: A worker was killed, and its task would count as queued for ever.
        """
        if self.running:
            wait([self.result_queue._reader], WAIT_S)  # type: ignore[attr-defined]
        elif self._triggerer is None:  # what is left waits: for a retry, or for an event
            command = [sys.executable, "-m", "graphrec.local.airflow_commands", TRIGGERER]
            self._triggerer = subprocess.Popen(command, preexec_fn=die_with_the_parent)
        codes = [worker.exitcode for worker in self.workers.values() if not worker.is_alive()]
        if any(codes):
            raise RuntimeError(f"a worker of the run was killed: exit codes {codes}")
        super().sync()
