"""Several commands of Airflow's program in one process: in order, and a failure ends it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from graphrec_core.config import child_environment


@pytest.mark.airflow
def test_commands_run_in_order_until_one_fails(tmp_path: Path) -> None:
    first, last = (
        ["config", "get-value", "core", name] for name in ("dags_folder", "load_examples")
    )
    commands = [first, ["config", "no-command-of-airflow"], last]
    done = subprocess.run(
        [sys.executable, "-m", "graphrec.local.airflow_commands", json.dumps(commands)],
        env=child_environment(
            AIRFLOW_HOME=str(tmp_path), AIRFLOW__CORE__DAGS_FOLDER="/first",
            AIRFLOW__CORE__LOAD_EXAMPLES="last",
        ),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "/first" in done.stdout
    assert "no-command-of-airflow" in done.stderr
    assert "last" not in done.stdout
