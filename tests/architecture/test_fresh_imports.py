"""What a fresh interpreter loads when it imports one module: light processes stay light."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from graphrec_core.config import STEPS, StepName, child_environment

pytestmark = pytest.mark.process
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
    # LightGBM brings pandas and scipy.
    StepName.WINDOW: HEAVY - {"faiss"} | DATA - {"scipy"},
    StepName.CHOICE: HEAVY - {"faiss"} | DATA - {"pandas", "scipy"},
    StepName.RANKER: HEAVY - {"faiss"} | DATA - {"pandas", "scipy"},
    StepName.EMBED: HEAVY | DATA,
    # Baselines and popular lists are sparse matrices of scipy's.
    StepName.EVALUATE: HEAVY - {"faiss"} | DATA - {"scipy"},
    StepName.SHARD: HEAVY - {"faiss"} | DATA - {"scipy"},
    StepName.PUBLISH: HEAVY | DATA,
    StepName.SCORE: HEAVY - {"faiss"} | DATA - {"scipy"},
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


def loaded_after(*modules: str) -> list[set[str]]:
    """Imports ``modules`` one after the other in one new process.

    Returns:
        For each, the top-level packages in ``sys.modules`` once it was imported too.
    """
    # A main module without a file is taken for a doctest by pyspark, and ended.
    code = "import sys, json, importlib, __main__; __main__.__file__ = 'main.py'\n"
    code += f"for module in {modules!r}:\n"
    code += "    importlib.import_module(module); print(json.dumps(list(sys.modules)))"
    child = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=child_environment(DGLBACKEND="pytorch"),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=300,
    )
    lines = [line for line in child.stdout.splitlines() if line.startswith("[")]
    assert len(lines) == len(modules)
    return [{name.split(".")[0] for name in json.loads(line)} for line in lines]


def chains(light: dict[str, frozenset[str]]) -> list[list[str]]:
    """Parts modules into few lists: what may stay out of one's start, its predecessors load not.

    A start costs seconds, and most modules share most of what they load.
    """
    found: list[list[str]] = []
    for module in sorted(light, key=lambda name: (-len(light[name]), name)):
        for chain in found:
            if light[module] <= light[chain[-1]]:
                chain.append(module)
                break
        else:
            found.append([module])
    return found


def modules_of(package: str) -> list[str]:
    folder = REPOSITORY.joinpath(*package.split("."))
    names = [path.relative_to(REPOSITORY).with_suffix("") for path in folder.rglob("*.py")]
    return sorted(".".join(name.parts).removesuffix(".__init__") for name in names)


def too_heavy(chain: list[str], light: dict[str, frozenset[str]]) -> dict[str, set[str]]:
    """Module -> what it loaded and must not."""
    loaded = zip(chain, loaded_after(*chain), strict=True)
    found = {module: packages & light[module] for module, packages in loaded}
    return {module: packages for module, packages in found.items() if packages}


def test_every_step_says_what_its_start_leaves_out() -> None:
    assert set(STEP_JOBS) == set(STEPS)


@pytest.mark.parametrize("chain", chains(LIGHT), ids=lambda chain: f"{len(chain)}-to-{chain[-1]}")
def test_light_modules_stay_light(chain: list[str]) -> None:
    assert not too_heavy(chain, LIGHT)


def test_no_module_of_a_light_package_needs_torch() -> None:
    packages = ("evaluation", "index", "retrieval", "serving")
    modules = [name for one in packages for name in modules_of(f"graphrec_core.{one}")]
    heavy = {"torch", "dgl", "pyspark", "great_expectations", "airflow"}
    assert not loaded_after(*modules)[-1] & heavy


def test_the_check_can_fail() -> None:
    chain = ["graphrec_core.config", "graphrec_core.graph.sampling"]
    assert "dgl" in too_heavy(chain, dict.fromkeys(chain, HEAVY))[chain[1]]


def test_a_chain_never_forbids_what_it_has_loaded() -> None:
    absent = (("a", "xyz"), ("b", "xy"), ("c", "yz"), ("d", "z"))
    light = {name: frozenset(letters) for name, letters in absent}
    assert chains(light) == [["a", "b"], ["c", "d"]]
