"""How far a day is, on standard error: a bar on a terminal, a line per task elsewhere."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from graphrec_core import log
from graphrec_core.one_line import in_one_line

COLUMNS = (
    TextColumn("{task.description}", markup=False),
    BarColumn(bar_width=30),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)


class Lines:
    """Writes a line when a task begins and one when it ended.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self.console = console

    def plan(self, num_tasks: int) -> None:
        """Takes how many tasks the day has."""

    def begin(self, title: str) -> None:
        """Says what runs now."""
        self.say(f"{title} ...")

    def end(self, title: str, how: str) -> None:
        """Says how a task ended."""
        self.say(f"{title} {how}")

    def say(self, text: str) -> None:
        """Writes a line with the time of day, UTC."""
        line = f"{datetime.now(UTC):%H:%M:%S}  {in_one_line(text)}"
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


class Bar(Lines):
    """Shows a bar below the lines of the tasks that ended.

    Args:
        console: A terminal.
        bar: The bar, which is shown.
    """

    def __init__(self, console: Console, bar: Progress) -> None:
        super().__init__(console)
        self._bar, self._task = bar, bar.add_task("", total=None)

    def plan(self, num_tasks: int) -> None:
        """Takes how many tasks the day has."""
        self._bar.update(self._task, total=num_tasks)

    def begin(self, title: str) -> None:
        """Names what runs now beside the bar."""
        self._bar.update(self._task, description=in_one_line(title))

    def end(self, title: str, how: str) -> None:
        """Says how a task ended, and moves the bar."""
        super().end(title, how)
        self._bar.advance(self._task)


@contextmanager
def shown_progress(console: Console) -> Iterator[Lines]:
    """Shows how far a day is: a bar where the console is a terminal, else lines.

    Above a bar, the log keeps to warnings.
    """
    if not console.is_terminal:
        yield Lines(console)
        return
    try:
        with Progress(*COLUMNS, console=console, transient=True) as bar:
            log.configure(logging.WARNING)  # after rich has redirected standard error
            yield Bar(console, bar)
    finally:
        log.configure()
