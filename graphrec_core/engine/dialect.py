"""Spark SQL in DuckDB's words: transpiled by sqlglot, parameters bound into the syntax tree."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.databricks import Databricks


class Spark4(Databricks):
    """Spark with ANSI casts, as Spark 4 has them (sqlglot's "spark" would try_cast)."""

    class Tokenizer(Databricks.Tokenizer):
        """Reads two quotes in a text as one, as Spark 4 does; older ones joined two texts."""

        STRING_ESCAPES: ClassVar[list[str]] = ["'", '"', "\\"]


READ = Spark4


def to_duckdb(text: str, tables: Mapping[str, str], parameters: Mapping[str, object]) -> str:
    """Translates one SELECT.

    Args:
        text: Spark SQL with ``:name`` parameters.
        tables: Table name -> the name that DuckDB knows it by; others stay as they are.
        parameters: Parameter -> bool, int, float, str or UTC datetime.

    Raises:
        sqlglot.errors.ParseError: The text is not SQL.
        KeyError: A parameter has no value.
    """
    tree = _parse(text).copy()
    for table in list(tree.find_all(exp.Table)):
        if not table.db and table.name in tables and not _is_cte(table):
            alias = table.alias_or_name
            table.set("this", exp.to_identifier(tables[table.name], quoted=True))
            table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    for placeholder in list(tree.find_all(exp.Placeholder)):
        placeholder.replace(_literal(parameters[placeholder.name]))
    return tree.sql(dialect="duckdb", comments=False)


@lru_cache
def _parse(text: str) -> exp.Expr:
    """Parses a text once: the queries of sql/ run many times a day."""
    return sqlglot.parse_one(text, dialect=READ)


def _is_cte(table: exp.Table) -> bool:
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
        if any(cte.alias == table.name for cte in ctes):
            return True
        inner, scope = scope, scope.parent
    return False


def _literal(value: object) -> exp.Expr:
    if isinstance(value, datetime):
        return exp.cast(exp.Literal.string(value.isoformat()), "timestamptz", dialect="duckdb")
    if isinstance(value, float):  # a plain 0.1 would be a decimal
        return exp.cast(exp.Literal.string(repr(value)), "double", dialect="duckdb")
    return exp.convert(value)
