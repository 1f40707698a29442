"""Runs the command line in this process, as its program does: exit code and both streams."""

import contextlib
import io
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest.mock import patch

import typer
import yaml

from graphrec.jobs import cli
from graphrec_core.config import PipelineConfig

command_of = cache(typer.main.get_command)
"""What typer makes of all functions and options, which takes longer than most commands."""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def write_yaml(path: Path, config: PipelineConfig) -> Path:
    """Writes a pipeline as a user would: what was said of it."""
    data = config.model_dump(mode="json", exclude_unset=True)
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


def run_main(*arguments: str) -> Done:
    """Runs ``graphrec`` with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["graphrec", *arguments]),
        patch.object(typer.main, "get_command", command_of),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        _own_logging(),
    ):
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return Done(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _own_logging() -> Iterator[None]:
    root = logging.getLogger()
    names = ("", "graphrec_core", "graphrec")
    handlers, levels = root.handlers[:], [logging.getLogger(name).level for name in names]
    root.handlers = []
    try:
        yield
    finally:
        root.handlers = handlers
        for name, level in zip(names, levels, strict=True):
            logging.getLogger(name).setLevel(level)
