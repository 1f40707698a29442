"""Logging set-up: one line a record, to standard error, so that standard output stays data."""

import logging
import sys

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def configure(level: int = logging.INFO) -> None:
    """Sends graphrec's log records to standard error at ``level``; other libraries warn only."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format=FORMAT, force=True)
    for name in ("graphrec_core", "jobs"):
        logging.getLogger(name).setLevel(level)
