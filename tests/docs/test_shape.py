"""Documents stay short and narrow enough to be read; tables, links and samples may be wide."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
MAX_LINES = 120
MAX_WIDTH = 100
DOCUMENTS = sorted(
    str(path.relative_to(REPOSITORY))
    for path in [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")]
)


def too_wide(text: str) -> list[str]:
    """Lines of prose over the width; a row of a table, a link or a sample cannot be broken."""
    prose = (line for line in text.splitlines() if not line.startswith(("|", "    ")))
    return [line for line in prose if len(line) > MAX_WIDTH and "](" not in line]


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md"])
def test_the_first_pages_are_short(name: str) -> None:
    assert len((REPOSITORY / name).read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("name", DOCUMENTS)
def test_lines_are_wrapped(name: str) -> None:
    assert not too_wide((REPOSITORY / name).read_text(encoding="utf-8"))


def test_the_width_is_looked_at() -> None:
    wide = "x" * (MAX_WIDTH + 1)
    assert too_wide(f"{wide}\n| {wide} |\n[{wide}](there)\n    {wide}\nnarrow") == [wide]
