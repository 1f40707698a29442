"""What a person following a run wants from Airflow's log: progress, the report, what failed."""

import re
from datetime import UTC, datetime

LINE = re.compile(
    r"step (?P<what>started|ended): (?P<title>[\w-]+(?: \[.*?\])?)"
    r"(?: exit=(?P<code>-?\d+) seconds=(?P<seconds>[\d.]+))?(?=\s|$)"
)
"""The lines that StepOperator writes."""
REPORT = re.compile(r'\{"report": "([^"]+)"\}')
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
AIRFLOW_RECORD = re.compile(r"\d{4}-\d\d-\d\dT\S+ \[")
CHILD_LINE = re.compile(
    r"\S+ \[\w+\s*\] (?P<text>.*?)\s+\[airflow\.task\.operators\.[\w.]+\] loc="
)
"""A line of the step's own log, as StepOperator passes it on."""
CHILD_RECORD = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ (?P<level>[A-Z]+)\s+\S+: (?P<message>.*)")
TASK = re.compile(r"\[DAG TEST\] starting task_id=(?:[\w-]+\.)?(?P<task>[\w-]+)")
TASK_ERROR = re.compile(r"airflow\.[\w.]+: (?P<message>.*)")
SUMMARY = "day-ended"
"""The last task, which fails because another one did."""
MAX_LINES, MAX_TAIL = 12, 8
"""A longer message (a traceback) is shown by its first line and its last ones."""


class RunLog:
    """Reads the log of one ``airflow dags test`` line by line.

    Attributes:
        report: Where the report is; empty before ``write-report`` ended.
        codes: Step, with its regions -> exit code of its last try.
    """

    def __init__(self) -> None:
        self.report = ""
        self.codes: dict[str, int] = {}
        self._messages: dict[str, list[str]] = {}
        self._step = self._task = ""
        self._open: list[str] | None = None

    def read(self, line: str) -> str:
        """Takes in one line; returns what to show of it, if a step began or ended, or nothing."""
        line = COLOURS.sub("", line.rstrip("\n"))
        self.report = report_in(line) or self.report
        if found := LINE.search(line):
            self._turn(found)
        elif self._step:
            self._listen(line)
        else:
            self._watch(line)
        return progress_in(line)

    def failures(self) -> list[str]:
        """Says of each failed step, and each failed task that is none, what its last error was."""
        failed = {title: code for title, code in self.codes.items() if code != 0}
        lines = [
            f"{title}: exit code {code}\n{self._message(title)}" for title, code in failed.items()
        ]
        others = (title for title in self._messages if title not in {*self.codes, SUMMARY})
        return [*lines, *(f"{title}:\n{self._message(title)}" for title in others)]

    def _turn(self, found: re.Match[str]) -> None:
        title, self._open = found["title"], None
        if found["what"] == "started":
            self._step = title
            self._messages.pop(title, None)  # of an earlier try
        else:
            self._step, self.codes[title] = "", int(found["code"])

    def _listen(self, line: str) -> None:
        """Notes the last error of the running step, whose lines come one by one."""
        text = found["text"] if (found := CHILD_LINE.match(line)) else line
        record = CHILD_RECORD.match(text)
        if record is None:
            if self._open is not None:
                self._open.append(text)
        elif record["level"] in ("ERROR", "CRITICAL"):
            self._open = self._messages[self._step] = [record["message"]]
        else:
            self._open = None

    def _watch(self, line: str) -> None:
        """Notes the error of a task that is no step, which ends the traceback of Airflow."""
        if found := TASK.search(line):
            self._task = found["task"]
        elif AIRFLOW_RECORD.match(line):
            self._open = None
        elif (error := TASK_ERROR.match(line)) and not self._has_failed(self._task):
            self._open = self._messages[self._task] = [error["message"]]
        elif self._open is not None:
            self._open.append(line)

    def _has_failed(self, task: str) -> bool:
        """Tells whether a step of that task failed by itself: its own message says more."""
        return any(code != 0 and title.split()[0] == task for title, code in self.codes.items())

    def _message(self, title: str) -> str:
        lines = self._messages.get(title, ["no error message: see the log"])
        if len(lines) > MAX_LINES:
            lines = [lines[0], "  ...", *lines[-MAX_TAIL:]]
        return "\n".join(f"  {line}" for line in lines)


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
