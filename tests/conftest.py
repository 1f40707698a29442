"""Settings of all tests: few threads, no deadlines, and no test of a GPU without one."""

import gc
import os
import shutil
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

# What is imported stays. To look through it for what does not takes a third of the time.
gc.disable()

# pyspark.sql.connect, which great-expectations imports, takes a process whose main module has no
# spec and no file, such as a worker of pytest-xdist, for a doctest, and ends it.
_main = sys.modules["__main__"]
if _main.__spec__ is None and not hasattr(_main, "__file__"):
    _main.__spec__ = ModuleSpec("__main__", None)

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("DGLBACKEND", "pytorch")

MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
    # At each commit the lake waits for the disk, if it is one: a third of the tests' time.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

settings.register_profile("busy", deadline=None)  # other processes take the processor at times
settings.load_profile("busy")


TOWN = ("tests/pipeline/test_town.py", "tests/pipeline/test_refusals.py")
"""Files that share the demo's day."""
ON_SPARK = ("[spark", "test_spark", "of_spark", "both_engines", "test_functions", "test_real_data")
"""In the ids of tests of the Spark session; where one is missing, another JVM starts."""
FIRST = (
    "spark",
    "town",
    "tests/engine/test_cluster.py",
    "tests/architecture/test_fresh_imports.py",
    "tests/jobs/test_run_day.py",
    "tests/snapshot/test_incremental.py",
    "tests/contract/test_histories.py",
    "tests/pipeline/test_no_java.py",
    "tests/jobs/test_object_store.py",
    "tests/dags/test_runs.py",
    "tests/jobs/test_cli.py",
    "tests/pipeline/test_crash.py",
    "tests/pipeline/test_wheel.py",
    "tests/snapshot/test_rebuild.py",
)
"""The longest groups of tests; with two workers, none of them may be the last to begin."""


class _Groups(LoadFileScheduling):
    """Gives a whole group of tests to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return _group_of(nodeid)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Groups:
    return _Groups(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "spark" in getattr(item, "fixturenames", ()) and not (
            item.get_closest_marker("spark") and _group_of(item.nodeid) == "spark"
        ):
            raise pytest.UsageError(f"{item.nodeid} starts Spark: mark it, and name it so")
    if "PYTEST_XDIST_WORKER" in os.environ:
        rank = {group: number for number, group in enumerate(FIRST)}
        items.sort(key=lambda item: rank.get(_group_of(item.nodeid), len(FIRST)))
    if shutil.which("nvidia-smi"):
        return
    skip = pytest.mark.skip(reason="needs a CUDA device")
    for item in items:
        if "gpu" in item.keywords:
            item.add_marker(skip)


def _group_of(nodeid: str) -> str:
    """The tests of the demo's day and those of a Spark session share it; others, their file's."""
    file = nodeid.partition("::")[0]
    if file in TOWN:
        return "town"
    return "spark" if any(word in nodeid for word in ON_SPARK) else file
