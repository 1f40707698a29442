"""What DuckDB's errors say of a SELECT, of its values, or of the files behind its tables."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

import duckdb
from fsspec import AbstractFileSystem

from graphrec_core.engine.duckdb_parquet import parquet_call
from graphrec_core.engine.faults import (
    REFUSED,
    first_line,
    refuse_column,
    refuse_file,
    refuse_gone,
    refuse_select,
    refuse_text,
    refuse_value,
)
from graphrec_core.engine.lock import NO_USER
from graphrec_core.errors import ConfigError
from graphrec_core.lake.listing import find_info

FAULTS = (
    duckdb.ConnectionException,
    duckdb.FatalException,
    duckdb.HTTPException,
    duckdb.IOException,
    duckdb.InternalException,
    duckdb.InterruptException,
    duckdb.OutOfMemoryException,
)
"""Errors that a SELECT is not to blame for: a retry may help."""
GONE = (duckdb.HTTPException, duckdb.IOException, duckdb.PermissionException)
"""What may come of a file that is gone; a local one is looked for as a folder, which is locked."""
UNLIKE = re.compile(
    r"(?:of type|of types|combine types of) (.+?) and (?:type )?(.+?)(?: in | -).*an explicit cast"
)
"""Two types of which DuckDB would convert neither."""
MISSING = re.compile('Referenced column "(.+?)" not found|have a column named "(.+?)"')
"""Of a column that is not there, after no table's name and after one."""
HIDDEN = "has multiple overloads"
"""Of a macro that is given such a column."""
DAMAGED = "Invalid Input Error: Failed to read file"
"""How the message about a Parquet file begins that opens and cannot be unpacked; what the file's
structure makes wrong is DuckDB's plain Error."""

Sources = Mapping[str, tuple[AbstractFileSystem, str]]
"""DuckDB's name of a source's file -> its file system, and its path there."""


def refuse_error(
    connection: duckdb.DuckDBPyConnection, sources: Sources, where: str, error: duckdb.Error
) -> NoReturn:
    """Raises what a failed query means.

    Args:
        connection: A connection of the database.
        sources: The files of the tables.
        where: The key that holds the SELECT.
        error: What DuckDB said.

    Raises:
        SchemaError: A column or table is missing, the text is not SQL, or a value could not be
            converted.
        UnreadableSourceError: A source's file is damaged.
        NotReadyError: A source's file is gone.
        duckdb.Error: The error has another cause: it is passed on.
    """
    message = first_line(str(error))
    if isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException):
        refuse_value(where, message, error)
    if isinstance(error, duckdb.InvalidInputException) and REFUSED in message:
        refuse_value(where, message.removeprefix("Invalid Input Error: "), error)
    if isinstance(error, duckdb.BinderException):
        _refuse_names(where, message, error)
    if NO_USER in message:
        refuse_column(where, "`user`", "others", error)
    if isinstance(error, GONE) and (gone := _gone(sources)):
        refuse_gone(where, gone, error)
    if type(error) is duckdb.Error or message.startswith(DAMAGED):
        refuse_file(where, _named(connection, sources, message), error)
    if not isinstance(error, FAULTS):
        refuse_select(where, message, error)
    raise error


def without_macros(error: duckdb.Error, bind: Callable[[], object]) -> duckdb.Error:
    """Returns what DuckDB says of a column that is not there, where a macro around it hid that.

    Args:
        error: What DuckDB said.
        bind: Binds the same query without macros.
    """
    if HIDDEN in str(error):
        try:
            bind()
        except duckdb.BinderException as plain:
            return plain if MISSING.search(str(plain)) else error
        except duckdb.Error:  # of what DuckDB's own functions do not know
            return error
    return error


@contextmanager
def files_there(sources: Sources) -> Iterator[None]:
    """Says so where a query is only bound, and fails since a source's file is gone.

    Raises:
        NotReadyError: A source's file is gone.
    """
    try:
        yield
    except GONE as error:
        if gone := _gone(sources):
            refuse_gone("source.tables", gone, error)
        raise


def refuse_place(uri: str, error: duckdb.Error) -> NoReturn:
    """Raises ConfigError for a file of the lake that lies outside of it."""
    raise ConfigError(
        must="What DuckDB reads must lie in the pipeline's folder of the lake.",
        found=f"{uri}: {first_line(str(error))}",
        fix="A link within an artefact? Put what it leads to in its place. Links may stand for "
        "the lake, the pipeline's folder, one in it, a day of snapshots or a snapshot.",
    ) from error


def _refuse_names(where: str, message: str, error: duckdb.BinderException) -> None:
    """Refuses a column that is not there, or a text beside a number or time."""
    if unlike := UNLIKE.search(message):
        kinds = " and ".join(unlike.groups())
        refuse_text(where, f"a text beside a value of another type: {kinds}", error)
    if found := MISSING.search(message):
        column = found[1] or found[2]
        near = str(error).partition("Candidate bindings: ")[2].partition("\n")[0]
        refuse_column(where, f"`{column}`", f"others, such as {near}" if near else "others", error)


def _gone(sources: Sources) -> str:
    """Names a file that is not there any more; empty: they all are, or nobody can tell."""
    try:
        return next((path for fs, path in sources.values() if find_info(fs, path) is None), "")
    except Exception:  # the file system's own; that of the query says more
        return ""


def _named(connection: duckdb.DuckDBPyConnection, sources: Sources, message: str) -> str:
    """Adds to a message without a file the first that cannot be read; it reads them all."""
    if any(name in message for name in sources):
        return message
    for name in sources:
        rows = parquet_call(connection, [name])
        try:
            connection.execute(f"select count(hash(columns(*))) from {rows}").fetchall()
        except duckdb.Error:
            return f"{name}: {message}"
    return message
