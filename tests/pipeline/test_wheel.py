"""The wheel, built and installed apart from the checkout: all files, two names, a day's work."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from graphrec_core.config import child_environment
from tests.pipeline.steps import DAY, NUM_USERS, REPOSITORY, SMALL_TOWN

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "configs", "graphrec", "graphrec_core")
PACKAGES = ("graphrec", "graphrec_core")
SETTINGS = ["--config", "configs/town.yaml", "--set", "snapshot.engine=duckdb", *SMALL_TOWN]
K = 3
DAG_IDS = """
from airflow.dag_processing.dagbag import DagBag

bag = DagBag(dag_folder={folder!r})
print(sorted(bag.dag_ids), bag.import_errors)
"""


def lean(**extra: str) -> dict[str, str]:
    """An environment in which nothing leads to a checkout."""
    found = child_environment(**extra)
    found.pop("PYTHONPATH", None)
    return found


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel, and an empty folder to work in."""

    wheel: Path
    bin: Path
    folder: Path

    def run(self, *command: str) -> str:
        """Runs a program of the environment, which sees nothing of the checkout."""
        done = subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            cwd=self.folder,
            env=lean(COLUMNS="200", AIRFLOW_HOME=str(self.folder / "airflow")),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr[-3000:]
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an environment that has this one's libraries, and not the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    wheel = build_wheel(folder)
    venv.create(folder / "venv", with_pip=False)
    [packages] = (folder / "venv" / "lib").glob("python*/site-packages")
    # Python reads no .pth in a folder that a .pth names, so the editable checkout stays unseen.
    packages.joinpath("libraries.pth").write_text(sysconfig.get_path("purelib"))
    python = str(folder / "venv" / "bin" / "python")
    pip("--python", python, "install", "--no-deps", "--no-index", str(wheel))
    work = folder / "work"
    work.mkdir()
    return Installed(wheel, folder / "venv" / "bin", work)


def build_wheel(folder: Path) -> Path:
    """Builds a copy of the sources, since a build leaves its marks where it runs."""
    copy = folder / "sources"
    copy.mkdir()
    for name in SOURCES:
        if (REPOSITORY / name).is_file():
            shutil.copy(REPOSITORY / name, copy)
        else:
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(REPOSITORY / name, copy / name, symlinks=True, ignore=ignore)
    pip("wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", str(folder), str(copy))
    [wheel] = folder.glob("*.whl")
    return wheel


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, *arguments], env=lean(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def files_of_packages() -> set[str]:
    """Every file of the packages in the checkout, those of linked folders too."""
    return {
        str(Path(folder, name).relative_to(REPOSITORY))
        for package in PACKAGES
        for folder, _, names in os.walk(REPOSITORY / package, followlinks=True)
        for name in names
        if "__pycache__" not in folder
    }


def differences(wheel: list[str], files: set[str]) -> set[str]:
    """What only one side has; the wheel's record of itself aside."""
    return {name for name in wheel if ".dist-info/" not in name} ^ files


@pytest.mark.pipeline
def test_the_wheel_holds_every_file_of_the_packages_and_no_other(installed: Installed) -> None:
    files = files_of_packages()
    names = zipfile.ZipFile(installed.wheel).namelist()
    assert differences(names, files) == set()
    suffixes = {Path(name).suffix for name in files}
    assert suffixes >= {".py", ".sql", ".json", ".j2", ".yaml"}
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    left_out = [name for name in names if not name.endswith("town.yaml")]
    assert differences(left_out, files) == {"graphrec/configs/town.yaml"}
    assert differences([*names, "jobs/cli.py"], files) == {"jobs/cli.py"}


@pytest.mark.pipeline
def test_an_installed_wheel_makes_a_day(installed: Installed) -> None:
    place = installed.run("python", "-c", "import graphrec; print(graphrec.__file__)")
    assert Path(place).is_relative_to(installed.bin.parent)
    told = installed.run("graphrec", "init")
    installed.run("graphrec", "run-day", "--as-of", DAY, *SETTINGS)
    assert list(installed.folder.glob("lake/town/reports/*/index.html"))
    installed.run("graphrec", "recommend", *SETTINGS, "--k", str(K), "--output", "top.parquet")
    top = pd.read_parquet(installed.folder / "top.parquet")
    assert len(top) == NUM_USERS * K
    assert set(top["query_id"]) == {f"ash-u{number}" for number in range(NUM_USERS)}
    assert top["candidate_id"].str.startswith("ash-p").all()

    folder = told.rpartition("AIRFLOW__CORE__DAGS_FOLDER=")[2].strip()
    assert Path(folder).is_relative_to(installed.bin.parent)
    found = installed.run("python", "-c", DAG_IDS.format(folder=folder))
    assert found.splitlines()[-1] == "['town'] {}"
