"""Several commands of Airflow's program in one process, and what that process starts."""

import json
import os
import subprocess
import sys
import time
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


PROGRAM = """
import json, sys, time
from graphrec.local import airflow_commands
airflow_commands.pkgutil.resolve_name = lambda name: time.sleep(600)  # a server that is busy
sys.argv[1:] = [json.dumps([["--use-executor"]])]
serve = airflow_commands.serve_the_tasks
airflow_commands.serve_the_tasks = lambda: print(serve(), flush=True)
airflow_commands.main()
"""


def test_a_killed_run_leaves_no_server_behind() -> None:
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        server = int(run.stdout.readline())
        os.kill(server, 0)
        run.kill()
    deadline_s = time.monotonic() + 10
    while is_running(server) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert not is_running(server)


BROKEN = """
import json, multiprocessing, sys, time
from graphrec.local import airflow_commands
def broken():
    child = multiprocessing.Process(target=time.sleep, args=(600,))
    child.start()
    print(child.pid, flush=True)
    raise RuntimeError("database is locked")
airflow_commands.pkgutil.resolve_name = lambda name: broken
sys.argv[1:] = [json.dumps([["dags", "test"]])]
airflow_commands.main()
"""


def test_an_error_of_airflows_loop_ends_the_run_and_its_workers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BROKEN], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "RuntimeError: database is locked" in done.stderr
    deadline_s = time.monotonic() + 10
    while is_running(int(done.stdout)) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert not is_running(int(done.stdout))


def is_running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
