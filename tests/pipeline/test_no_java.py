"""A machine without Java: the demo runs on the embedded engine, and a step of Spark is refused.

It has a proxy and the settings of another Airflow too, which must not reach the demo's own.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from graphrec_core.config import child_environment
from tests.pipeline.steps import DAY, REPOSITORY, SMALL_TOWN, TOWN

NOWHERE = "http://127.0.0.1:9"
ELSEWHERE = {
    "HTTP_PROXY": NOWHERE,  # it has no way to this machine
    "http_proxy": NOWHERE,
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{NOWHERE}/execution/",
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
}


def run(home: Path, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a module where ``JAVA_HOME`` holds no Java."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments, "--config", str(TOWN), *SMALL_TOWN],
        cwd=home,
        env=child_environment(JAVA_HOME=str(home), PYTHONPATH=str(REPOSITORY), **ELSEWHERE),
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


@pytest.mark.pipeline
@pytest.mark.airflow
def test_the_demo_runs_on_duckdb_and_says_so_and_heeds_no_other_airflow(tmp_path: Path) -> None:
    done = run(tmp_path, "graphrec.local.run_once", "--lake", str(tmp_path / "lake"))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "DuckDB runs this day (snapshot.engine=duckdb)" in done.stdout
    assert list(tmp_path.glob("lake/town/reports/*/index.html"))
    (log,) = tmp_path.glob(".airflow/*.log")
    assert "write-report" in log.read_text()
    assert "triggerer" not in log.read_text().lower()  # its source is there: nothing waits


@pytest.mark.spark
def test_a_step_that_needs_spark_says_what_to_install(tmp_path: Path) -> None:
    done = run(tmp_path, "graphrec.jobs.cli", "build-snapshot", "--as-of", DAY)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    for words in ("Spark needs a Java runtime, 17 or newer", "snapshot.engine=duckdb"):
        assert words in done.stderr
