"""What a fresh interpreter loads when it imports one module: light processes stay light."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from graphrec_core.config import STEPS, StepName, child_environment

REPOSITORY = Path(__file__).parents[2]
HEAVY = frozenset({"torch", "dgl", "pyspark", "faiss", "great_expectations", "airflow", "duckdb"})
DATA = frozenset({"pandas", "scipy", "matplotlib", "networkx"})
STEP_JOBS = {
    StepName.WAIT: HEAVY | DATA,
    StepName.VALIDATE: HEAVY | DATA,
    StepName.SNAPSHOT: HEAVY | DATA,
    # great-expectations brings pandas, scipy and, where it is installed, pyspark.
    StepName.CHECK: HEAVY - {"great_expectations", "pyspark"} | {"matplotlib"},
    # DGL brings scipy and networkx.
    StepName.TRAIN: HEAVY - {"torch", "dgl"} | {"pandas", "matplotlib"},
    StepName.EMBED: HEAVY | DATA,
    # Baselines and popular lists are sparse matrices of scipy's.
    StepName.EVALUATE: HEAVY - {"faiss"} | DATA - {"scipy"},
    StepName.SHARD: HEAVY - {"faiss"} | DATA - {"scipy"},
    StepName.PUBLISH: HEAVY | DATA,
    StepName.REPORT: HEAVY | DATA - {"matplotlib"},
}
"""What the start of a step's job does not load; what only some of its work needs comes later."""
LIGHT = {
    **{f"graphrec.jobs.{step.replace('-', '_')}": absent for step, absent in STEP_JOBS.items()},
    "graphrec.jobs.run_day": HEAVY | DATA,
    "graphrec.jobs.status": HEAVY | DATA,
    "graphrec_core.judging.refit_guard": HEAVY - {"torch", "faiss"} | {"pandas", "matplotlib"},
    "graphrec_core.judging.scorer_lists": HEAVY - {"faiss"} | DATA - {"scipy"},
    "graphrec_core": HEAVY | {"numpy", "pandas", "pyarrow", "scipy"},
    "graphrec_core.config": HEAVY | {"numpy", "pandas", "pyarrow", "scipy"},
    "graphrec_core.lake": HEAVY | {"pandas", "scipy"},
    "graphrec_core.day.day": HEAVY | {"pandas", "scipy"},
    "graphrec_core.publishing.going_live": HEAVY | {"pandas", "scipy"},
    "graphrec_core.evaluation": HEAVY,
    "graphrec_core.index": HEAVY - {"faiss"},
    "graphrec_core.retrieval": HEAVY - {"faiss"},
    "graphrec_core.serving.app": HEAVY - {"faiss"},
    "graphrec_core.models.popularity": HEAVY,
    "graphrec_core.models.covisitation": HEAVY,
    "graphrec_core.models.registry": HEAVY,
    "graphrec.jobs.cli": HEAVY | {"numpy", "pandas", "pyarrow", "scipy", "matplotlib"},
}


def loaded_by(*modules: str) -> set[str]:
    """Top-level packages in ``sys.modules`` of a new process that imported ``modules``."""
    # A main module without a file is taken for a doctest by pyspark, and ended.
    code = "import sys, json, __main__; __main__.__file__ = 'main.py'; "
    code += f"import {', '.join(modules)}; print(json.dumps(list(sys.modules)))"
    child = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=child_environment(DGLBACKEND="pytorch"),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=300,
    )
    return {name.split(".")[0] for name in json.loads(child.stdout.splitlines()[-1])}


def modules_of(package: str) -> list[str]:
    folder = REPOSITORY.joinpath(*package.split("."))
    names = [path.relative_to(REPOSITORY).with_suffix("") for path in folder.rglob("*.py")]
    return sorted(".".join(name.parts).removesuffix(".__init__") for name in names)


def test_every_step_says_what_its_start_leaves_out() -> None:
    assert set(STEP_JOBS) == set(STEPS)


@pytest.mark.parametrize("module", sorted(LIGHT))
def test_light_modules_stay_light(module: str) -> None:
    assert not loaded_by(module) & LIGHT[module]


@pytest.mark.parametrize("package", ["evaluation", "index", "retrieval", "serving"])
def test_no_module_of_a_light_package_needs_torch(package: str) -> None:
    modules = modules_of(f"graphrec_core.{package}")
    assert not loaded_by(*modules) & {"torch", "dgl", "pyspark", "great_expectations", "airflow"}


def test_the_check_can_fail() -> None:
    assert "dgl" in loaded_by(*modules_of("graphrec_core.graph"))
