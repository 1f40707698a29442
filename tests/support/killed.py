"""Runs the command line and kills its own process, by SIGKILL, at a named point.

    python -m tests.support.killed POINT publish-release --config …

A point is ``call:MODULE:FUNCTION`` or ``return:MODULE:FUNCTION``, of the first such call;
``rename:NAME``: just before a file is renamed to NAME, when its temporary file is complete; or
``log:WORD``: when something is logged whose text begins with that word.
"""

import importlib
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any


def kill_at(point: str) -> None:
    kind, _, where = point.partition(":")
    if kind == "rename":
        sys.addaudithook(lambda event, args: _kill_if_renamed(where, event, args))
        return
    if kind == "log":
        make = logging.getLogRecordFactory()
        logging.setLogRecordFactory(
            lambda *args, **named: _kill_if_said(where, make(*args, **named))
        )
        return
    module, _, function = where.partition(":")

    def watch(frame: FrameType, event: str, _: Any) -> None:
        is_it = event == kind and frame.f_code.co_qualname == function
        if is_it and frame.f_globals.get("__name__") == module:
            os.kill(os.getpid(), signal.SIGKILL)

    importlib.import_module("graphrec_core.publishing.publish")
    importlib.import_module(module)  # what is loaded already is not watched while it loads
    sys.setprofile(watch)


def _kill_if_renamed(name: str, event: str, args: tuple[Any, ...]) -> None:
    if event == "os.rename" and Path(os.fsdecode(args[1])).name == name:
        os.kill(os.getpid(), signal.SIGKILL)


def _kill_if_said(word: str, record: logging.LogRecord) -> logging.LogRecord:
    if record.getMessage().startswith(word):
        os.kill(os.getpid(), signal.SIGKILL)
    return record


if __name__ == "__main__":
    from graphrec.jobs.cli import main

    kill_at(sys.argv[1])
    sys.argv = ["graphrec", *sys.argv[2:]]
    main()
