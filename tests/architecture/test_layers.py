"""The import contracts can fail: each breach of a copy of the layout is reported by name.

That they hold for the real tree is checked by ``make lint``.
"""

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


def broken_contracts(root: Path) -> tuple[int, set[str]]:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=root,
        env=child_environment(PYTHONPATH=str(root), NO_COLOR="1"),
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    return done.returncode, {
        line.removesuffix(" BROKEN") for line in lines if line.endswith(" BROKEN")
    }


def test_the_bare_layout_keeps_every_contract(tmp_path: Path) -> None:
    copy_layout(tmp_path)
    assert broken_contracts(tmp_path) == (0, set())


@pytest.mark.parametrize(("contract", "package", "code"), BREACHES)
def test_a_breach_is_reported(tmp_path: Path, contract: str, package: str, code: str) -> None:
    copy_layout(tmp_path)
    (tmp_path / package).mkdir(exist_ok=True)
    (tmp_path / package / "__init__.py").write_text(f"{code}\n")
    status, broken = broken_contracts(tmp_path)
    assert status == 1
    assert contract in broken


def test_every_contract_has_a_breach() -> None:
    assert {item["name"] for item in CONTRACTS} == {contract for contract, _, _ in BREACHES}
