"""What a person following a run wants from Airflow's log: steps begun and ended, the report."""

import re
from datetime import UTC, datetime

LINE = re.compile(
    r"step (?P<what>started|ended): (?P<title>[\w-]+(?: \[.*?\])?)"
    r"(?: exit=(?P<code>-?\d+) seconds=(?P<seconds>[\d.]+))?(?=\s|$)"
)
"""The lines that StepOperator writes."""
REPORT = re.compile(r'\{"report": "([^"]+)"\}')
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


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
