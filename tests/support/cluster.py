"""A Spark standalone cluster on this machine: a master and workers, each a process group."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from pyspark.find_spark_home import _find_spark_home

SPARK_HOME = Path(_find_spark_home())
HOST = "127.0.0.1"
NO_PYTHON = "/nowhere/python"
"""Given to Spark as the workers' Python: a job that needs one on an executor fails."""
POLL_S = 0.1


def spark_environment(**extra: str) -> dict[str, str]:
    """This process's environment with Spark kept on this machine and executors without Python."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    spark = {"SPARK_HOME": str(SPARK_HOME), "SPARK_LOCAL_IP": HOST, "PYSPARK_PYTHON": NO_PYTHON}
    return {**kept, **spark, **extra}


def free_port() -> int:
    """A port of this machine that nothing listens to now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def read_json(url: str) -> Any:
    """What a JSON page holds now; None where nothing answers yet."""
    try:
        with urlopen(url, timeout=10) as page:
            return json.load(page)
    except (OSError, ValueError):
        return None


def wait_for(what: str, is_there: Callable[[], bool], timeout_s: float = 180) -> None:
    """Looks until ``is_there``.

    Raises:
        TimeoutError: It was not, for ``timeout_s`` seconds.
    """
    end = time.monotonic() + timeout_s
    while not is_there():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {timeout_s} s")
        time.sleep(POLL_S)


class Group:
    """A process and its children, signalled and ended together.

    Attributes:
        log: File of its standard error and output.
    """

    def __init__(self, log: Path, command: list[str], folder: Path, env: dict[str, str]) -> None:
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=env,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait(self, timeout_s: float) -> int:
        """Waits for the process's end and returns its exit code."""
        return self._process.wait(timeout_s)

    def send(self, number: signal.Signals) -> None:
        """Signals the process and its children at once."""
        os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """Kills the process and its children, unless it has ended and its id is free."""
        if self._process.returncode is None:
            self.send(signal.SIGKILL)
            self._process.wait()


class Cluster:
    """A running master and its workers.

    Attributes:
        url: Spark master URL.
        workers: Name -> worker; its executors are its children and live below ``folder / name``.
    """

    def __init__(self, folder: Path) -> None:
        port, self._web_port = free_port(), free_port()
        self.url, self.folder = f"spark://{HOST}:{port}", folder
        self.workers: dict[str, Group] = {}
        page = ("--webui-port", str(self._web_port))
        self._master = self._start("master", "Master", "--port", str(port), *page)

    def worker_states(self) -> dict[str, str]:
        """Worker id -> ALIVE or DEAD, as the master sees it."""
        status = self._status() or {"workers": []}
        return {worker["id"]: worker["state"] for worker in status["workers"]}

    def is_up(self) -> bool:
        """Tells whether the master answers."""
        return self._status() is not None

    def num_alive(self) -> int:
        """Workers that the master would give work to."""
        return list(self.worker_states().values()).count("ALIVE")

    def grow(self, num_workers: int) -> None:
        """Starts workers of one core until so many are alive."""
        for _ in range(num_workers - self.num_alive()):
            name = f"worker-{len(self.workers)}"
            size = ("--cores", "1", "--memory", "700m", "--webui-port", "0")
            work = ("--work-dir", str(self.folder / name), self.url)
            self.workers[name] = self._start(name, "Worker", *size, *work)
        wait_for(
            f"{num_workers} workers register, see {self.folder}",
            lambda: self.num_alive() == num_workers,
        )

    def worker_of(self, app_id: str, executor_id: str) -> str:
        """Name of the worker that runs an executor."""
        for name in self.workers:
            if (self.folder / name / app_id / executor_id).is_dir():
                return name
        raise LookupError(f"no worker has started executor {executor_id} of {app_id}")

    def kill(self) -> None:
        """Ends every process."""
        for group in (*self.workers.values(), self._master):
            group.kill()

    def _status(self) -> dict[str, Any] | None:
        status: dict[str, Any] | None = read_json(f"http://{HOST}:{self._web_port}/json/")
        return status

    def _start(self, name: str, role: str, *arguments: str) -> Group:
        main_class = f"org.apache.spark.deploy.{role.lower()}.{role}"
        command = [str(SPARK_HOME / "bin" / "spark-class"), main_class, "--host", HOST]
        env = spark_environment(
            SPARK_DAEMON_MEMORY="256m",
            SPARK_DAEMON_JAVA_OPTS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            SPARK_LOCAL_DIRS=str(self.folder / f"{name}-blocks"),
        )
        return Group(self.folder / f"{name}.log", [*command, *arguments], self.folder, env)


@contextmanager
def open_cluster(folder: Path) -> Iterator[Cluster]:
    """Starts a master; whatever happens, no process of the cluster outlives the block."""
    cluster = Cluster(folder)
    try:
        wait_for("the master answers", cluster.is_up)
        yield cluster
    finally:
        cluster.kill()
