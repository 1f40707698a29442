"""Logging set-up: one line a record, to standard error, so that standard output stays data."""

import logging
import sys

from typing_extensions import override

from graphrec_core.one_line import in_one_line
from graphrec_core.redaction import redact

OWN = ("graphrec_core", "graphrec")
FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class RedactingFormatter(logging.Formatter):
    """Writes a record, traces included, without the secrets in it.

    Lines after a record's first are indented, so that no text of a source looks like a record.
    """

    @override
    def format(self, record: logging.LogRecord) -> str:
        first, *others = map(in_one_line, redact(super().format(record)).split("\n"))
        return "\n".join([first, *(f"  {line.removeprefix('  ')}" for line in others)])


def configure(level: int = logging.INFO) -> None:
    """Sends graphrec's log records to standard error at ``level``; other libraries warn only."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(FORMAT))
    handler.addFilter(_is_own_or_warns)  # some libraries set a level of their own
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OWN:
        logging.getLogger(name).setLevel(level)


def _is_own_or_warns(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] in OWN
