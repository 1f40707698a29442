"""What a SELECT of the YAML may be: one query over the declared tables, and nothing else.

It must be made of known parts: tokens, kinds of expression, functions and tables that are listed
here or in ``functions``. What is not listed is refused before any engine sees the text; an
engine's own parser judges the text once more.
"""

import difflib
import re
from collections.abc import Collection, Iterator
from typing import NoReturn

from sqlglot import exp
from sqlglot.errors import SqlglotError

from graphrec_core.config.source import SourceConfig
from graphrec_core.config.spark_sql import Parsed, is_cte, parse
from graphrec_core.errors import ConfigError
from graphrec_core.selects.calls import check_call
from graphrec_core.selects.conversions import (
    UnlikeConversionError,
    check_conversion,
    check_tokens,
)
from graphrec_core.selects.functions import ALLOWED, REFUSED

MAX_LETTERS = 100_000
MAX_DEPTH = 200
"""Levels of a syntax tree: the engines' own limits end in a crash, not in a message."""
GUIDE = 'docs/sources.md ("What a SELECT may do") lists what is allowed'
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*([ \t\r\n]+[A-Za-z_]+)*")  # `group by` is one token
NUMBER = re.compile(r"[0-9.]+([eE][+-]?[0-9]+)?[A-Za-z]{0,2}")
QUOTED = re.compile(r"[rR]?'.*'|[rR]?\".*\"|`.*`", re.DOTALL)
SIGNS = frozenset(
    "( ) [ ] , . ; * + - / % = == <> != < <= > >= <=> || & | ^ ~ ::".split()  # noqa: SIM905
)
SYNTAX = frozenset(["all", "any", "case", "exists"])
"""What sqlglot reads like a function, and is none."""
CONSTANTS = {
    name for name in REFUSED if name.startswith(("current_", "local")) or name == "session_user"
}
"""What Spark takes for a function without brackets, even quoted, where no column has the name."""
PARTS = {
    # queries
    exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Subquery, exp.Values, exp.With, exp.CTE,
    exp.From, exp.Join, exp.Lateral, exp.Table, exp.TableAlias, exp.Where, exp.Group, exp.Having,
    exp.Qualify, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Distinct,
    # names and values
    exp.Alias, exp.Aliases, exp.Star, exp.Column, exp.Identifier, exp.Dot, exp.Bracket, exp.Paren,
    exp.Tuple, exp.Literal, exp.RawString, exp.Null, exp.Boolean, exp.Var, exp.Interval,
    exp.IntervalSpan, exp.DataType, exp.DataTypeParam, exp.PropertyEQ, exp.AtTimeZone,
    exp.FromTimeZone,
    exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey, exp.JSONPathSubscript,
    # operators
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Not, exp.DPipe, exp.EQ,
    exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.In,
    exp.Between, exp.Like, exp.ILike, exp.Escape, exp.Any, exp.All, exp.BitwiseAnd,
    exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseNot,
    # windows
    exp.Window, exp.WindowSpec, exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls,
}  # fmt: skip
"""Kinds of expression; functions come in addition, by name."""


def check_selects(source: SourceConfig) -> None:
    """Checks every SELECT of a pipeline.

    Raises:
        ConfigError: One is more than a query over the declared tables.
    """
    for where, text in _selects(source):
        check_select(where, text, source.tables)


def check_select(where: str, text: str, tables: Collection[str]) -> str:
    """Checks a SELECT.

    Args:
        where: The key of the YAML that holds it, for messages.
        text: The SELECT, in Spark SQL.
        tables: The declared tables.

    Returns:
        The same text without comments, of which engines have different notions.

    Raises:
        ConfigError: It is not SQL, or more than a query over these tables.
    """
    check = _Check(where, tables)
    if len(text) > MAX_LETTERS:
        check.refuse(f"{len(text)} letters", f"Write at most {MAX_LETTERS}.")
    parsed = check.parse(text)
    check.tokens(parsed, text)
    check.parts(parsed)
    for name in parsed.calls:
        check.function(name)
    return _without_comments(parsed, text)


class _Check:
    """The checks of one SELECT."""

    def __init__(self, where: str, tables: Collection[str]) -> None:
        self.where, self.declared = where, tables

    def parse(self, text: str) -> Parsed:
        try:
            return parse(text)
        except RecursionError as error:
            self.refuse("an expression that is nested too deeply", "Write it flatter.", error)
        except SqlglotError as error:
            self.refuse(_first_line(error), "Correct the SELECT.", error)
        except Exception as error:  # arguments that sqlglot's functions did not expect
            self.refuse("a function with wrong arguments", "Correct the SELECT.", error)

    def tokens(self, parsed: Parsed, text: str) -> None:
        for token in parsed.tokens:
            written = text[token.start : token.end + 1]
            is_known = written in SIGNS or any(
                kind.fullmatch(written) for kind in (WORD, NUMBER, QUOTED)
            )
            if not is_known:
                self.refuse(
                    f"`{written[:40]}`",
                    "Leave out parameters, variables, hints and lambdas; put names of other "
                    "letters between backticks.",
                )

        try:
            check_tokens(parsed.tokens)
        except UnlikeConversionError as error:
            self.refuse(error.found, error.fix, error)

    def parts(self, parsed: Parsed) -> None:
        trees = [tree for tree in parsed.trees if tree is not None]
        if len(trees) != 1:
            kinds = ", ".join(tree.key.upper() for tree in trees) or "none"
            self.refuse(f"{len(trees)} statements ({kinds})", "Keep one SELECT.")
        if not isinstance(trees[0], exp.Query):
            self.refuse(f"the statement {_name(trees[0])}", "Write a SELECT.")
        level, depth = trees, 0
        while level:
            for node in level:
                self._part(node)
                self._conversion(node)
            level, depth = [part for node in level for part in node.iter_expressions()], depth + 1
            if depth > MAX_DEPTH:
                self.refuse(
                    f"an expression of more than {MAX_DEPTH} levels",
                    "Write it flatter: `x in (a, b, c)` for a chain of OR.",
                )

    def _part(self, node: exp.Expr) -> None:
        if isinstance(node, exp.Unnest):
            self.function("unnest")
        if type(node) not in PARTS and not isinstance(node, exp.Func):
            self.refuse(f"{_name(node)}: `{_shown(node)}`", f"Leave it out; {GUIDE}.")
        if isinstance(node, exp.Table):
            self._table(node)
        elif isinstance(node, exp.With) and node.args.get("recursive"):
            self.refuse("WITH RECURSIVE", "Leave it out: a query must end.")
        elif isinstance(node, exp.Lateral):
            self._lateral(node)
        elif isinstance(node, exp.Column) and not node.table and node.name.lower() in CONSTANTS:
            self.function(node.name)
        elif isinstance(node, exp.Dot) and not isinstance(node.expression, exp.Identifier):
            self.refuse(f"`{_shown(node)}`", "Call functions by their plain name.")

    def _conversion(self, node: exp.Expr) -> None:
        try:
            check_conversion(node)
            check_call(node)
        except UnlikeConversionError as error:
            self.refuse(error.found, error.fix, error)

    def _table(self, table: exp.Table) -> None:
        if not isinstance(table.this, exp.Identifier):
            self.refuse(
                f"the table function `{_shown(table)}`",
                "Select from a name of source.tables; for the values of an array write "
                "`lateral view explode(...)`.",
            )
        if table.db or (table.name.lower() not in self.declared and not is_cte(table)):
            self.refuse(
                f"the table `{_shown(table)}`",
                f"Select from source.tables ({', '.join(sorted(self.declared))}); declare "
                "every other file or catalog table there, under a name.",
            )

    def _lateral(self, lateral: exp.Lateral) -> None:
        if not (isinstance(lateral.this, exp.Subquery) or lateral.args.get("view")):
            self.refuse(f"`{_shown(lateral)}`", "Write `lateral view explode(...) t as name`.")

    def function(self, name: str) -> None:
        """Refuses a function that is not in the list."""
        known = name.lower()
        if known not in REFUSED:
            known = known.removesuffix("()")
        if known in ALLOWED or known in SYNTAX:
            return
        if known in REFUSED:
            self.refuse(f"the function {known}", f"{known}: {REFUSED[known]}.")
        near = difflib.get_close_matches(known, ALLOWED, 3)
        proposal = f"Use for example {', '.join(near)}" if near else "Use another function"
        self.refuse(f"the function {known[:60]}", f"{proposal}; {GUIDE}.")

    def refuse(self, found: str, fix: str, cause: Exception | None = None) -> NoReturn:
        refuse(self.where, found, fix, cause)


def refuse(where: str, found: str, fix: str, cause: Exception | None = None) -> NoReturn:
    """Raises ConfigError for a SELECT that is more than a query over its tables."""
    raise ConfigError(
        must=f"{where} must be one SELECT over source.tables that calls allowed functions only.",
        found=found,
        fix=fix,
    ) from cause


def _selects(source: SourceConfig) -> Iterator[tuple[str, str]]:
    for ntype, text in source.nodes.items():
        yield f"source.nodes.{ntype}", text
    for etype, edge in source.edges.items():
        yield f"source.edges.{etype}", edge.select
    for ntype, text in source.features.items():
        yield f"source.features.{ntype}", text


def _without_comments(parsed: Parsed, text: str) -> str:
    parts, end = [], 0
    tokens = [token for token in parsed.tokens if text[token.start] != ";"]
    for token in tokens:
        if token.start > end:
            parts.append(" ")
        parts.append(text[token.start : token.end + 1])
        end = token.end + 1
    return "".join(parts)


def _name(node: exp.Expr) -> str:
    return str(node.this).upper() if isinstance(node, exp.Command) else node.key.upper()


def _shown(node: exp.Expr) -> str:
    try:
        text = " ".join(node.sql(dialect="spark", comments=False).split())
    except Exception:  # a broken part cannot be written
        text = node.key
    return text if len(text) <= 80 else f"{text[:80]}..."


def _first_line(error: Exception) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip().split("\n")[0][:300]
