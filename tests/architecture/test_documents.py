"""What the documents name is there: a promise whose test is gone is kept by nothing."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
NAMED = re.compile(
    r"`((?:tests|bench|configs|dags|jobs|local|sql|graphrec|graphrec_core)/[\w./*-]*)`"
)
LINKED = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def found(name: str) -> bool:
    return any(REPOSITORY.glob(name.rstrip("/")))


def missing(text: str, folder: Path) -> list[str]:
    """Returns the paths that a document names, or links to, and that are not there."""
    named = [name for name in NAMED.findall(text) if not found(name)]
    linked = [name for name in LINKED.findall(text) if not (folder / name).exists()]
    return named + linked


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_names_what_is_there(path: Path) -> None:
    assert missing(path.read_text(), path.parent) == []


def test_a_name_without_its_file_is_found() -> None:
    text = "`tests/no/test_such.py` and [this](nothing.md), `graphrec_core/sql/audit_*.sql`"
    assert missing(text, REPOSITORY) == ["tests/no/test_such.py", "nothing.md"]
