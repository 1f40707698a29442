"""DuckDB locked down: it opens what it was told to, and its own parser judges every SELECT."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import duckdb
from sqlglot import exp

from graphrec_core.engine.syntax import nodes_of
from graphrec_core.selects.selects import CONSTANTS, refuse

SETTINGS = {
    "python_enable_replacements": "false",  # names would reach variables of this process
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "enable_external_access": "false",
    "lock_configuration": "true",
}
NO_USER = "the source has no column user"
OWN_MACRO = f"create macro \"user\"() as error('{NO_USER}')"
"""DuckDB takes `user` for a function of its own, even quoted, where no column has that name."""
EXPLODE = "unnest"
TEXT = re.compile("'[^']*'")
REFUSED_KINDS = {"SHOW_REF", "PIVOT", "AT_CLAUSE", "PARAMETER", "RECURSIVE_CTE_NODE"}


def lock(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[str], folders: Sequence[str]
) -> None:
    """Closes every way out of a database, for good.

    Args:
        connection: Any connection of it.
        paths: The files that may be opened.
        folders: The folders in which files may be read and written.
    """
    connection.execute(f"set allowed_paths = {_texts(paths)}")
    connection.execute(f"set allowed_directories = {_texts(folders)}")
    for name, value in SETTINGS.items():
        connection.execute(f"set {name} = {value}")


def unsteady_functions(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Returns the functions whose value depends on more than their arguments.

    A macro has no such mark of its own: it is as unsteady as what it calls.
    """
    rows = connection.execute(
        "select function_name, stability, coalesce(macro_definition, '') from duckdb_functions() "
        "where function_type in ('scalar', 'aggregate', 'macro')"
    ).fetchall()
    found = {name for name, stability, _ in rows if stability not in (None, "CONSISTENT")}
    found = (found | CONSTANTS) - {"error"}  # it ends the query
    while True:
        mention = re.compile(rf"\b({'|'.join(map(re.escape, sorted(found)))})\b")
        more = {name for name, _, text in rows if mention.search(TEXT.sub("", text))} - found
        if not more:
            return frozenset(found)
        found |= more


@cache
def unsteady_of_duckdb() -> frozenset[str]:
    """Returns those of every database: no macro of this room adds to them."""
    with duckdb.connect() as connection:
        return unsteady_functions(connection)


class Judge:
    """Refuses a text in which DuckDB's parser reads more than a query over given tables.

    Args:
        connection: A connection of the database.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def check(self, where: str, text: str, schema: str, tables: Collection[str]) -> None:
        """Checks DuckDB's words for a SELECT of the YAML.

        Args:
            where: The key that holds it.
            text: SQL of DuckDB.
            schema: The schema of ``tables``.
            tables: The tables that it may read, besides those of its WITH clauses.

        Raises:
            ConfigError: It is more than that.
            duckdb.Error: It is not SQL.
        """
        statements = self._connection.extract_statements(text)
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            kinds = ", ".join(statement.type.name for statement in statements)
            refuse(where, f"the statements {kinds}", "Keep one SELECT.")
        row = self._connection.execute("select json_serialize_sql($text)", {"text": text})
        (written,) = row.fetchone() or ("{}",)
        nodes = list(nodes_of(written))
        ctes = {name for node in nodes for name in _cte_names(node)}
        for node in nodes:
            self._check_node(where, node)
            if node.get("type") == "BASE_TABLE":
                name, owner = node["table_name"], node["schema_name"]
                is_cte = not owner and name.lower() in ctes
                is_known = name in tables if owner == schema else is_cte
                if node["catalog_name"] or not is_known:
                    refuse(where, f"the table {name}", "Select from source.tables.")

    def _check_node(self, where: str, node: Mapping[str, Any]) -> None:
        if node.get("type") in REFUSED_KINDS or node.get("error"):
            refuse(where, str(node.get("type") or node.get("error_message")), "Leave it out.")
        if node.get("type") == "TABLE_FUNCTION":
            name = node["function"].get("function_name")
            if name != EXPLODE:
                refuse(where, f"the table function {name}", "Select from source.tables.")
        name = str(node.get("function_name", ""))
        if node.get("class") == "COLUMN_REF" and node["column_names"][0].lower() in CONSTANTS:
            (name, *_) = node["column_names"]
        is_qualified = node.get("class") == "FUNCTION" and node["schema"]
        if is_qualified or name.lower() in unsteady_of_duckdb():
            refuse(where, f"the function {name}", "Use columns of the table only.")


def _texts(values: Sequence[str]) -> str:
    """Writes a list of texts."""
    return f"[{', '.join(exp.Literal.string(value).sql('duckdb') for value in values)}]"


def _cte_names(node: Mapping[str, Any]) -> Iterator[str]:
    entries = node.get("cte_map", {}).get("map", [])
    yield from (entry["key"].lower() for entry in entries)
