"""What a SELECT may not convert: by an ambiguous pattern, or from a constant that means the clock.

Spark reads `cast('now' as timestamp)` by its clock, and any other constant that comes to such a
word; a column's text of these words is no time. What is left converts alike on both engines.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from sqlglot import exp
from sqlglot.tokens import Token

from graphrec_core.selects.patterns import PatternError, printing, reading

READ_BY = frozenset(
    [
        *("to_date", "to_timestamp", "to_unix_timestamp"),
        *("try_to_date", "try_to_timestamp", "unix_timestamp"),
    ]
)
INSTANTS = frozenset(["timestamp", "timestamp_ltz"])
"""Types of an instant, as they are written."""
WRITTEN_BY = frozenset(["date_format", "from_unixtime"])
TIMES = frozenset(
    [
        exp.DataType.Type.DATE,
        exp.DataType.Type.TIMESTAMP,
        exp.DataType.Type.TIMESTAMPLTZ,
        exp.DataType.Type.TIMESTAMPNTZ,
        exp.DataType.Type.TIMESTAMPTZ,
    ]
)
SCALARS = TIMES | frozenset(
    [
        *(exp.DataType.Type.TINYINT, exp.DataType.Type.SMALLINT, exp.DataType.Type.INT),
        *(exp.DataType.Type.BIGINT, exp.DataType.Type.DOUBLE),
        *(exp.DataType.Type.DECIMAL, exp.DataType.Type.BOOLEAN, exp.DataType.Type.TEXT),
    ]
)
CLOCK_WORD = re.compile(r"(?is)\s*(epoch|now|today|tomorrow|yesterday)(\s.*)?")
READ_CLOCK = re.compile(r"(?is)\s*(now|today|tomorrow|yesterday)(\s.*)?")
FIX_CLOCK = "Write the date or time itself, such as timestamp '2026-01-05 10:00:00'."
FIX_PATTERN = (
    "Use yyyy, yy, MM, M, MMM, MMMM, dd, d, HH, H, hh or h with a, mm, m, ss, s, S, X, XX, XXX, "
    "and texts between quotes."
)


class UnlikeConversionError(ValueError):
    """A conversion that engines do not do alike.

    Attributes:
        found: What was found.
        fix: What to write instead.
    """

    def __init__(self, found: str, fix: str) -> None:
        super().__init__(found)
        self.found, self.fix = found, fix


def check_conversion(node: exp.Expr) -> None:
    """Checks one node of a SELECT's syntax tree.

    Raises:
        UnlikeConversionError: Engines would not convert alike.
    """
    if isinstance(node, exp.Literal) and node.is_string and READ_CLOCK.fullmatch(node.name):
        # Compared with a time, or beside one in a choice, Spark would read its clock.
        raise UnlikeConversionError(f"the time '{node.name}'", FIX_CLOCK)
    if isinstance(node, exp.Cast):
        _check_type(node)
        if node.to.this in TIMES:
            _check_constant(node.this)
    if isinstance(node, exp.Anonymous) and node.name.lower() in READ_BY | WRITTEN_BY:
        value, *pattern = node.expressions or [exp.Null()]
        _check_constant(value)
        if pattern:
            _check_pattern(node.name.lower(), pattern)


def check_tokens(tokens: Sequence[Token]) -> None:
    """Checks the words of a SELECT.

    Raises:
        UnlikeConversionError: It has ``x::timestamp``, whose x Spark would complete by its clock
            (``spark_times`` finds the x of ``cast(x as timestamp)`` only).
    """
    for sign, kind in pairwise(tokens):
        if sign.text == "::" and kind.text.lower() in INSTANTS:
            raise UnlikeConversionError(f"`::{kind.text}`", f"Write cast(... as {kind.text}).")


def _check_type(node: exp.Cast) -> None:
    kind = node.to
    while kind.this == exp.DataType.Type.ARRAY and kind.expressions:
        (kind,) = kind.expressions
    if kind.this not in SCALARS:
        raise UnlikeConversionError(
            f"a conversion to {node.to.sql('databricks').lower()}",
            "Convert to a whole number, double, decimal, boolean, string, date or timestamp, or "
            "to an array of these.",
        )


def _check_constant(value: exp.Expr) -> None:
    if isinstance(value, exp.Literal):
        if value.is_string and CLOCK_WORD.fullmatch(value.name):
            raise UnlikeConversionError(f"the time '{value.name}'", FIX_CLOCK)
    elif not isinstance(value, exp.Null) and not value.find(exp.Column, exp.Cast):
        found = f"a time of the constant `{value.sql('databricks')}`"
        raise UnlikeConversionError(found, FIX_CLOCK)


def _check_pattern(name: str, pattern: list[exp.Expr]) -> None:
    if len(pattern) > 1 or not (isinstance(pattern[0], exp.Literal) and pattern[0].is_string):
        raise UnlikeConversionError(
            f"{name} with a pattern that is no text", "Write the pattern as a text between quotes."
        )
    try:
        (reading if name in READ_BY else printing)(pattern[0].name)
    except PatternError as error:
        found = f"{name} with the pattern '{pattern[0].name}': {error}"
        raise UnlikeConversionError(found, FIX_PATTERN) from error
