"""Settings of all tests: few threads, and tests that need a GPU are skipped without one."""

import os
import shutil
import sys
from importlib.machinery import ModuleSpec

import pytest

# pyspark.sql.connect, which great-expectations imports, takes a process whose main module has no
# spec and no file, such as a worker of pytest-xdist, for a doctest, and ends it.
_main = sys.modules["__main__"]
if _main.__spec__ is None and not hasattr(_main, "__file__"):
    _main.__spec__ = ModuleSpec("__main__", None)

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("DGLBACKEND", "pytorch")


FIRST = (
    "town",
    "spark",
    "tests/snapshot/test_incremental.py",
    "tests/dags/test_runs.py",
    "tests/engine/test_cluster.py",
)
"""The longest groups of tests; with two workers, none of them may be the last to begin."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        _share_out(items)
    if shutil.which("nvidia-smi"):
        return
    skip = pytest.mark.skip(reason="needs a CUDA device")
    for item in items:
        if "gpu" in item.keywords:
            item.add_marker(skip)


def _share_out(items: list[pytest.Item]) -> None:
    """Says which tests must run in one process, and begins with the longest groups."""
    groups = {item: _group_of(item) for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    rank = {group: number for number, group in enumerate(FIRST)}
    items.sort(key=lambda item: rank.get(groups[item], len(FIRST)))


def _group_of(item: pytest.Item) -> str:
    """The tests of the demo's day and those of a Spark session share it; others, their file's."""
    file, fixtures = item.nodeid.partition("::")[0], getattr(item, "fixturenames", ())
    if "town_day" in fixtures:
        return "town"
    return "spark" if "spark" in item.keywords and file not in FIRST else file
