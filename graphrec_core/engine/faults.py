"""The errors that say what to do about somebody's tables and SELECTs, whatever engine found it."""

from collections.abc import Iterable
from typing import NoReturn

from graphrec_core.config.source import TableConfig, repeated_names
from graphrec_core.errors import NotReadyError, SchemaError, UnreadableSourceError

REFUSED = "Cannot convert"
"""How the message of a value that a cast refuses begins."""
NO_DECIMAL = f"{REFUSED} a decimal here: cast it to double."
NO_ARRAY = f"{REFUSED} an array to string: join texts only."
NO_ORDER = f"{REFUSED} arrays to an order: compare values of them."
NO_INT = f"{REFUSED} this to a number of days or months: cast it to int."
NO_INSTANT = f"{REFUSED} a date to a time by itself: cast it to timestamp."
NO_TEXT = f"{REFUSED} a text to a time by itself: use try_to_date or try_to_timestamp."
NO_NUMBER = f"{REFUSED} this to a number: cast it yourself."
NO_DAYS = f"{REFUSED} dates to a difference: use datediff."


def refuse_table(
    name: str, table: TableConfig, root: str, message: str, error: Exception
) -> NoReturn:
    """Raises UnreadableSourceError for a raw table that the engine could not open."""
    place = table.catalog or f"{table.path} (source.root: {root})"
    raise UnreadableSourceError(
        must=f"source.tables.{name} must be readable as {table.file_format or 'a catalog table'}.",
        found=f"{place}: {message}",
        fix="Check the path, source.root and the format of this table; write a column of a type "
        "that cannot be read as text, number or timestamp, or leave it out of the file.",
    ) from error


def refuse_value(where: str, message: str, error: Exception | None = None) -> NoReturn:
    """Raises SchemaError for a SELECT with a value that could not be converted."""
    raise SchemaError(
        must=f"{where} must convert every value.",
        found=message,
        fix="Use try_cast or try_to_timestamp: rows that cannot be converted become null "
        "and go to quarantine.",
    ) from error


def refuse_text(where: str, found: str, error: Exception | None = None) -> NoReturn:
    """Raises SchemaError for a text that an engine would convert to a number or time by itself."""
    raise SchemaError(
        must=f"{where} must convert texts by an explicit cast.",
        found=found,
        fix="Write try_cast(... as double), try_to_timestamp(...) and the like; a constant as "
        "7, date '2026-01-05' or timestamp '2026-01-05 10:00:00'.",
    ) from error


def refuse_line(where: str, found: str, fix: str = "") -> NoReturn:
    """Raises SchemaError for a text file with a line that cannot be read."""
    raise SchemaError(
        must=f"{where} must have files that are CSV in every line.",
        found=found,
        fix=fix
        or "Correct the file; or, if it is written otherwise, the table's `options` (sep, quote, "
        "escape, header, encoding) and `columns`.",
    )


def refuse_file(where: str, message: str, error: Exception) -> NoReturn:
    """Raises UnreadableSourceError for a table with a file that breaks off while it is read."""
    raise UnreadableSourceError(
        must=f"{where} must read tables whose files are whole.",
        found=message,
        fix="Write the file anew: it is damaged, and the SELECT is not to blame.",
    ) from error


def refuse_gone(where: str, path: str, error: Exception) -> NoReturn:
    """Raises NotReadyError for a file that went after it was listed: a retry may help."""
    raise NotReadyError(
        must=f"{where} must read tables that nobody changes meanwhile.",
        found=f"{path} is gone since it was listed",
        fix="Run it again once whoever writes the table has ended.",
    ) from error


def refuse_types(where: str, message: str, error: Exception) -> NoReturn:
    """Raises SchemaError for a table whose files have a column in types that do not agree."""
    raise SchemaError(
        must=f"{where} must read tables whose files have one type for each column.",
        found=message,
        fix="Write the files of the table with the same types; best timestamps of microseconds.",
    ) from error


def refuse_repeated(where: str, names: Iterable[str]) -> None:
    """Raises SchemaError for a SELECT that yields a name twice, whatever the case of its letters.

    Engines keep one of the columns, or rename one, without a word.
    """
    if repeated := repeated_names(names):
        raise SchemaError(
            must=f"{where} must give every column a name of its own; case does not count.",
            found=f"`{repeated}` more than once",
            fix=f"Name the columns one by one in {where}, and rename one: `... as other_name`.",
        )


def refuse_twins(table: str, column: str, error: Exception | None = None) -> NoReturn:
    """Raises SchemaError for a raw table with a column twice, whatever the case of its letters."""
    raise SchemaError(
        must=f"source.tables.{table} must have columns that differ by more than upper and lower "
        "case.",
        found=f"the column `{column.lower()}` more than once",
        fix="Rename a column in the table's files, or leave it out: a SELECT that names one would "
        "get the other.",
    ) from error


def refuse_column(where: str, column: str, found: str, error: Exception | None = None) -> NoReturn:
    """Raises SchemaError for a SELECT that names a column that is not there."""
    raise SchemaError(
        must=f"{where} must find the column {column} in its tables.",
        found=found,
        fix=f"Correct the SELECT in {where}, or add the column to the source table.",
    ) from error


def refuse_select(where: str, message: str, error: Exception) -> NoReturn:
    """Raises SchemaError for a text that is not a SELECT over the source's tables."""
    raise SchemaError(
        must=f"{where} must be a valid SELECT over source.tables.",
        found=message,
        fix=f"Correct the SELECT in {where}.",
    ) from error


def first_line(text: str) -> str:
    """Returns the first line of an engine's message, without plan and stack."""
    lines = text.strip().splitlines()
    return lines[0][:300] if lines else "no message"
