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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which("nvidia-smi"):
        return
    skip = pytest.mark.skip(reason="needs a CUDA device")
    for item in items:
        if "gpu" in item.keywords:
            item.add_marker(skip)
