"""Spark 4's SQL as sqlglot reads it, and the names of the functions that a text calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.databricks import Databricks
from sqlglot.errors import ParseError
from sqlglot.parsers.databricks import DatabricksParser
from sqlglot.tokens import Token
from typing_extensions import override

EMPTY = ["(", ")"]
AS_WRITTEN = frozenset(
    [
        *("date_format", "from_unixtime", "weekday"),
        *("timestamp_micros", "timestamp_millis", "timestamp_seconds"),
        *("to_date", "to_timestamp", "to_unix_timestamp"),
        *("try_to_date", "try_to_timestamp", "unix_timestamp"),
        *("isnull", "isnotnull", "isnan", "length", "char_length", "instr", "left", "right"),
        *("lpad", "rpad", "lower", "upper", "round", "try_divide"),
        *("year", "quarter", "month", "day", "dayofmonth", "dayofweek", "dayofyear"),
        *("weekofyear", "hour", "minute", "second", "date_add", "date_sub", "add_months"),
        *("datediff", "date_diff", "date_from_unix_date", "unix_date", "date_trunc"),
        *("split_part", "size", "array_size", "get", "array_contains", "array_join"),
        *("locate", "sign", "signum", "slice", "try_element_at"),
    ]
)
"""Functions that the parser leaves as they are: sqlglot has other functions of these names."""


class Spark4(Databricks):
    """Spark with ANSI casts, as Spark 4 has them (sqlglot's "spark" would try_cast)."""

    class Tokenizer(Databricks.Tokenizer):
        """Reads two quotes in a text as one, as Spark 4 does; older ones joined two texts."""

        STRING_ESCAPES: ClassVar[list[str]] = ["'", '"', "\\"]

    class Parser(DatabricksParser):
        """Notes the functions' names as they are written: a tree has classes, not names."""

        FUNCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {
            name: build
            for name, build in DatabricksParser.FUNCTIONS.items()
            if name.lower() not in AS_WRITTEN
        }

        @override
        def reset(self) -> None:
            super().reset()
            self.calls: list[str] = []

        @override
        def _parse_function_call(
            self,
            functions: dict[str, Callable[..., Any]] | None = None,
            anonymous: bool = False,
            optional_parens: bool = True,
            any_token: bool = False,
        ) -> exp.Expr | None:
            name = self._curr.text
            if [token.text for token in self._tokens[self._index + 1 : self._index + 3]] == EMPTY:
                name += "()"
            call = super()._parse_function_call(functions, anonymous, optional_parens, any_token)
            if call is not None:
                self.calls.append(name)
            return call


@dataclass(frozen=True)
class Parsed:
    """A text as the parser saw it.

    Attributes:
        tokens: Its tokens, one per place; comments are none.
        trees: One per statement; None for an empty one. They must not be changed.
        calls: The functions that it calls, as written; with ``()`` where it gives no argument.
    """

    tokens: Sequence[Token]
    trees: Sequence[exp.Expr | None]
    calls: Sequence[str]

    def query(self) -> exp.Query:
        """Returns the tree of the only statement, which must not be changed.

        Raises:
            ParseError: There is none, there are several, or it is not a query.
        """
        trees = [tree for tree in self.trees if tree is not None]
        if len(trees) != 1:
            raise ParseError(f"{len(trees)} statements")
        if not isinstance(trees[0], exp.Query):
            raise ParseError(f"the statement {trees[0].key.upper()}")
        return trees[0]


@lru_cache
def parse(text: str) -> Parsed:
    """Parses Spark SQL, a text once: the queries of sql/ run many times a day.

    Raises:
        sqlglot.errors.SqlglotError: It is not SQL.
        RecursionError: It is nested too deeply.
    """
    dialect = Spark4()
    tokens = dialect.tokenize(text)
    parser = Spark4.Parser(dialect=dialect)
    trees = parser.parse(tokens, text)
    # A number with a letter, such as 10L, gives several tokens at one place: a cast of it.
    firsts = {token.start: token for token in reversed(tokens)}
    return Parsed(sorted(firsts.values(), key=lambda token: token.start), trees, parser.calls)


def is_cte(table: exp.Table) -> bool:
    """Tells whether a table's name is that of a WITH clause around it, defined before it."""
    inner: exp.Expr = table
    scope = table.parent
    while scope is not None:
        ctes: list[exp.Expr] = []
        if isinstance(scope, exp.With):
            # A definition sees those before it, not itself; the clause's owner sees them all.
            ctes = scope.expressions[: [id(cte) for cte in scope.expressions].index(id(inner))]
        elif not isinstance(inner, exp.With) and scope.args.get("with_") is not None:
            ctes = scope.args["with_"].expressions
        if any(cte.alias.lower() == table.name.lower() for cte in ctes):
            return True
        inner, scope = scope, scope.parent
    return False
