"""Starts Airflow in a scratch folder, for the picture of a DAG."""

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from graphrec_core.config import child_environment

REPOSITORY = Path(__file__).parents[2]
START_S = 180
"""How long Airflow may take to answer."""


@contextmanager
def airflow_page(dag: str) -> Iterator[str]:
    """Yields the address of a DAG's page while Airflow runs.

    Args:
        dag: Name of the DAG.
    """
    with tempfile.TemporaryDirectory() as home:
        port = _free_port()
        address = f"http://127.0.0.1:{port}"
        # Airflow tells its tasks another port than its own unless the second is set, too.
        settings = {
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "graphrec" / "dags"),
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        }
        running = subprocess.Popen(
            ["airflow", "standalone"],
            cwd=REPOSITORY,
            env=child_environment(**settings),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_for(f"{address}/api/v2/dags/{dag}")
            yield f"{address}/dags/{dag}"
        finally:
            _stop(running)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait_for(url: str) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:  # it does not listen yet, or has not read the DAG
            time.sleep(1)
    raise SystemExit(f"Airflow did not answer at {url} within {START_S} s")


def _stop(running: "subprocess.Popen[bytes]") -> None:
    """Stops Airflow and its children: its leader hears an interrupt only."""
    running.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        running.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
