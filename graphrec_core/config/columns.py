"""Which columns a SELECT of the YAML yields, as far as its text and the YAML tell."""

from collections.abc import Mapping

from sqlglot import exp

from graphrec_core.config.source import TableConfig
from graphrec_core.config.spark_sql import parse

OTHERS = "*"
"""Stands for the columns of a star that only the data know."""
_UNKNOWN = frozenset({OTHERS})
_Known = Mapping[str, frozenset[str]]
"""Table, or query of a WITH clause -> its columns."""


def columns_of(select: str, tables: Mapping[str, TableConfig]) -> frozenset[str]:
    """Names the columns that a SELECT yields, in lower case.

    A star stands for what it selects from: another query of the SELECT, or a CSV table whose
    columns the YAML names. Of what is no query none are named: ``check_selects`` refuses it.

    Args:
        select: The SELECT, in Spark SQL.
        tables: The declared tables.

    Returns:
        Names; ``OTHERS`` among them where there are more that the YAML does not tell.
    """
    try:
        query = parse(select).query()
    except Exception:  # also what sqlglot's functions raise at arguments they did not expect
        return frozenset()
    declared = {
        name: frozenset(map(str.lower, table.columns)) or _UNKNOWN
        for name, table in tables.items()
    }
    return _of_query(query, declared)


def _of_query(query: exp.Expr, known: _Known) -> frozenset[str]:
    if clause := query.args.get("with_"):
        for cte in clause.expressions:
            known = {**known, cte.alias.lower(): _renamed(cte) or _of_query(cte.this, known)}
    if isinstance(query, exp.Subquery | exp.SetOperation):
        return _of_query(query.this, known)  # a union has the names of its first query
    if not isinstance(query, exp.Select):
        return _UNKNOWN
    columns = query.expressions
    named = {column.output_name.lower() for column in columns if not column.is_star}
    return frozenset(named).union(
        *(_of_star(column, query, known) for column in columns if column.is_star)
    )


def _of_star(star: exp.Expr, query: exp.Select, known: _Known) -> frozenset[str]:
    """Names what ``*``, or ``t.*``, stands for."""
    whose = star.table.lower() if isinstance(star, exp.Column) else ""
    leaves_out = any((star.this if whose else star).args.values())
    if leaves_out or query.args.get("laterals"):
        return _UNKNOWN
    meant = [origin for origin in _origins(query) if whose in ("", origin.alias_or_name.lower())]
    if not meant or star.args.get("db"):  # the fields of a struct
        return _UNKNOWN
    return frozenset().union(*(_of_origin(origin, known) for origin in meant))


def _origins(query: exp.Select) -> list[exp.Expr]:
    """Returns what a query takes columns from: not what it only looks for rows in."""
    clauses = [query.args.get("from_"), *query.args.get("joins", ())]
    return [one.this for one in clauses if one and one.args.get("kind") not in ("SEMI", "ANTI")]


def _of_origin(origin: exp.Expr, known: _Known) -> frozenset[str]:
    if origin.args.get("pivots") or origin.args.get("joins"):
        return _UNKNOWN
    if renamed := _renamed(origin):
        return renamed
    if isinstance(origin, exp.Subquery):
        return _of_query(origin.this, known)
    return known.get(origin.name.lower(), _UNKNOWN)


def _renamed(origin: exp.Expr) -> frozenset[str]:
    """Names the columns that an alias lists, as ``t(a, b)`` does; or none."""
    return frozenset(map(str.lower, origin.alias_column_names))
