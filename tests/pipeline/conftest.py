"""One real day of the town, run by the real DAG, shared by the pipeline's tests."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pipeline.steps import REPOSITORY, TOWN, WEEK_BEFORE, run_regions, run_step


@dataclass(frozen=True)
class TownDay:
    """A finished ``make demo``: its lake and what it printed."""

    lake: Path
    output: str


@pytest.fixture(scope="session")
def town_day(tmp_path_factory: pytest.TempPathFactory) -> TownDay:
    """What `make demo` runs, into a lake of its own."""
    lake = Path(tmp_path_factory.mktemp("demo")) / "lake"
    arguments = [
        sys.executable,
        "-m",
        "graphrec.local.run_once",
        "--config",
        str(TOWN),
        "--lake",
        str(lake),
    ]
    done = subprocess.run(
        arguments, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=3600
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return TownDay(lake, done.stdout)


@pytest.fixture(scope="session")
def week_before(town_day: TownDay, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in which the day a week before is live, and nothing else."""
    lake = Path(tmp_path_factory.mktemp("before")) / "lake"
    shutil.copytree(town_day.lake / "town" / "town", lake / "town" / "town")
    # Either engine makes the same rows; this one is there sooner.
    run_step("build-snapshot", lake, "--as-of", WEEK_BEFORE, "--set", "snapshot.engine=duckdb")
    run_regions(lake, WEEK_BEFORE, ("ash", "birch", "cedar"))
    run_step("publish-release", lake, "--as-of", WEEK_BEFORE)
    return lake
