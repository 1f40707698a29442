"""What the documents name is there: a promise whose test is gone is kept by nothing."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
NAMED = re.compile(
    r"`((?:tests|bench|configs|dags|jobs|local|sql|graphrec|graphrec_core)/[\w./*-]*)`"
)
RUN = re.compile(r"python -(?:m|c ['\"]import) ([a-z_][\w.]*)")
"""A module that a command names, installed or of this repository."""
LINKED = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def found(name: str) -> bool:
    return any(REPOSITORY.glob(name.rstrip("/")))


def is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # not even its package is there
        return False


def missing(text: str, folder: Path) -> list[str]:
    """Returns the paths and modules that a document names, or links to, and that are not there."""
    named = [name for name in NAMED.findall(text) if not found(name)]
    linked = [name for name in LINKED.findall(text) if not (folder / name).exists()]
    run = [name for name in RUN.findall(text) if not is_module(name)]
    return named + linked + run


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_names_what_is_there(path: Path) -> None:
    assert missing(path.read_text(), path.parent) == []


def test_a_name_without_its_file_is_found() -> None:
    text = "`tests/no/test_such.py` and [this](nothing.md), `graphrec_core/sql/audit_*.sql`"
    assert missing(text, REPOSITORY) == ["tests/no/test_such.py", "nothing.md"]


def test_a_command_whose_module_is_gone_is_found() -> None:
    text = (
        "`python -m bench.gate`, `python -m jobs.cli`, $(python -c 'import docs.gone; print(1)')"
    )
    assert missing(text, REPOSITORY) == ["jobs.cli", "docs.gone"]
