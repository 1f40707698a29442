"""What Spark alone makes of a value's type, found in its plan: refused, as DuckDB refuses it."""

import re
from collections.abc import Iterator
from typing import Any

from py4j.java_gateway import JavaObject
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  (Spark's own convention)

from graphrec_core.engine.faults import (
    NO_ARRAY,
    NO_DAYS,
    NO_DECIMAL,
    NO_ORDER,
    refuse_text,
    refuse_value,
)
from graphrec_core.engine.queries import quoted
from graphrec_core.engine.strict_texts import is_plain

OF_DECIMALS = frozenset(
    [
        *("Average", "Median", "PercentileCont"),
        *("Divide", "IntegralDivide", "TryDivide"),
        *("Ceil", "Floor", "Round", "RoundCeil", "RoundFloor"),
    ]
)
"""Expressions that give a decimal digits by rules of Spark's own."""
JOINED = frozenset(["Concat", "ConcatWs"])
ORDERED = frozenset(["Max", "MaxBy", "Min", "MinBy"])
COMPARISONS = frozenset(
    [
        *("EqualTo", "EqualNullSafe", "In"),
        *("GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"),
    ]
)
NUMBERS = frozenset(["tinyint", "smallint", "int", "bigint", "double"])
TIMES = frozenset(["date", "timestamp", "timestamp_ntz"])
FLOAT = re.compile("(array<)*float>*")
QUERIES = frozenset(["Exists", "LateralSubquery", "ListQuery", "ScalarSubquery"])
"""Expressions that hold a plan."""


def without_floats(rows: DataFrame) -> DataFrame:
    """Makes floats doubles: beside other numbers these have the same meaning on all engines."""
    wide = {
        name: F.col(quoted(name)).cast(kind.replace("float", "double"))
        for name, kind in rows.dtypes
        if FLOAT.fullmatch(kind)
    }
    return rows.withColumns(wide) if wide else rows


def refuse_unlike_types(where: str, rows: DataFrame) -> None:
    """Refuses a SELECT that divides, rounds or averages decimals, joins arrays, and the like.

    Raises:
        SchemaError: It does.
    """
    for node in _nodes(rows._jdf.queryExecution().analyzed()):
        found = _found(node, node.getClass().getSimpleName())
        if found:
            refuse_value(where, found)
        for child in _items(node.children()):
            if child.getClass().getSimpleName() == "Cast" and _is_odd(rows, node, child):
                refuse_text(where, f"`{child.child().sql()}` as {child.dataType().sql().lower()}")


def _found(node: JavaObject, name: str) -> str:
    if name in OF_DECIMALS and _types(node)[0].startswith("decimal"):
        return NO_DECIMAL
    if name in ORDERED and any(kind.startswith("array") for kind in _types(node)):
        return NO_ORDER
    if name == "SubtractDates":
        return NO_DAYS
    if name in JOINED and any(kind.startswith("array") for kind in _types(node)):
        return NO_ARRAY
    return ""


def _is_odd(rows: DataFrame, node: JavaObject, cast: JavaObject) -> bool:
    """Tells whether Spark converts a text by itself, and not as every engine would."""
    value, kind = cast.child(), str(cast.dataType().simpleString())
    source = str(value.dataType().simpleString())
    if "string" not in source or "string" in kind or kind == "binary":
        return False
    spark: Any = rows.sparkSession._jvm
    written = spark.org.apache.spark.sql.catalyst.expressions.Cast.USER_SPECIFIED_CAST()
    if cast.getTagValue(written).isDefined():
        return False
    is_compared = node.getClass().getSimpleName() in COMPARISONS and kind in NUMBERS
    is_constant = value.getClass().getSimpleName() == "Literal"
    is_known = is_compared or kind in TIMES
    return not (is_constant and is_known and is_plain(str(value), is_compared=is_compared))


def _types(node: JavaObject) -> list[str]:
    return [str(child.dataType().simpleString()) for child in _items(node.children())]


def _nodes(plan: JavaObject) -> Iterator[JavaObject]:
    """Yields the expressions of a plan, with those of the plans that they hold."""
    open_nodes = [plan]
    while open_nodes:
        node = open_nodes.pop()
        name = str(node.getClass().getName())
        is_expression = ".expressions." in name
        if is_expression:
            yield node
        if name.rpartition(".")[2] in QUERIES:
            open_nodes.append(node.plan())
        open_nodes.extend(_items(node.children()))
        if not is_expression:
            open_nodes.extend(_items(node.expressions()))


def _items(sequence: JavaObject) -> Iterator[JavaObject]:
    return (sequence.apply(number) for number in range(sequence.size()))
