"""Puts the demo's real output into the README, between its markers.

    python -m docs.make.samples --lake lake

The day must be in the lake: run ``make demo`` before. The text is what ``graphrec status --as-of``
and ``graphrec query`` print, which is how the demo ends.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from graphrec_core.config import child_environment

README = Path(__file__).parents[2] / "README.md"
TOWN = ("--config", "configs/town.yaml")
AS_OF = "2026-01-01"
MARKED = re.compile(r"(<!-- demo:[^\n]*-->\n).*?(<!-- /demo -->)", re.DOTALL)
WIDTH = 96
"""Columns of the README's tables: they end before the column of the live shard."""


def graphrec(*arguments: str) -> list[str]:
    """Returns the lines that a command prints, as they look in a terminal of full width."""
    command = (sys.executable, "-m", "graphrec.jobs.cli", *arguments)
    done = subprocess.run(
        command,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=child_environment(COLUMNS="160"),
    )
    return done.stdout.splitlines()


def sample(status: list[str], query: list[str]) -> str:
    """Returns the README's block: the day's summary, its table of regions, and one answer.

    Args:
        status: Lines of ``graphrec status --as-of``.
        query: Lines of ``graphrec query``.
    """
    end = next(number for number, line in enumerate(status) if line.startswith("Seconds / peak"))
    lines = [line[:WIDTH].removeprefix(" ").rstrip() for line in status[:end]]
    shown = [line for line in lines if line]
    return "\n".join(["```text", *shown, "", *(line.rstrip() for line in query), "```", ""])


def put(text: str, block: str) -> str:
    """Returns a document with a block between its markers."""
    if not MARKED.search(text):
        raise SystemExit("README.md has lost its markers <!-- demo: … --> and <!-- /demo -->")
    return MARKED.sub(lambda found: found[1] + block + found[2], text)


def day_sample(lake: Path | str) -> str:
    """Returns the README's block of the demo's day in a lake."""
    status = graphrec("status", *TOWN, "--lake", str(lake), "--as-of", AS_OF)
    return sample(status, graphrec("query", "ash-u0", *TOWN, "--lake", str(lake), "--k", "5"))


def main() -> None:
    """Writes the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", required=True, help="the lake that the demo wrote")
    block = day_sample(parser.parse_args().lake)
    README.write_text(put(README.read_text(), block))


if __name__ == "__main__":
    main()
