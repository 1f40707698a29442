"""Finds the queries of ``sql/`` by name."""

from pathlib import Path

SQL_FOLDER = Path(__file__).parents[2] / "sql"


def load_query(name: str) -> str:
    """Returns the text of ``sql/<name>.sql``."""
    return (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
