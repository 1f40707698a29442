"""The log: its own records, and of other libraries no more than their warnings."""

import logging
import subprocess
import sys

from graphrec_core import log

CODE = """
import logging
from graphrec_core import log

log.configure({level})
library = logging.getLogger("great_expectations.deep.below")
library.setLevel(logging.INFO)  # as great-expectations does when it is imported
library.info("library info")
library.warning("library warning")
logging.getLogger("graphrec_core.some.module").info("own info")
logging.getLogger("graphrec.jobs.cli").warning("own warning")
"""


NAME = "east\n2026-01-01 00:00:00,000 ERROR   graphrec: not a record\x1b[2J"


def said(level: str) -> list[str]:
    """Lets a new process log, and returns what it said, without time and level."""
    code = CODE.format(level=level)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return [line.rpartition(": ")[2] for line in done.stderr.splitlines()]


def test_other_libraries_warn_only_whatever_level_they_set_themselves() -> None:
    assert said("") == ["library warning", "own info", "own warning"]


def test_a_higher_level_holds_for_all() -> None:
    assert said("logging.WARNING") == ["library warning", "own warning"]


def test_no_name_looks_like_a_record_or_steers_a_terminal() -> None:
    record = logging.LogRecord("graphrec", logging.ERROR, "", 0, "region %s", (NAME,), None)
    first, second = log.RedactingFormatter(log.FORMAT).format(record).split("\n")
    assert first.endswith("ERROR   graphrec: region east")
    assert second == r"  2026-01-01 00:00:00,000 ERROR   graphrec: not a record\x1b[2J"
