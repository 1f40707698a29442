"""A standalone cluster of separate processes gives the files that one machine gives.

DuckDB makes those of one machine: it needs no further JVM, and
``tests/snapshot/test_long_names.py`` holds Spark on one machine to the same bytes.
"""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graphrec_core.day import Day
from graphrec_core.snapshot import produce_snapshot
from tests.support.cluster import (
    HOST,
    SPARK_HOME,
    Cluster,
    Group,
    free_port,
    open_cluster,
    read_json,
    spark_environment,
    wait_for,
)
from tests.support.market import AS_OF, market_data, write_market

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(
        not shutil.which("java") and "JAVA_HOME" not in os.environ, reason="needs Java"
    ),
]

REPOSITORY = Path(__file__).parents[2]
BUILD_S = 600
PYTHON = (sys.executable, "-m", "graphrec.jobs.cli")
FAST_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@dataclass(frozen=True)
class Build:
    """One build-snapshot of the market, in a process of its own.

    Attributes:
        process: The driver and its JVM.
        lake: Where it writes.
        page: URL of the driver's REST API.
    """

    process: Group
    lake: Path
    page: str

    def files(self) -> dict[str, str]:
        """Waits for the end; returns file -> sha256 of the committed snapshot."""
        code = self.process.wait(BUILD_S)
        assert code == 0, self.process.log.read_text()[-4000:]
        (manifest,) = self.manifests()
        return {
            name: entry["sha256"]
            for name, entry in json.loads(manifest.read_text())["files"].items()
        }

    def manifests(self) -> list[Path]:
        """The manifest, once the snapshot is committed."""
        return list(self.lake.glob("market/snapshots/*/*/manifest.json"))

    def app_id(self) -> str:
        """Id of the running application; empty before the driver answers."""
        applications = read_json(self.page)
        return str(applications[0]["id"]) if applications else ""

    def executors(self) -> dict[str, dict[str, Any]]:
        """Executor id -> what the driver counts of it, also of lost ones."""
        found = read_json(f"{self.page}/{self.app_id()}/allexecutors") or []
        return {entry["id"]: entry for entry in found if entry["id"] != "driver"}

    def executor(self, executor_id: str) -> dict[str, Any]:
        """What the driver counts of one executor; empty where the driver does not answer."""
        return self.executors().get(executor_id, {})

    def num_failed_tasks(self) -> int:
        """Tasks that ended without a result so far; each is tried again elsewhere."""
        stages = read_json(f"{self.page}/{self.app_id()}/stages") or []
        return sum(stage["numFailedTasks"] for stage in stages)


class Builder:
    """Starts builds of one market and ends those that still run.

    Args:
        folder: Holds the raw tables, the configuration, and a lake per build.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._config = folder, folder / "market.json"
        self.market = write_market(folder / "lake")
        self._config.write_text(json.dumps(market_data(folder / "lake")))
        self._running: list[Group] = []

    def start(self, name: str, master: str, *launcher: str) -> Build:
        """Starts a build; ``launcher`` runs the command line's module."""
        port = free_port()
        settings = {
            "spark.driver.extraJavaOptions": FAST_JVM,
            "spark.executor.extraJavaOptions": FAST_JVM,
            "spark.executor.memory": "512m",
            "spark.ui.enabled": "true",
            "spark.ui.port": str(port),
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        }
        changes = {
            "engine": "spark",
            "spark_master": master,
            "memory": "600m",
            "shuffle_partitions": 2,
            "spark_settings": settings,
        }
        lake = self._folder / name
        command = [*launcher, "build-snapshot", "--config", str(self._config)]
        command += ["--as-of", "2026-01-31", "--lake", str(lake)]
        for key, value in changes.items():
            command += ["--set", f"snapshot.{key}={json.dumps(value)}"]
        env = spark_environment(PYSPARK_DRIVER_PYTHON=sys.executable, PYTHONPATH=str(REPOSITORY))
        process = Group(self._folder / f"{name}.log", command, REPOSITORY, env)
        self._running.append(process)
        return Build(process, lake, f"http://{HOST}:{port}/api/v1/applications")

    def kill(self) -> None:
        """Ends what still runs."""
        for process in self._running:
            process.kill()


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    found = Builder(Path(tmp_path_factory.mktemp("market")))
    try:
        yield found
    finally:
        found.kill()


@pytest.fixture(scope="module")
def of_one_machine(builder: Builder) -> dict[str, str]:
    """File -> sha256 of the snapshot that one machine builds."""
    snapshot = produce_snapshot(Day(builder.market, AS_OF))
    return {name: entry.sha256 for name, entry in snapshot.manifest.files.items()}


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with open_cluster(Path(tmp_path_factory.mktemp("cluster"))) as opened:
        yield opened


@pytest.fixture
def cluster(master: Cluster) -> Cluster:
    master.grow(2)
    return master


def test_the_master_of_the_settings_gets_the_work(builder: Builder, cluster: Cluster) -> None:
    """The build ends there: the next test holds a whole one to the files of one machine."""
    build = builder.start("cluster", cluster.url, *PYTHON)
    wait_until_all_work(build, "completedTasks")
    build.process.kill()


def test_a_cluster_builds_the_files_of_one_machine_though_a_worker_is_killed_in_the_middle(
    builder: Builder, cluster: Cluster, of_one_machine: dict[str, str]
) -> None:
    build = builder.start("killed", "", *spark_submit(cluster.url))
    wait_until_all_work(build, "completedTasks", "totalShuffleWrite")
    victim = min(build.executors())
    worker = cluster.workers[cluster.worker_of(build.app_id(), victim)]
    freeze_at_work(worker, build, victim)
    worker.kill()
    wait_for(
        "the driver misses the executor", lambda: build.executor(victim).get("isActive") is False
    )
    lost = build.executor(victim)
    assert build.process.is_running()
    assert build.manifests() == []
    assert lost["completedTasks"] > 0
    assert lost["totalShuffleWrite"] > 0
    wait_for("its task is counted as failed", lambda: build.num_failed_tasks() > 0)
    assert sorted(cluster.worker_states().values()) == ["ALIVE", "DEAD"]
    cluster.grow(2)

    assert build.files() == of_one_machine
    assert len(of_one_machine) > 10
    assert "Lost executor" in build.process.log.read_text()


def spark_submit(master: str) -> tuple[str, ...]:
    """Runs the command line through spark-submit, which must be told of the driver's JVM."""
    command = (str(SPARK_HOME / "bin" / "spark-submit"), "--master", master)
    jvm = ("--driver-memory", "600m", "--driver-java-options", FAST_JVM)
    return (*command, *jvm, str(REPOSITORY / "graphrec" / "jobs" / "cli.py"))


def wait_until_all_work(build: Build, *counts: str) -> None:
    """Waits until two executors have something of each count.

    Those that finished tasks and wrote for a shuffle hold rows that later tasks need.
    """

    def all_work() -> bool:
        found = build.executors().values()
        assert build.process.is_running(), build.process.log.read_text()[-4000:]
        return len(found) == 2 and all(entry[count] for entry in found for count in counts)

    wait_for("both executors work", all_work)


def freeze_at_work(worker: Group, build: Build, executor_id: str) -> None:
    """Stops a worker's processes for good while a task is on its executor.

    The build cannot end without that task, so what comes next happens in its middle.
    """
    worker.send(signal.SIGSTOP)
    time.sleep(1)  # a task that ended just before is reported by then
    wait_for("a task is sent to it", lambda: build.executor(executor_id).get("activeTasks", 0) > 0)
