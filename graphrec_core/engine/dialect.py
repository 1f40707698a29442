"""Spark SQL in DuckDB's words: transpiled by sqlglot once, then tables and parameters put in."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from sqlglot import exp

from graphrec_core.config.spark_sql import Spark4, is_cte, parse
from graphrec_core.engine.duckdb_parquet import quoted
from graphrec_core.engine.strict_texts import compare_strictly
from graphrec_core.engine.translation import translate

SCHEMA = "main"
"""DuckDB's schema of the raw tables: a qualified name is never that of a WITH clause."""
MARK = "\x1f"
"""It stands around a name that is not known yet."""
TABLE, PARAMETER = "t", "p"


def tables_read(text: str, tables: Collection[str]) -> set[str]:
    """Returns those of some tables that a SELECT reads."""
    return {table.name.lower() for table in _reads(parse(text).query(), tables)}


def to_duckdb(
    text: str,
    tables: Mapping[str, str],
    parameters: Mapping[str, object],
    *,
    schema: str = "",
    is_strict: bool = False,
    is_plain: bool = False,
) -> str:
    """Translates one SELECT.

    Args:
        text: Spark SQL with ``:name`` parameters.
        tables: Table name -> the name that DuckDB knows it by; others stay as they are.
        parameters: Parameter -> bool, int, float, str or UTC datetime.
        schema: Where the tables are, for names that a WITH clause of the text must not take.
        is_strict: To be bound alone: texts beside numbers and times are an error.
        is_plain: To be bound alone, for its columns: casts and functions stay DuckDB's own.

    Raises:
        sqlglot.errors.SqlglotError: The text is not one query.
        KeyError: A parameter has no value.
    """
    parts = list(
        _template(text, frozenset(tables), schema, is_strict=is_strict, is_plain=is_plain)
    )
    for place in range(1, len(parts), 2):
        kind, name = parts[place][0], parts[place][1:]
        parts[place] = quoted(tables[name]) if kind == TABLE else _literal(parameters[name])
    return "".join(parts)


@lru_cache(maxsize=1024)
def _template(
    text: str, tables: frozenset[str], schema: str, *, is_strict: bool, is_plain: bool
) -> Sequence[str]:
    """Translates a text once, whatever its tables are called and its parameters are.

    Returns:
        The parts of the translation; each second one stands for a table or a parameter.
    """
    tree = parse(text).query().copy()
    mark = _mark_beside(tree)
    for table in _reads(tree, tables):
        # `ratings.user` must still be found once the table has another name.
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
        table.set("this", exp.Var(this=f"{mark}{TABLE}{table.name.lower()}{mark}"))
        if schema:
            table.set("db", exp.to_identifier(schema))
    if is_plain:  # of functions that DuckDB has no word for, their arguments alone
        for call in list(tree.find_all(exp.Anonymous)):
            call.set("this", "row")
    else:
        translate(tree)
    # Parameters come last, so that they are values and nothing in them is ever translated.
    if is_strict:
        compare_strictly(tree)
    for placeholder in list(tree.find_all(exp.Placeholder)):
        placeholder.replace(exp.Var(this=f"{mark}{PARAMETER}{placeholder.name}{mark}"))
    return tree.sql(dialect="duckdb", comments=False, copy=False).split(mark)


def _mark_beside(tree: exp.Expr) -> str:
    """Returns a mark that no name and no text of a query has, however it was written there."""
    parts = [node.this for node in tree.walk() if isinstance(node.this, str)]
    mark = MARK
    while any(mark in part for part in parts):
        mark += MARK
    return mark


def _reads(tree: exp.Expr, tables: Collection[str]) -> list[exp.Table]:
    found = list(tree.find_all(exp.Table))
    return [
        table
        for table in found
        if not table.db and table.name.lower() in tables and not is_cte(table)
    ]


def derived_queries(text: str) -> list[str]:
    """Returns the queries within a SELECT that yield rows to it: subqueries and WITH clauses.

    Each has the WITH clauses before it that the whole SELECT begins with.
    """
    tree = parse(text).query()
    clauses: list[exp.Expr] = list(tree.ctes)
    found = []
    for node in tree.find_all(exp.Subquery, exp.CTE):
        # A clause may read those before it; a subquery may read them all.
        known = clauses[: clauses.index(node)] if node in clauses else clauses
        query = node.this.copy()
        if known and isinstance(query, exp.Query) and not query.ctes:
            for clause in known:
                query = query.with_(clause.alias, as_=clause.this.copy(), copy=False)
        found.append(query.sql(dialect=Spark4, comments=False))
    return found


def _literal(value: object) -> str:
    written: exp.Expr
    if isinstance(value, datetime):
        written = exp.cast(exp.Literal.string(value.isoformat()), "timestamptz", dialect="duckdb")
    elif isinstance(value, float):  # a plain 0.1 would be a decimal
        written = exp.cast(exp.Literal.string(repr(value)), "double", dialect="duckdb")
    else:
        written = exp.convert(value)
    # A minus of the query may stand before it, and two of them begin a comment.
    return f"({written.sql('duckdb')})" if isinstance(written, exp.Neg) else written.sql("duckdb")
