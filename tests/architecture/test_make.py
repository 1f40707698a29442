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


def pins() -> dict[str, str]:
    lines = (line.partition("#")[0].strip() for line in CONSTRAINTS.read_text().splitlines())
    return dict(line.split("==") for line in lines if line)


def test_isolated_builds_are_pinned_too() -> None:
    recipe = make("--dry-run", "--always-make", "setup")
    exported = re.search(r"export PIP_CONSTRAINT='([^']+)'", recipe)
    assert exported is not None
    assert Path(exported[1]) == CONSTRAINTS
    assert recipe.index("export PIP_CONSTRAINT") < recipe.index("pip install")


def test_every_build_requirement_is_pinned() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    needed = {re.split(r"[<>=~! ]", name)[0] for name in project["build-system"]["requires"]}
    # A source distribution without a pyproject.toml (pyspark) is built with these.
    assert needed | {"setuptools", "wheel"} <= set(pins())


def test_help_says_how_to_give_several_settings() -> None:
    text = make("help")
    assert "SET='section.key=value ...'" in text
    assert "separated by spaces" in text
    command = make("--dry-run", "demo", "SET=training.num_epochs=1 gate.min_queries=2")
    assert "--set 'training.num_epochs=1' --set 'gate.min_queries=2'" in command
