"""Random SELECTs: each is refused as wrong input, or reads its tables and nothing else."""

import random
import re
from pathlib import Path

import pytest

from graphrec_core.engine import Engine
from graphrec_core.errors import ConfigError, SchemaError
from graphrec_core.selects.functions import ALLOWED, REFUSED
from tests.engine.test_lock import write_tables
from tests.support.fuzzing import examples, fuzz
from tests.support.selects import SELECTS

SECRET = "secret-of-a-file"
FORBIDDEN = [
    "(select content from read_text('{folder}/secret.txt'))",
    "(select max(a) from '{folder}/secret.txt')",
    "(select max(a) from read_csv('{folder}/secret.txt', header = false))",
    "(select max(a) from csv.`{folder}/secret.txt`)",
    "getenv('HOME')",
    "current_setting('memory_limit')",
    "now()",
    "current_timestamp",
    "uuid()",
    "rand()",
    "reflect('java.lang.System', 'lineSeparator')",
    "(select 1 from duckdb_settings())",
    "(select sql from sqlite_master)",
    "${spark.app.name}",
    ":name",
    "?",
    "$1",
    "@name",
]
ENDINGS = [
    "; copy (select 1) to '{folder}/out.csv'",
    "; attach '{folder}/out.db'",
    "; export database '{folder}/out'",
    " into outfile '{folder}/out.csv'",
    " union all select content from read_text('{folder}/secret.txt')",
    " union all from '{folder}/secret.txt'",
    "; install httpfs",
    "; set threads = 1;",
    "\x00; select 1",
    " -- \\\n union select now()",
    " /* /* */ union select now() */",
]
SCRAPS = [
    *("select", "from", "where", "with", "union", "lateral view", "join", "on", "as", "over", "("),
    *(")", ",", ";", "'", '"', "`", "--", "/*", "*/", "\\", "::", "->", ".", "*", "null", "users"),
    *("visits", "user", "age", "n", "'x'", "1", "1e400", "9999999999999999999", "-", "{folder}"),
    *(
        "\u00a0",
        "\u2003",
        "\u0660",
        "\uff07",
        "\u200b",
        "é",
        "\ud7ff",
        "values",
        "interval",
        "not",
    ),
]
CALLS = [f"{name}(" for name in (*ALLOWED, *REFUSED)]
ARGUMENTS = ["user", "age", "n", "1", "'a'", "null", "since"]
PIECE = re.compile(r"\w+|\s+|.", re.DOTALL)


def mutated(seed: random.Random) -> str:
    """A SELECT with some pieces taken out, doubled, exchanged or put in."""
    pieces = PIECE.findall(seed.choice(SELECTS))
    for _ in range(seed.choice([0, 1, 1, 2, 3, 8])):
        place = seed.randrange(len(pieces) + 1)
        kind = seed.randrange(6)
        if kind == 0:
            del pieces[place : place + seed.randint(1, 3)]
        elif kind == 1:
            pieces[place:place] = pieces[place : place + seed.randint(1, 5)]
        elif kind == 2:
            pieces[place : place + 1] = [f" {seed.choice(SCRAPS)} "]
        elif kind == 3:
            pieces[place:place] = PIECE.findall(seed.choice(SELECTS))
        elif kind == 4:
            arguments = ", ".join(seed.choices(ARGUMENTS, k=seed.randint(0, 3)))
            pieces[place : place + 1] = [f" {seed.choice(CALLS)}{arguments}) "]
        else:
            pieces[place : place + 1] = [f" {seed.choice(FORBIDDEN)} "]
    ending = seed.choice(ENDINGS) if seed.random() < 0.2 else ""
    return "".join(pieces) + ending


def outcome(engine: Engine, text: str) -> str:
    """The rows of a SELECT as text, or the name of the refusal; other errors are passed on."""
    try:
        return str(engine.collect("here", engine.select("here", text)).to_pydict())
    except (ConfigError, SchemaError) as error:  # exit 2 and 3
        return type(error).__name__


def check(engine: Engine, folder: Path, seed: random.Random) -> str:
    text = mutated(seed).replace("{folder}", str(folder))
    found = outcome(engine, text)
    assert SECRET not in found, text
    return found


def prepared(engine: Engine, folder: Path) -> list[Path]:
    """Registers the tables next to a secret, and lists all files."""
    engine.register_tables(write_tables(folder / "in"), str(folder / "in"))
    (folder / "secret.txt").write_text(f"{SECRET}\n")
    return sorted(folder.rglob("*"))


def check_many(engine: Engine, folder: Path, num: int) -> None:
    before, seed = prepared(engine, folder), random.Random(7)
    outcomes = [check(engine, folder, seed) for _ in range(num)]
    kinds = {found if found.endswith("Error") else "rows" for found in outcomes}
    assert kinds == {"ConfigError", "SchemaError", "rows"}
    assert sorted(folder.rglob("*")) == before


@fuzz
def test_a_random_select_is_refused_or_reads_its_tables(duckdb: Engine, tmp_path: Path) -> None:
    check_many(duckdb, tmp_path, examples(500))


@fuzz
@pytest.mark.spark
def test_spark_refuses_a_random_select_or_reads_its_tables(spark: Engine, tmp_path: Path) -> None:
    check_many(spark, tmp_path, examples(40))
