"""Turns Spark's errors about somebody's tables and SELECTs into errors that say what to do."""

from typing import NoReturn

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException, ParseException, PySparkException

from graphrec_core.config.source import TableConfig
from graphrec_core.errors import SchemaError, UnreadableSourceError

MISSING_COLUMN = "UNRESOLVED_COLUMN"
CONVERSIONS = ("CAST_INVALID_INPUT", "CANNOT_PARSE_TIMESTAMP", "CAST_OVERFLOW")


def refuse_table(
    name: str, table: TableConfig, root: str, error: PySparkException | Py4JJavaError
) -> NoReturn:
    """Raises UnreadableSourceError for a raw table that Spark could not open."""
    place = table.catalog or f"{table.path} (source.root: {root})"
    raise UnreadableSourceError(
        must=f"source.tables.{name} must be readable as {table.file_format or 'a catalog table'}.",
        found=f"{place}: {first_line(error)}",
        fix="Check the path, source.root and the format of this table.",
    ) from error


def refuse_select(where: str, error: PySparkException) -> NoReturn:
    """Raises SchemaError for a SELECT that Spark could not analyse, or whose values are wrong.

    Raises:
        SchemaError: A column or table is missing, the text is not SQL, or a value could not be
            converted.
        PySparkException: The error has another cause: it is passed on.
    """
    condition = error.getCondition() or ""
    message = first_line(error)
    if any(name in condition or name in message for name in CONVERSIONS):
        raise SchemaError(
            must=f"{where} must convert every value.",
            found=message,
            fix="Use try_cast or try_to_timestamp: rows that cannot be converted become null "
            "and go to quarantine.",
        ) from error
    if condition.startswith(MISSING_COLUMN):
        parameters = error.getMessageParameters() or {}
        raise SchemaError(
            must=f"{where} must find the column {parameters.get('objectName', '')} in its tables.",
            found=f"only {parameters.get('proposal', 'other columns')}",
            fix=f"Correct the SELECT in {where}, or add the column to the source table.",
        ) from error
    if isinstance(error, AnalysisException | ParseException):
        raise SchemaError(
            must=f"{where} must be a valid SELECT over source.tables.",
            found=message,
            fix=f"Correct the SELECT in {where}.",
        ) from error
    raise error


def first_line(error: PySparkException | Py4JJavaError) -> str:
    """Returns the first line of Spark's or Java's message, without plan and stack."""
    if isinstance(error, Py4JJavaError):
        text = str(error.java_exception.toString())
    else:
        text = str(error.getMessage() or error)
    return text.strip().splitlines()[0][:300]
