"""The first hour: seconds from `git clone` to the demo's table, and of every test run after that.

    python -m bench.first_hour --quick                       # without the tests
    python -m bench.first_hour --json bench/results/first_hour.json

Clones this repository's last commit into a scratch folder and runs the README's commands there,
without the caches of pip and uv. Seconds say something on an idle machine only.
"""

import argparse
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graphrec_core.config import child_environment

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("apache-airflow", "duckdb", "pyspark", "torch", "uv")
COMMANDS: dict[str, tuple[str, ...]] = {
    "clone": ("git", "clone", "--quiet", str(REPOSITORY), "."),
    "set-up": ("make", "setup"),
    "java": ("make", "java"),
    "demo": ("make", "demo"),
    "quick tests": ("make", "test-quick"),
    "all tests": ("make", "test"),
}
TESTS = ("quick tests", "all tests")
TO_TABLE = ("clone", "set-up", "java", "demo")
"""What lies between nothing and the demo's table."""
BOUNDS = {"set-up": 60, "demo": 100, "quick tests": 90, "all tests": 720}
"""Seconds on two idle cores."""
TO_TABLE_S = 180


def main() -> int:
    """Measures, writes, and returns 0 when every bar holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="without the tests")
    parser.add_argument("--json", type=Path, help="write the result here")
    given = parser.parse_args()
    names = [name for name in COMMANDS if not given.quick or name not in TESTS]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "graphrec")
        folder.mkdir()
        result = measure(folder, names, lambda name: _seconds(COMMANDS[name], folder))
    result["quick"] = given.quick
    text = json.dumps(result, indent=1)
    sys.stdout.write(text + "\n")
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    return 0 if result["pass"] else 1


def measure(folder: Path, names: list[str], run: Callable[[str], float]) -> dict[str, Any]:
    """Runs the commands of these names in order, in a folder.

    Args:
        folder: Where the clone comes to lie.
        names: Of ``COMMANDS``.
        run: Runs one, and returns its seconds.
    """
    had_java = shutil.which("java") is not None
    seconds = {}
    for name in names:
        sys.stderr.write(f"{name} ... ")
        sys.stderr.flush()
        seconds[name] = round(run(name), 1)
        sys.stderr.write(f"{seconds[name]:.1f} s\n")
    bars = bars_of(seconds)
    return {
        "benchmark": "first_hour",
        "bars": bars,
        "pass": all(bar["pass"] for bar in bars),
        "seconds": seconds,
        "java_was_there": had_java,
        "steps_of_the_demo": step_seconds(folder / "lake"),
        "cores": os.cpu_count(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def bars_of(seconds: Mapping[str, float]) -> list[dict[str, Any]]:
    """Judges what was measured."""
    found = [_bar(name, seconds[name], bound) for name, bound in BOUNDS.items() if name in seconds]
    whole = sum(seconds[name] for name in TO_TABLE)
    return [*found, _bar("from clone to table", whole, TO_TABLE_S)]


def step_seconds(lake: Path) -> dict[str, list[float]]:
    """Returns folder of the lake -> seconds of each committed result in it, in order of name."""
    found: dict[str, list[float]] = {}
    for path in sorted(lake.rglob("run.json")):
        kind = path.relative_to(lake).parts[1]
        found.setdefault(kind, []).append(json.loads(path.read_text())["seconds"])
    return found


def _bar(name: str, value: float, bound: float) -> dict[str, Any]:
    said = {"name": f"{name}, seconds", "value": round(value, 1), "bound": bound, "peer": None}
    return {**said, "pass": value <= bound}


def _seconds(command: tuple[str, ...], folder: Path) -> float:
    """Runs a command of a newcomer, whose caches are empty."""
    caches = folder.parent / "caches"
    env = child_environment(XDG_CACHE_HOME=str(caches), UV_CACHE_DIR=str(caches / "uv"))
    for name in ("PYTHONPATH", "VIRTUAL_ENV"):  # of who measures
        env.pop(name, None)
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=env, check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(
            f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}"
        )
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
