"""What Spark alone makes of a value's type, found in its plan: refused, as DuckDB refuses it."""

from collections.abc import Iterator

from py4j.java_gateway import JavaObject
from pyspark.sql import DataFrame

from graphrec_core.engine.faults import (
    NO_ARRAY,
    NO_DAYS,
    NO_DECIMAL,
    NO_ORDER,
    refuse_value,
)

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
QUERIES = frozenset(["Exists", "LateralSubquery", "ListQuery", "ScalarSubquery"])
"""Expressions that hold a plan."""


def refuse_unlike_types(where: str, rows: DataFrame) -> None:
    """Refuses a SELECT that divides, rounds or averages decimals, joins arrays, and the like.

    Raises:
        SchemaError: It does.
    """
    for node in _nodes(rows._jdf.queryExecution().analyzed()):
        found = _found(node, node.getClass().getSimpleName())
        if found:
            refuse_value(where, found)


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
