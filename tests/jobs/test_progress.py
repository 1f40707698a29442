"""How far a day is: a bar on a terminal, lines elsewhere, and what the log may say meanwhile."""

import io
import logging
from collections.abc import Iterator

import pytest
from rich.console import Console

from graphrec.jobs.progress import Lines, shown_progress

LOG = logging.getLogger("graphrec")


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    root, loggers = logging.getLogger(), [LOG, logging.getLogger("graphrec_core")]
    handlers, levels = root.handlers[:], [one.level for one in (root, *loggers)]
    yield
    root.handlers[:] = handlers
    for one, level in zip((root, *loggers), levels, strict=True):
        one.setLevel(level)


def told(*, is_terminal: bool) -> tuple[str, int]:
    """What two tasks, of which one ends, leave on a console; and the log's level meanwhile."""
    out = io.StringIO()
    LOG.setLevel(logging.INFO)
    with shown_progress(Console(file=out, force_terminal=is_terminal, width=80)) as progress:
        progress.plan(2)
        progress.begin("train-model [ash]")
        progress.end("train-model [ash]", "done in 1.0 s")
        progress.begin("build-shard [ash]")
        level = LOG.level
    return out.getvalue(), level


def test_a_terminal_shows_a_bar_and_the_log_keeps_to_warnings() -> None:
    text, level = told(is_terminal=True)
    assert "train-model [ash] done in 1.0 s" in text
    assert "train-model [ash] ..." not in text
    assert "build-shard [ash]" in text
    assert "1/2" in text
    assert level == logging.WARNING
    assert LOG.level == logging.INFO


def test_elsewhere_there_is_a_line_when_a_task_begins_and_one_when_it_ended() -> None:
    text, level = told(is_terminal=False)
    lines = [line.split("  ", 1)[1] for line in text.splitlines()]
    assert lines == [
        "train-model [ash] ...", "train-model [ash] done in 1.0 s", "build-shard [ash] ...",
    ]  # fmt: skip
    assert level == logging.INFO


def test_a_task_is_one_line_whatever_its_region_is_called() -> None:
    out = io.StringIO()
    Lines(Console(file=out)).end("train-model [Zü\nrich\x1b[2J]", "done in 0.1 s")
    assert out.getvalue()[8:] == "  train-model [Zü\\nrich\\x1b[2J] done in 0.1 s\n"


def test_the_log_says_all_again_after_an_interrupt() -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        shown_progress(Console(file=io.StringIO(), force_terminal=True)),
    ):
        raise KeyboardInterrupt
    assert LOG.level == logging.INFO
