"""What a day of Gowalla costs, step by step, against the version before ranking was learned.

That version, ``BEFORE``, is taken from the repository's own history and run in the same
environment with the settings of its own time, ``training.refit`` on. Each step is a process of its
own, as in Airflow, its start included. Today's day is one of many nights: a week before it the
pipeline had its first day, which left the windows that the night finds, and yesterday its
snapshot. What that first day cost is told beside, without a bound.
"""

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from graphrec_core.config import StepName, Task, child_environment, flow_of, load_pipeline
from graphrec_core.types import View, format_instant, parse_instant

Row = dict[str, Any]
Seconds = dict[str, float]
"""Step -> seconds, of all its regions."""
REPOSITORY = Path(__file__).parents[1]
BEFORE = "e54da99b5ed192762bef1777053bdc6da1107174"
AS_OF = "2010-07-07"
GATE = (StepName.EVALUATE, StepName.PUBLISH)
"""Steps that are told apart: to judge is not to recommend."""
CITIES = ("austin", "bangkok", "dallas", "houston", "newyork", "sanantonio", "singapore", "tokyo")
QUICK_CITIES = ("bangkok", "singapore")
MOST = 2.5
DAYS_BEFORE = (
    Task(StepName.TRAIN),
    Task(StepName.EMBED, View.TRAIN),
    Task(StepName.EVALUATE),
    Task(StepName.EMBED, View.SERVE),
    Task(StepName.SHARD),
)
"""What the earlier version did once per region."""
Call = tuple[Task, str]
"""A task, and its region; empty: it is of no region."""


@dataclass(frozen=True)
class Version:
    """A version of the project that runs days.

    Attributes:
        root: Its checkout.
        module: Its command line.
        overrides: What is set beside the places of data and lake.
    """

    root: Path
    module: str
    overrides: tuple[str, ...]

    def run(self, calls: Sequence[Call], as_of: str, data: Path, lake: Path) -> Seconds:
        """Runs steps one after the other; returns what each took."""
        took: Seconds = {}
        for task, region in calls:
            started = time.perf_counter()
            self._command(task, region, as_of, data, lake)
            seconds = time.perf_counter() - started
            took[task.step] = took.get(task.step, 0) + seconds
        return took

    def _command(self, task: Task, region: str, as_of: str, data: Path, lake: Path) -> None:
        own = (f"source.root={data}", f"lake.root={lake}", "snapshot.engine=duckdb")
        settings = [part for one in (*own, *self.overrides) for part in ("--set", one)]
        config = str(self.root / "configs" / "gowalla.yaml")
        command = [sys.executable, "-m", self.module, str(task.step), "--config", config]
        command += [*settings, "--as-of", as_of]
        command += ["--region", region] if region else []
        command += ["--view", str(task.view)] if task.view else []
        environment = child_environment(PYTHONPATH=str(self.root))
        done = subprocess.run(
            command, cwd=self.root, env=environment, check=False, capture_output=True, text=True
        )
        if done.returncode not in (0, 3):  # a refused region ends no day
            raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def cost(given: argparse.Namespace) -> list[Row]:
    """Runs a day of both versions; with ``--quick`` the regions' steps of two cities alone."""
    data, cities = (given.data / "gowalla_cities").resolve(), CITIES
    if given.quick:
        cities = QUICK_CITIES
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        before = Version(earlier(scratch / "before"), "jobs.cli", ("training.refit=true",))
        now = Version(REPOSITORY, "graphrec.jobs.cli", tuple(given.set))
        calls = list(calls_now(now, cities))
        first = now.run(calls, _days_earlier(7), data, scratch / "now")
        now.run([(Task(StepName.SNAPSHOT), "")], _days_earlier(1), data, scratch / "now")
        then = before.run(calls_before(cities), AS_OF, data, scratch / "then")
        night = now.run(calls, AS_OF, data, scratch / "now")
    return rows(night, then, first)


def earlier(folder: Path) -> Path:
    """Takes the earlier version from the repository's history."""
    command = ["git", "-C", str(REPOSITORY), "archive", BEFORE]
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode:
        raise SystemExit(f"{BEFORE[:7]} is not in this clone: git fetch --unshallow")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def calls_before(cities: Sequence[str]) -> list[Call]:
    """Lists the earlier version's day, but for waiting."""
    early = [(Task(step), "") for step in (StepName.VALIDATE, StepName.SNAPSHOT)]
    late = [(Task(step), "") for step in (StepName.PUBLISH, StepName.REPORT)]
    return [*early, *((task, city) for city in cities for task in DAYS_BEFORE), *late]


def calls_now(version: Version, cities: Sequence[str]) -> Iterator[Call]:
    """Yields today's day, as the DAG has it, but for waiting."""
    config = load_pipeline(version.root / "configs" / "gowalla.yaml", list(version.overrides))
    flow = flow_of(config.recommender)
    yield from ((task, "") for task in flow.early if task.step is not StepName.WAIT)
    for stage in flow.stages:
        yield from ((task, "") for task in stage.shared)
        yield from ((task, city) for city in cities for task in stage.per_region)
    yield from ((task, "") for task in flow.late)


def rows(now: Seconds, before: Seconds, first: Seconds) -> list[Row]:
    """Holds a night against a day of the earlier version, the gate apart, and tells each step."""
    ours, theirs = (
        sum(seconds for step, seconds in took.items() if step not in GATE)
        for took in (now, before)
    )
    ratio = ours / theirs
    found = [
        {
            "name": "cost of a night on gowalla, all steps but the gate's: ratio",
            "value": round(ratio, 2),
            "bound": MOST,
            "peer": f"{BEFORE[:7]}: {theirs:.0f} s; the night {ours:.0f} s; a pipeline's very "
            f"first day {sum(first.values()):.0f} s, the gate's steps included",
            "pass": ratio <= MOST,
        }
    ]
    for step in dict.fromkeys((*before, *now)):
        apart = ", the gate's" if step in GATE else ""
        found.append({
            "name": f"cost of a night on gowalla, {step}{apart}: seconds",
            "value": round(now.get(step, 0), 1),
            "bound": None,
            "peer": f"{BEFORE[:7]}: {before.get(step, 0):.1f} s; "
            f"the first day {first.get(step, 0):.1f} s",
            "pass": True,
        })  # fmt: skip
    return found


def _days_earlier(days: int) -> str:
    return format_instant(parse_instant(AS_OF) - timedelta(days=days))
