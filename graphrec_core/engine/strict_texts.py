"""Texts beside numbers and times: a form of a query that DuckDB binds only where there are none.

DuckDB compares a text with a number or time by a conversion of its own, and Spark by another one,
which may ask the clock. BETWEEN converts no text but a constant: a query is bound with BETWEEN in
the place of every comparison, and never run.
"""

import re
from collections.abc import Callable

from sqlglot import exp

PLAIN_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}( ([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?)?"
)
PLAIN_NUMBER = re.compile(r"-?[0-9]{1,9}")
COMPARISONS = (
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE),
    *(exp.NullSafeEQ, exp.NullSafeNEQ, exp.Nullif),
)
CHOICES = (exp.Array, exp.Case, exp.Coalesce, exp.Greatest, exp.If, exp.Least, exp.Pow)
"""What has values of one type."""


def is_plain(text: str, *, is_compared: bool) -> bool:
    """Tells whether a constant means the same time, or number, to all engines."""
    is_number = is_compared and PLAIN_NUMBER.fullmatch(text) is not None
    return is_number or PLAIN_TIME.fullmatch(text) is not None


def compare_strictly(tree: exp.Expr) -> None:
    """Changes a query of DuckDB, in place, so that it refuses texts beside numbers and times."""
    for node in reversed(list(tree.walk(bfs=False))):
        if isinstance(node, COMPARISONS):
            node.replace(_between(node.this, node.expression))
        elif isinstance(node, exp.Literal) and isinstance(node.parent, CHOICES):
            node.replace(_typed(node, is_compared=False))
        elif type(node) in OTHERS:
            OTHERS[type(node)](node)


def _compare_in(node: exp.Expr) -> None:
    if node.expressions:  # or else it is a query
        node.replace(exp.and_(*(_between(node.this, one) for one in _odd(node.expressions))))


def _compare_bounds(node: exp.Expr) -> None:
    for name in ("low", "high"):
        node.set(name, _typed(node.args[name]))


def _compare_values(node: exp.Expr) -> None:
    """Takes `array_contains` for a comparison with the array's first value."""
    if node.name == "spark_array_contains":
        values, value = node.expressions
        first = exp.Anonymous(this="list_extract", expressions=[values.copy(), exp.convert(1)])
        node.replace(_between(first, _typed(value, is_compared=False)))


def _compare_cases(node: exp.Expr) -> None:
    if node.this:
        for branch in node.args["ifs"]:
            branch.set("this", _between(node.this, branch.this))
        node.set("this", None)


OTHERS: dict[type[exp.Expr], Callable[[exp.Expr], None]] = {
    exp.In: _compare_in,
    exp.Between: _compare_bounds,
    exp.Anonymous: _compare_values,
    exp.Case: _compare_cases,
}
"""What compares values besides operators -> what makes it strict."""


def _between(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    is_constant = isinstance(one, exp.Literal)
    value, bound = (other, one) if is_constant else (one, other)
    return exp.Between(this=value.copy(), low=_typed(bound), high=exp.Null())


def _odd(values: list[exp.Expr]) -> list[exp.Expr]:
    """Leaves out constants that may stand beside a number or time, and all odd texts but one."""
    texts = [value for value in values if isinstance(value, exp.Literal)]
    odd = [text for text in texts if not is_plain(text.name, is_compared=True)]
    return [*odd[:1], *texts[:1], *(value for value in values if value not in texts)]


def _typed(value: exp.Expr, *, is_compared: bool = True) -> exp.Expr:
    """Gives a constant the type of a text, which DuckDB does not convert."""
    is_text = isinstance(value, exp.Literal) and value.is_string
    if not is_text or is_plain(value.name, is_compared=is_compared):
        return value.copy()
    return exp.Paren(this=exp.DPipe(this=value.copy(), expression=exp.Literal.string("")))
