"""The import contracts can fail: each breach of a copy of the layout is reported by name.

That they hold for the real tree is checked by ``make lint``.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from graphrec_core.config import child_environment

REPOSITORY = Path(__file__).parents[2]
PYPROJECT = REPOSITORY / "pyproject.toml"
CONTRACTS = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]["contracts"]

BREACHES = [
    ("Process entry points sit above the library", "graphrec_core/lake", "import graphrec.jobs"),
    ("Process entry points sit above the library", "graphrec/jobs", "import graphrec.local"),
    ("graphrec_core is layered", "graphrec_core/axes", "import graphrec_core.config"),
    ("graphrec_core is layered", "graphrec_core/engine", "import graphrec_core.intake"),
    ("graphrec_core is layered", "graphrec_core/selects", "import graphrec_core.lake"),
    ("graphrec_core is layered", "graphrec_core/ledger", "import graphrec_core.day"),
    ("graphrec_core is layered", "graphrec_core/snapshot", "import graphrec_core.quality"),
    ("graphrec_core is layered", "graphrec_core/evaluation", "import graphrec_core.judging"),
    ("graphrec_core is layered", "graphrec_core/judging", "import graphrec_core.publishing"),
    ("graphrec_core is layered", "graphrec_core/publishing", "import graphrec_core.report"),
    ("graphrec_core is layered", "graphrec_core/lake", "import graphrec_core.graph"),
    ("graphrec_core is layered", "graphrec_core/lake", "def f():\n    import graphrec_core.graph"),
    ("graphrec_core is layered", "graphrec_core/graph", "import graphrec_core.retrieval"),
    ("graphrec_core is layered", "graphrec_core/lake", "import graphrec_core.ledger"),
    ("graphrec_core is layered", "graphrec_core/ledger", "import graphrec_core.index"),
    ("graphrec_core is layered", "graphrec_core/utils", "X = 1"),
    ("DAG files parse without a heavy import", "graphrec/dags", "import torch"),
    ("DAG files parse without a heavy import", "graphrec/dags", "import graphrec.jobs"),
    ("The library does not know its orchestrator", "graphrec/jobs", "import airflow"),
    ("Serving runs without torch, DGL, Spark", "graphrec_core/serving", "import torch"),
    ("Serving runs without torch, DGL, Spark", "graphrec_core/lake", "import pyspark"),
    ("Only graph touches DGL", "graphrec_core/training", "import dgl"),
    ("Only engine touches Spark and DuckDB", "graphrec_core/snapshot", "import duckdb"),
    ("Only engine touches Spark and DuckDB", "graphrec_core/snapshot", "import pyspark"),
    ("Only engine touches Spark and DuckDB", "graphrec_core/ledger", "import duckdb"),
    ("DAG files see only the configuration package", "graphrec/dags", "import graphrec_core.lake"),
    (
        "DAG files see only the configuration package",
        "graphrec/dags",
        "import graphrec_core.ledger",
    ),
    (
        "Evaluation, index and retrieval need neither torch nor DGL",
        "graphrec_core/index",
        "import torch",
    ),
    (
        "Graphs, models and vectors do not know that the task ranks",
        "graphrec_core/embedding",
        "import graphrec_core.retrieval",
    ),
    ("Only index touches FAISS", "graphrec_core/retrieval", "import faiss"),
    ("Only quality touches great-expectations", "graphrec/jobs", "import great_expectations"),
]  # fmt: skip


def copy_layout(root: Path) -> None:
    """Writes every package of the layout, empty; serving imports lake as the real one does."""
    contract = next(item for item in CONTRACTS if item["name"] == "graphrec_core is layered")
    layers = [name.strip() for layer in contract["layers"] for name in layer.split("|")]
    for package in [
        "graphrec",
        *(f"graphrec/{name}" for name in ("local", "dags", "jobs")),
        "graphrec_core",
        *(f"graphrec_core/{name}" for name in layers),
    ]:
        (root / package).mkdir()
        (root / package / "__init__.py").write_text("")
    (root / "graphrec_core/serving/uses.py").write_text("import graphrec_core.lake\n")
    (root / "pyproject.toml").write_text(PYPROJECT.read_text())


def lint(root: Path) -> tuple[int, str]:
    """Returns the exit code and what is said of each contract and of each breach."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=root,
        env=child_environment(PYTHONPATH=str(root), NO_COLOR="1"),
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def breached(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    """What is said of a layout with all breaches, each in a module of its own."""
    root = tmp_path_factory.mktemp("breached")
    copy_layout(root)
    for number, (_, package, code) in enumerate(BREACHES):
        (root / package).mkdir(exist_ok=True)
        with (root / package / "__init__.py").open("a") as file:
            file.write(f"import {package.replace('/', '.')}.breach_{number}\n")
        (root / package / f"breach_{number}.py").write_text(f"{code}\n")
    return lint(root)


def test_the_bare_layout_keeps_every_contract(tmp_path: Path) -> None:
    copy_layout(tmp_path)
    status, told = lint(tmp_path)
    assert status == 0
    assert told.count(" KEPT\n") == len(CONTRACTS)
    assert " BROKEN" not in told


@pytest.mark.parametrize("number", range(len(BREACHES)), ids=lambda n: "-".join(BREACHES[n]))
def test_a_breach_is_reported(breached: tuple[int, str], number: int) -> None:
    (contract, package, code), (status, told) = BREACHES[number], breached
    assert status == 1
    # Each contract's name has a line of dashes below it.
    told = told.partition("Broken contracts\n")[2]
    _, *parts = re.split(r"^(.+)\n-+\n", told, flags=re.MULTILINE)
    reasons = dict(zip(parts[::2], parts[1::2], strict=True))[contract]
    module = package.replace("/", ".")
    target = code.rpartition("import ")[2] if "import " in code else ""
    assert (f"{module}.breach_{number} -> {target} (l." if target else f"- {module}\n") in reasons


def test_every_contract_has_a_breach() -> None:
    assert {item["name"] for item in CONTRACTS} == {contract for contract, _, _ in BREACHES}
