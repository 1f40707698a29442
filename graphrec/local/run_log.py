"""What a person following a run wants from Airflow's log: progress, the report, what failed."""

import ast
import re
from collections import deque
from datetime import UTC, datetime

LINE = re.compile(
    r"step (?P<what>started|ended): (?P<title>[\w-]+(?: \[.*?\])?)"
    r"(?: exit=(?P<code>-?\d+) seconds=(?P<seconds>[\d.]+))?(?=\s|$)"
)
"""The lines that StepOperator writes."""
REPORT = re.compile(r'\{"report": "([^"]+)"\}')
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
TASK = re.compile(r" map_index=-?\d+ run_id=\S+ task_id=(?:[\w-]+\.)?(?P<name>[\w-]+)")
"""Whose line it is: tasks run side by side, so their lines are mixed."""
CHILD_LINE = re.compile(
    r"\S+ \S+ \[\w+\s*\] (?P<text>.*?)\s+\[airflow\.task\.operators\.[\w.]+\] dag_id="
)
"""A line of the step's own log, as StepOperator passes it on."""
CHILD_RECORD = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ (?P<level>[A-Z]+)\s+\S+: (?P<message>.*)")
TASK_ERROR = re.compile(r" error_detail=(?P<errors>\[\{.*\}\]) loc=")
"""What Airflow says of a task that failed: the exceptions as a literal, the outermost first."""
SUMMARY = "day-ended"
"""The last task, which fails because another one did."""
MAX_LINES, MAX_TAIL = 12, 8
"""A longer message (a traceback) is shown by its first line and its last ones."""


class RunLog:
    """Reads the log of one ``airflow dags test --use-executor`` line by line.

    Attributes:
        report: Where the report is; empty before ``write-report`` ended.
        codes: Step, with its regions -> exit code of its last try.
    """

    def __init__(self) -> None:
        self.report = ""
        self.codes: dict[str, int] = {}
        self._messages: dict[str, list[str]] = {}
        self._running: dict[str, str] = {}
        self._open: dict[str, list[str] | None] = {}
        self._last: deque[str] = deque(maxlen=MAX_TAIL)

    def read(self, line: str) -> str:
        """Takes in one line; returns what to show of it, if a step began or ended, or nothing."""
        line = COLOURS.sub("", line.rstrip("\n"))
        self.report = report_in(line) or self.report
        self._last.append(line)
        if task := TASK.search(line):
            self._note(task[0], task["name"], line)
        return progress_in(line)

    def failures(self) -> list[str]:
        """Says of each failed step, and each failed task that is none, what its last error was."""
        failed = {title: code for title, code in self.codes.items() if code != 0}
        lines = [
            f"{title}: exit code {code}\n{self._message(title)}" for title, code in failed.items()
        ]
        others = (title for title in self._messages if title not in {*self.codes, SUMMARY})
        return [*lines, *(f"{title}:\n{self._message(title)}" for title in others)]

    def end(self) -> str:
        """Returns the last lines: what there is to show where no task told what failed."""
        return "\n".join(f"  {line}" for line in self._last)

    def _note(self, task: str, name: str, line: str) -> None:
        if found := LINE.search(line):
            self._turn(task, found)
        elif error := TASK_ERROR.search(line):
            title = self._running.get(task, name)
            if title not in self._messages and not self._has_failed(name):
                self._messages[title] = error_in(error["errors"]).splitlines()
        elif task in self._running:
            self._listen(task, line)

    def _turn(self, task: str, found: re.Match[str]) -> None:
        title = found["title"]
        self._open.pop(task, None)
        if found["what"] == "started":
            self._running[task] = title
            self._messages.pop(title, None)  # of an earlier try
        else:
            self._running.pop(task, None)
            self.codes[title] = int(found["code"])

    def _listen(self, task: str, line: str) -> None:
        """Notes the last error of a running step, whose lines come one by one."""
        text = found["text"] if (found := CHILD_LINE.match(line)) else line
        record, message = CHILD_RECORD.match(text), self._open.get(task)
        if record is None:
            if message is not None:
                message.append(text)
        elif record["level"] in ("ERROR", "CRITICAL"):
            self._open[task] = self._messages[self._running[task]] = [record["message"]]
        else:
            self._open[task] = None

    def _has_failed(self, task: str) -> bool:
        """Tells whether a step of that task failed by itself: its own message says more."""
        return any(code != 0 and title.split()[0] == task for title, code in self.codes.items())

    def _message(self, title: str) -> str:
        lines = self._messages.get(title, ["no error message: see the log"])
        if len(lines) > MAX_LINES:
            lines = [lines[0], "  ...", *lines[-MAX_TAIL:]]
        return "\n".join(f"  {line}" for line in lines)


def error_in(errors: str) -> str:
    """Returns the message of the outermost of the exceptions that Airflow wrote as a literal.

    All of it where it is none any more: a secret in it was blotted out.
    """
    try:
        return str(ast.literal_eval(errors)[0]["exc_value"])
    except (ValueError, SyntaxError):
        return errors


def progress_in(line: str) -> str:
    """Returns one short line about a step that began or ended; empty for any other line."""
    found = LINE.search(COLOURS.sub("", line))
    if found is None:
        return ""
    end = "..."
    if found["code"] is not None:
        how = "done" if found["code"] == "0" else f"exit code {found['code']}"
        end = f"{how} in {found['seconds']} s"
    return f"{datetime.now(UTC):%H:%M:%S}  {found['title']} {end}"


def report_in(line: str) -> str:
    """Returns the report's place if the line is the result of ``write-report``."""
    found = REPORT.search(line)
    return found[1] if found else ""
