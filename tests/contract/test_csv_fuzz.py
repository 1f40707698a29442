"""Random CSV: what Python's csv module writes comes back; what it cannot read is refused."""

import csv
import io
import random
from pathlib import Path
from typing import Any

import pytest

from graphrec_core.engine import Engine
from graphrec_core.errors import ConfigError, RefusedError
from tests.support.fuzzing import examples, fuzz
from tests.support.raw_tables import read_csv

SIGNS = [
    '"',
    ",",
    ";",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "'",
    "\\",
    " ",
    "|",
    "::",
    "a",
    "Zoë",
    "東",
    "0",
]
WORDS = ["", "NULL", "a\ufeff", "1e3", "x" * 300]


def random_table(seed: random.Random) -> list[list[str]]:
    width = seed.randint(1, 6)
    cell = lambda: seed.choice(WORDS) or "".join(seed.choices(SIGNS, k=seed.randint(0, 6)))  # noqa: E731
    return [[cell() for _ in range(width)] for _ in range(seed.randint(0, 12))]


def random_file(seed: random.Random) -> tuple[list[list[str]], bytes, dict[str, str]]:
    """A table without a header, and a file of it in some dialect."""
    sep, quote = seed.choice([",", ";", "\t", "|"]), seed.choice(['"', "'"])
    encoding = seed.choice(["utf-8", "utf-8-sig", "utf-16", "utf-32"])
    table, text = random_table(seed), io.StringIO(newline="")
    end, quoting = seed.choice(
        [
            ("\r\n", csv.QUOTE_MINIMAL),  # the writer quotes the characters of its own line breaks
            ("\n", csv.QUOTE_ALL),
            ("\r", csv.QUOTE_ALL),
            ("\n", csv.QUOTE_NONNUMERIC),
        ]
    )
    writer = csv.writer(text, delimiter=sep, quotechar=quote, lineterminator=end, quoting=quoting)
    writer.writerows(table)
    options = {"sep": sep, "quote": quote, "encoding": encoding, "header": "false"}
    return table, text.getvalue().encode(encoding), options


def fuzzed(
    engine: Engine, root: Path, data: bytes, options: dict[str, str]
) -> list[tuple[Any, ...]] | None:
    """The rows of a file; None: it was refused as wrong input."""
    try:
        return read_csv(engine, root, {"t.csv": data}, options=options)[1:]
    except (RefusedError, ConfigError):  # exit 3 and 2
        return None


def check_round_trip(engine: Engine, root: Path, seed: random.Random) -> None:
    table, data, options = random_file(seed)
    found = fuzzed(engine, root, data, options)
    expected = [tuple(cell or None for cell in row) for row in table]
    if not table:
        assert found is None
    else:
        assert found is not None
        assert sorted(found, key=repr) == sorted(expected, key=repr)


def check_damage(engine: Engine, root: Path, seed: random.Random) -> bool:
    """Changes bytes of a file; returns whether it was still read."""
    _, data, options = random_file(seed)
    damaged = bytearray(data)
    for _ in range(seed.randint(1, 4)):
        at = seed.randrange(len(damaged) + 1)
        if seed.random() < 0.5:
            damaged[at:at] = seed.choice([b'"', b"\n", b",", b"\xff", b"\0", b"\xc3", b"'"])
        else:
            del damaged[at : at + seed.randint(1, 3)]
    found = fuzzed(engine, root, bytes(damaged), options)
    if found is not None:
        text = io.TextIOWrapper(io.BytesIO(damaged), options["encoding"], newline="")
        if options["encoding"] == "utf-8" and damaged.startswith(b"\xef\xbb\xbf"):
            text = io.TextIOWrapper(io.BytesIO(damaged), "utf-8-sig", newline="")
        records = csv.reader(
            text, delimiter=options["sep"], quotechar=options["quote"], strict=True
        )
        expected = [tuple(cell or None for cell in record) for record in records if record]
        assert sorted(found, key=repr) == sorted(expected, key=repr)
    return found is not None


@fuzz
@pytest.mark.parametrize("number", range(4))
def test_what_pythons_csv_module_writes_comes_back(
    duckdb: Engine, tmp_path: Path, number: int
) -> None:
    seed = random.Random(number)
    for _ in range(examples(100)):
        check_round_trip(duckdb, tmp_path, seed)


@fuzz
def test_damaged_files_are_read_as_pythons_strict_reader_reads_them_or_refused(
    duckdb: Engine, tmp_path: Path
) -> None:
    seed = random.Random(11)
    outcomes = [check_damage(duckdb, tmp_path, seed) for _ in range(examples(400))]
    assert 0.1 < sum(outcomes) / len(outcomes) < 0.9  # both happen


@fuzz
@pytest.mark.spark
def test_spark_reads_and_refuses_the_same_random_files(spark: Engine, tmp_path: Path) -> None:
    seed = random.Random(12)
    for _ in range(examples(8)):
        check_round_trip(spark, tmp_path, seed)
        check_damage(spark, tmp_path, seed)
