"""Airflow's local executor, quick enough for one day: ``airflow dags test --use-executor``."""

import subprocess
import sys
from multiprocessing.connection import wait

from airflow.executors.local_executor import LocalExecutor

from graphrec.dags.child_process import die_with_the_parent

WAIT_S = 1.0
TRIGGERER = '[["triggerer", "--skip-serve-logs"]]'


class PromptExecutor(LocalExecutor):
    """Says at once that a task has ended, and starts a triggerer if tasks wait for one.

    The loop of ``airflow dags test`` sleeps between two looks, and it starts no triggerer.
    """

    _triggerer: subprocess.Popen[bytes] | None = None

    def sync(self) -> None:
        """Takes in the results; waits for the first a moment, if something runs."""
        if self.running:
            wait([self.result_queue._reader], WAIT_S)  # type: ignore[attr-defined]
        elif self._triggerer is None:  # what is left waits: for a retry, or for an event
            command = [sys.executable, "-m", "graphrec.local.airflow_commands", TRIGGERER]
            self._triggerer = subprocess.Popen(command, preexec_fn=die_with_the_parent)
        super().sync()
