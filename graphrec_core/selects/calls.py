"""Arguments of functions that all engines take for the same."""

import math
import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from graphrec_core.selects.conversions import UnlikeConversionError

CLASS = r"\[\^?(?:[^\[\]\\&^~-]|\\[dwDW.^\]\[\\-]|(?<=[^\[^])-(?=[^\]]))+\]"
ATOM = rf"(?:\\[dwDWz.^$*+?()\[\]{{}}|\\-]|[^\\.^$*+?()\[\]{{}}|]|{CLASS})"
SAFE = re.compile(
    rf"\^?(?:{ATOM}(?:(?:[*+?]|\{{\d{{1,3}}(?:,\d{{1,3}})?\}})\??)?|\((?:\?:)?|\)|\|)*"
)
FIX_REGEX = (
    "Write a text between quotes of letters, sets such as [a-z] and \\\\d, groups, |, *, + and ?; "
    "\\\\z for $, a set such as [^,] for a dot; nothing after a group, and nothing that fits ''."
)
FIELDS = {
    "week": "weekofyear",
    **{name: name for name in ("year", "quarter", "month", "day", "hour", "minute", "dayofweek")},
}
"""What ``extract`` may take of a time -> the function that gives it."""
UNITS = frozenset(["year", "quarter", "month", "week", "day", "hour", "minute", "second"])

UNLIKE: tuple[tuple[type[exp.Expr], Callable[[Any], bool], str, str], ...] = (
    (
        exp.Interval,
        lambda node: not isinstance(node.this, exp.Literal | exp.Neg),
        "an interval of what is no constant",
        "Write date_add(x, k), add_months(x, k) or x + k * interval 1 hour.",
    ),
    (
        exp.Window,
        lambda node: (
            isinstance(node.this, exp.AggFunc) and isinstance(node.this.this, exp.Distinct)
        ),
        "distinct values of a window",
        "Count them in a SELECT of its own with GROUP BY, and join it.",
    ),
    (
        exp.Count,
        lambda node: bool(node.expressions),
        "count of several values",
        "Write count(distinct a, b), or count_if(a is not null and b is not null).",
    ),
    (exp.If, lambda node: isinstance(node.this, exp.Null), "the condition null", "Write false."),
    (
        exp.Literal,
        lambda node: not node.is_string and math.isinf(float(node.name)),
        "a number too large for a double",
        "Write a smaller one.",
    ),
)
"""Kinds of expression, whether one is taken differently, what it is, and what to write."""


def check_call(node: exp.Expr) -> None:
    """Checks the arguments of a call.

    Raises:
        UnlikeConversionError: Engines take them differently.
    """
    if isinstance(node, exp.RegexpLike | exp.RegexpExtract | exp.RegexpReplace | exp.RegexpSplit):
        _check_regex(node)
    if isinstance(node, exp.SHA2) and node.text("length") != "256":
        raise UnlikeConversionError("sha2 of another width than 256", "Write sha2(x, 256).")
    if isinstance(node, exp.Floor | exp.Ceil) and node.args.get("decimals"):
        raise UnlikeConversionError(f"{node.key} to decimal places", "Use round.")
    if isinstance(node, exp.Extract) and node.name.lower() not in FIELDS:
        raise UnlikeConversionError(f"extract of {node.name}", f"Use one of {', '.join(FIELDS)}.")
    for kind, is_unlike, found, fix in UNLIKE:
        if isinstance(node, kind) and is_unlike(node):
            raise UnlikeConversionError(found, fix)
    if isinstance(node, exp.Anonymous):
        _check_named(node.name.lower(), node.expressions)


def _check_named(name: str, arguments: list[exp.Expr]) -> None:
    if name == "date_trunc" and arguments[0].name.lower() not in UNITS:
        raise UnlikeConversionError(
            f"date_trunc to '{arguments[0].name}'", f"Use one of {', '.join(sorted(UNITS))}."
        )
    if name == "locate" and len(arguments) > 2:
        raise UnlikeConversionError("locate from a place", "Use instr of a substring.")
    is_round = name == "round" and len(arguments) > 1
    if is_round and not re.fullmatch("[0-9]", arguments[1].sql()):
        raise UnlikeConversionError(
            "round to other places than 0 to 9", "Write the number of places, from 0 to 9."
        )


def _check_regex(node: exp.Expr) -> None:
    pattern = node.expression
    name = "split" if isinstance(node, exp.RegexpSplit) else node.key.replace("regexp", "regexp_")
    is_text = isinstance(pattern, exp.Literal) and pattern.is_string
    if not is_text or not _is_safe(pattern.name):
        found = f"{name} by the pattern {pattern.sql('databricks')}"
        raise UnlikeConversionError(found, FIX_REGEX)
    if isinstance(node, exp.RegexpReplace):
        text = node.args.get("replacement")
        if not isinstance(text, exp.Literal) or set(text.name) & set("$\\"):
            raise UnlikeConversionError(
                f"{name} with a group or column as the new text", "Write a text without $ and \\."
            )
    if isinstance(node, exp.RegexpSplit) and node.args.get("limit"):
        raise UnlikeConversionError("split with a limit", "Use split_part, or leave the limit.")


def _is_safe(pattern: str) -> bool:
    if not SAFE.fullmatch(pattern) or re.search(r"(?<!\\)\)[*+?{]|[*+?}]\+", pattern):
        return False
    try:
        return not re.search(pattern.replace("\\z", "\\Z"), "")
    except re.error:
        return False
