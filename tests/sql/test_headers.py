"""Every query says what it is for, what it reads and what it is given, and says it truly."""

import re
from pathlib import Path

import pytest
from sqlglot import exp

from graphrec_core.config.spark_sql import parse
from graphrec_core.engine.queries import SQL_FOLDER

QUERIES = sorted(SQL_FOLDER.glob("*.sql"))
PARTS = ("Purpose", "Grain", "Reads", "Parameters")


def header(text: str) -> dict[str, str]:
    """The parts of a header; a part ends where the next begins or text is no more indented."""
    parts: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        found = re.match(r"-- (Purpose|Grain|Reads|Parameters):\s+(\S.*)", line)
        if found:
            name = found[1]
            parts[name] = found[2]
        elif name and line.startswith("--             "):
            parts[name] += " " + line[2:].strip()
        else:
            name = ""
    return parts


def problems(text: str) -> list[str]:
    """What is missing in a query's header, or named there and not used."""
    parts = header(text)
    if missing := [name for name in PARTS if name not in parts]:
        return [f"no {name}" for name in missing]
    tree = parse(text).query()
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    read = {table.name for table in tree.find_all(exp.Table)} - own
    said = set(re.findall(r"\b[a-z_]+\b", re.sub(r"\([^)]*\)", "", parts["Reads"])))
    given = {placeholder.name for placeholder in tree.find_all(exp.Placeholder)}
    named = set(re.findall(r":([a-z_]+)\b", parts["Parameters"]))
    return [f"table {name}" for name in sorted(read ^ said)] + [
        f"parameter {name}" for name in sorted(given ^ named)
    ]


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_header_names_what_the_query_reads_and_is_given(path: Path) -> None:
    assert problems(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("", ""), []),
        (("-- Grain:      one row per row of a.\n", ""), ["no Grain"]),
        (("a (x, y), b (x)", "a (x, y)"), ["table b"]),
        (("a (x, y), b (x)", "a (x, y), b (x), c (x)"), ["table c"]),
        ((":low  int; lower bound", "none"), ["parameter low"]),
        (("x > :low", "x > 1"), ["parameter low"]),
        (("from d", "from a"), []),
        (("from d", "from e"), ["table e"]),
    ],
)
def test_a_false_header_is_seen(change: tuple[str, str], expected: list[str]) -> None:
    text = """-- Purpose:    an example.
-- Grain:      one row per row of a.
-- Reads:      a (x, y), b (x)
-- Parameters: :low  int; lower bound
-- A word on why.
with d as (select a.x from a join b on a.x = b.x)
select x from d where x > :low
"""
    old, new = change
    changed = text.replace(old, new) if old else text
    assert changed != text or not old
    assert problems(changed) == expected


def test_every_query_has_a_test_of_its_own() -> None:
    folders = Path(__file__).parent, Path(__file__).parents[1] / "quality"
    tests = "".join(path.read_text() for folder in folders for path in folder.glob("test_*.py"))
    for kind in ("nodes", "edges", "features"):  # run by their kind's name
        tests = tests.replace(f"test_the_profile_of_{kind}", f"profile_{kind}")
    assert [path.stem for path in QUERIES if path.stem not in tests] == []
