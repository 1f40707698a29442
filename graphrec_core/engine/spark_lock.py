"""Spark locked down: settings that close doors, and its own parser judges every SELECT."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from graphrec_core.engine.syntax import nodes_of
from graphrec_core.selects.functions import ALLOWED, REFUSED
from graphrec_core.selects.selects import refuse

LOCKED = {
    "spark.sql.runSQLOnFiles": "false",  # no parquet.`/path`
    "spark.sql.variable.substitute": "false",  # no ${name}
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",  # texts are read as they were judged
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.caseSensitive": "false",
}
"""Settings that ``snapshot.spark_settings`` cannot change."""
PLANS = {
    "Aggregate", "Deduplicate", "Distinct", "Except", "Filter", "Generate", "GlobalLimit",
    "Intersect", "Join", "LateralJoin", "LocalLimit", "LocalRelation", "Offset",
    "OneRowRelation", "OneRowRelation$", "Project", "Sort", "SubqueryAlias", "Union",
    "UnresolvedWith", "WithWindowDefinition",
}  # fmt: skip
"""Parts of a query that only reads; commands, scripts, inserts and hints are others."""
OPERATORS = frozenset(["between"])
"""What Spark's parser makes a function of."""
REFUSED_PARTS = {
    "ExpressionWithUnresolvedIdentifier", "NamedParameter", "PlanWithUnresolvedIdentifier",
    "PosParameter", "RelationTimeTravel", "UnresolvedIdentifier", "UnresolvedTVFAliases",
    "UnresolvedTableValuedFunction",
}  # fmt: skip


def judge(session: SparkSession, where: str, text: str, tables: Collection[str]) -> None:
    """Refuses a text in which Spark's parser reads more than a query over given tables.

    Args:
        session: A running session; the text is not run.
        where: The key of the YAML that holds it.
        text: Spark SQL.
        tables: The tables that it may read, besides those of its WITH clauses.

    Raises:
        ConfigError: It is more than that.
        pyspark.errors.ParseException: It is not SQL.
    """
    parser = session._jsparkSession.sessionState().sqlParser()
    nodes = list(nodes_of(parser.parsePlan(text).toJSON()))
    ctes = {name.lower() for node in nodes for name in _cte_names(node)}
    for node in nodes:
        package, _, kind = str(node.get("class", "")).rpartition(".")
        is_plan = package.endswith((".plans.logical", ".execution.command", ".datasources"))
        if kind in REFUSED_PARTS or (is_plan and kind not in PLANS):
            refuse(where, f"Spark's {kind}", "Keep one SELECT over source.tables.")
        if kind == "UnresolvedRelation":
            name = _name(node["multipartIdentifier"])
            if name not in tables and name not in ctes:
                refuse(where, f"the table {name}", "Select from source.tables.")
        for name in _called(kind, node):
            if name not in ALLOWED and name not in OPERATORS:
                refuse(where, f"the function {name}", "Use columns of the table only.")


def takes_user_for_a_function(rows: DataFrame) -> bool:
    """Says whether ``user`` is the session's: Spark reads it so where no column has that name."""
    nodes = nodes_of(rows._jdf.queryExecution().analyzed().toJSON())
    return any(str(node.get("class", "")).endswith(".CurrentUser") for node in nodes)


def _called(kind: str, node: Mapping[str, Any]) -> Iterator[str]:
    if kind == "UnresolvedFunction":
        name = _name(node["nameParts"])
        yield name if node["arguments"] or f"{name}()" not in REFUSED else f"{name}()"
    elif kind == "UnresolvedGenerator":
        yield str(node["name"]["funcName"]).lower()


def _cte_names(node: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(relation["_1"]) for relation in node.get("cteRelations") or ())


def _name(parts: str) -> str:
    """Reads Spark's list of a name's parts; a qualified name is none of ours."""
    return parts.removeprefix("[").removesuffix("]").lower()
