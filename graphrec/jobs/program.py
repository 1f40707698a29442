"""Runs the command line as a program: exit codes, and messages without a trace or a secret."""

import logging
import sys

import typer

from graphrec.jobs.threads import set_threads
from graphrec_core import log
from graphrec_core.errors import GraphrecError
from graphrec_core.lake.meter import process_meter
from graphrec_core.redaction import redact

logger = logging.getLogger("graphrec.jobs.cli")
FAULT, USAGE = 1, 2
UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""What typer raises for wrong arguments; it does not export the class itself."""
EXTRA = "unexpected extra argument"


def run(app: typer.Typer) -> None:
    """Runs a command line and ends the process with the design's exit codes."""
    log.configure()
    set_threads()
    process_meter()
    try:
        code = app(standalone_mode=False)
    except UsageError as error:
        sys.stderr.write(_usage(error))
        sys.exit(USAGE)
    except Exception as error:
        sys.exit(exit_code_of(error))
    sys.exit(code or 0)


def exit_code_of(error: Exception) -> int:
    """Logs what ended a step, and returns the exit code that it means."""
    if isinstance(error, GraphrecError):
        logger.error("%s: %s", type(error).__name__, error)
        return error.exit_code
    logger.error("a fault that graphrec did not expect; a retry may help", exc_info=error)
    return FAULT


def _usage(error: Exception) -> str:
    """Says what is wrong with the arguments, without the text that the shell cut off."""
    text = redact(error.format_message())  # type: ignore[attr-defined]
    if EXTRA in text:
        text = f"Got an {EXTRA}: quote values that hold spaces."
    context = error.ctx  # type: ignore[attr-defined]
    return f"{context.get_usage() if context else ''}\nError: {text}\n" if text else ""
