"""Settings of all tests: few threads, and tests that need a GPU are skipped without one."""

import os
import shutil
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

# pyspark.sql.connect, which great-expectations imports, takes a process whose main module has no
# spec and no file, such as a worker of pytest-xdist, for a doctest, and ends it.
_main = sys.modules["__main__"]
if _main.__spec__ is None and not hasattr(_main, "__file__"):
    _main.__spec__ = ModuleSpec("__main__", None)

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("DGLBACKEND", "pytorch")


SHARED = ("dags", "pipeline")
"""Folders whose files share an Airflow or a finished day: one worker runs them all."""


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        group = folder if folder in SHARED else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
    if shutil.which("nvidia-smi"):
        return
    skip = pytest.mark.skip(reason="needs a CUDA device")
    for item in items:
        if "gpu" in item.keywords:
            item.add_marker(skip)
