"""The queries of ``sql/``, by name, and how names stand in a query."""

from pathlib import Path

SQL_FOLDER = Path(__file__).parents[1] / "sql"


def load_query(name: str) -> str:
    """Returns the text of ``sql/<name>.sql``."""
    return (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def quoted(name: str) -> str:
    """Writes a column's name so that SQL takes it as it is."""
    return "`" + name.replace("`", "``") + "`"
