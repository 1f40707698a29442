"""What the Makefile promises: pinned builds, and help that says how to give settings."""

import re
import subprocess
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
CONSTRAINTS = REPOSITORY / "constraints.txt"


def make(*arguments: str) -> str:
    """Runs make without letting it do anything but print."""
    done = subprocess.run(
        ["make", "--directory", str(REPOSITORY), "--no-print-directory", *arguments],
        capture_output=True,
        check=True,
        text=True,
        timeout=300,
    )
    return done.stdout


def test_setup_installs_nothing_without_its_hash_but_the_project() -> None:
    recipe = make("--dry-run", "--always-make", "setup")
    assert recipe.count("--require-hashes") == 2  # what pip and what uv install
    assert recipe.count("--build-constraints constraints.txt --require-build-hashes") == 1
    assert "--constraints constraints.txt --editable '.[dev]'" in recipe


def test_every_build_requirement_is_locked() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    needed = {re.split(r"[<>=~! ]", name)[0] for name in project["build-system"]["requires"]}
    # A source distribution without a pyproject.toml (pyspark) is built with setuptools.
    locked = re.findall(r"^([\w.-]+)==", CONSTRAINTS.read_text(), flags=re.M)
    assert needed | {"setuptools"} <= set(locked)


def test_only_what_runs_spark_asks_for_java() -> None:
    install = "apt-get install"
    assert install not in make("--dry-run", "--always-make", "setup")
    assert install not in make("--dry-run", "--always-make", "lint")
    assert install in make("--dry-run", "test")
    demo = make("--dry-run", "demo")
    assert demo.index("--needs-java") < demo.index(install)


def test_help_says_how_to_give_several_settings() -> None:
    text = make("help")
    assert "SET='section.key=value ...'" in text
    assert "separated by spaces" in text
    command = make("--dry-run", "demo", "SET=training.num_epochs=1 gate.min_queries=2")
    assert "--set 'training.num_epochs=1' --set 'gate.min_queries=2'" in command
