"""What Spark's errors say of a SELECT, of its values, or of the files behind its tables."""

import re
from typing import Any, NoReturn

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException, ParseException, PySparkException
from pyspark.sql import SparkSession

from graphrec_core.engine.faults import (
    first_line,
    refuse_column,
    refuse_file,
    refuse_gone,
    refuse_select,
    refuse_types,
    refuse_value,
)

SPARK_ERRORS = (PySparkException, Py4JJavaError)
"""What a query raises: pyspark's own errors, and those of Java that it has no class for."""
CONVERSIONS = (
    "CAST_INVALID_INPUT",
    "CANNOT_PARSE_TIMESTAMP",
    "CAST_OVERFLOW",
    "NUMERIC_VALUE_OUT_OF_RANGE",
    "DATETIME_OVERFLOW",
)

UNREADABLE = ("PARQUET_COLUMN_DATA_TYPE_MISMATCH", "PARQUET_TYPE_ILLEGAL")
TO_BLAME = ("0A", "21", "22", "42")
"""SQLSTATE's classes of errors that a SELECT or its values are to blame for: not supported,
cardinality, data, and syntax or names. For others a retry may help."""
UNREAD = re.compile(
    r"\[FAILED_READ_FILE\.(\w+)\] Encountered error while reading file (.+?)\.(?: +[A-Z]|$)"
)
NO_SCHEMA = "UNABLE_TO_INFER_SCHEMA"


def refuse_error(session: SparkSession, scratch: str, where: str, error: Exception) -> NoReturn:
    """Raises what a failed query means.

    Args:
        session: The running session.
        scratch: The folder of intermediate files; nobody's source is there.
        where: The key that holds the SELECT.
        error: One of ``SPARK_ERRORS``.

    Raises:
        SchemaError: A column or table is missing, the text is not SQL, or a value could not be
            converted.
        UnreadableSourceError: A source's file is damaged.
        NotReadyError: A source's file is gone.
        Exception: The error has another cause: it is passed on.
    """
    messages = _messages(error)
    for message in messages:
        if any(name in message for name in CONVERSIONS):
            refuse_value(where, message, error)
        if any(name in message for name in UNREADABLE):
            refuse_types(where, message, error)
        if (unread := UNREAD.search(message)) and scratch not in unread[2]:
            _refuse_unread(session, where, unread, messages[-1], error)
    if isinstance(error, PySparkException):
        _refuse_names(where, error)
    is_analysis = isinstance(error, AnalysisException | ParseException)
    for message in messages:
        if is_analysis or message.rpartition("SQLSTATE: ")[2][:2] in TO_BLAME:
            refuse_select(where, message, error)
    raise error


def message_of(error: Exception) -> str:
    """Returns the first line of what an error says."""
    (message, *_) = _messages(error)
    return "no file with data in it" if NO_SCHEMA in message else message


def _messages(error: Exception) -> list[str]:
    """Returns the first lines of what an error and its causes say; the first cause comes last."""
    if isinstance(error, Py4JJavaError):
        found, cause = [], error.java_exception
        while cause is not None:
            found.append(first_line(str(cause.toString())))
            cause = cause.getCause()
        return found
    if isinstance(error, PySparkException):
        condition, state = error.getCondition() or "", error.getSqlState() or ""
        message = first_line(str(error.getMessage() or error))
        before = "" if condition in message else f"[{condition}] "
        return [f"{before}{message}" + ("" if state in message else f" SQLSTATE: {state}")]
    return [first_line(str(error) or repr(error))]


def _refuse_names(where: str, error: PySparkException) -> None:
    if (error.getCondition() or "").startswith("UNRESOLVED_COLUMN"):
        parameters = error.getMessageParameters() or {}
        proposal = f"only {parameters.get('proposal', 'other columns')}"
        refuse_column(where, parameters.get("objectName", ""), proposal, error)


def _refuse_unread(
    session: SparkSession, where: str, unread: re.Match[str], cause: str, error: Exception
) -> None:
    """Refuses a file that is gone, or whose bytes are all there and are not what they should be.

    A file whose bytes do not come is a fault of the disk or the network: a retry may help.
    """
    kind, file = unread.groups()
    if kind == "FILE_NOT_EXIST":
        refuse_gone(where, file, error)
    if _can_be_read(session, file):
        refuse_file(where, f"{file}: {cause}", error)


def _can_be_read(session: SparkSession, file: str) -> bool:
    jvm: Any = session._jvm
    try:
        path = jvm.org.apache.hadoop.fs.Path(jvm.java.net.URI(file))
        stream = path.getFileSystem(session._jsc.hadoopConfiguration()).open(path)
        try:
            jvm.org.apache.commons.io.IOUtils.consume(stream)
        finally:
            stream.close()
    except Py4JJavaError:
        return False
    return True
