"""Edge features: the further columns of an events table that ``source.edges`` names, as numbers.

What the YAML does not name is left out of the snapshot: an aggregation is chosen, never guessed. A
value that is no number below ``LARGEST`` says nothing, as a null does; true is 1 and false 0.
"""

from collections.abc import Mapping

from graphrec_core.config.source import Aggregation
from graphrec_core.engine.queries import quoted
from graphrec_core.errors import SchemaError
from graphrec_core.intake.canonical import (
    COLUMNS,
    NUMBER_TYPES,
    SNAPSHOT_COLUMNS,
    TableKind,
    TableName,
)

LARGEST = "1e15"
"""Numbers of events stay below it, so that sums of them are exact."""
TYPES = (*NUMBER_TYPES, "boolean", "void")
TAKEN = frozenset(
    {
        *SNAPSHOT_COLUMNS,
        *(column.name for column in COLUMNS[TableKind.EDGES]),
        "crosses_border",
        "dst_region",
        "first_event_time",
        "last_known_at",
        "region",
        "src_region",
    }
)
"""Names that mean something else among edges."""


def fit_edge_features(
    table: TableName, schema: Mapping[str, str], features: Mapping[str, Aggregation]
) -> list[str]:
    """Writes the parts of a projection that turn an events table's features into doubles.

    Args:
        table: The canonical table.
        schema: Column name -> SQL type of the SELECT's result.
        features: What ``source.edges.<etype>.features`` says.

    Raises:
        SchemaError: The SELECT lacks a column, or yields one that is neither numbers nor
            booleans, or its name is one of the snapshot's own.
    """
    found = {name.lower(): name for name in schema}
    for name in sorted(features):
        _check_name(table, name)
        if name.lower() not in found:
            raise SchemaError(
                must=f"{table} must have the column `{name}`, which its `features` name.",
                found=f"the columns {', '.join(sorted(schema))}",
                fix=f"Select it as `{name}` in {_key(table)}.select, or leave it out of "
                f"{_key(table)}.features.",
            )
        _check_type(table, name, schema[found[name.lower()]])
    return [_part(found[name.lower()], name) for name in sorted(features)]


def undeclared(
    table: TableName, schema: Mapping[str, str], features: Mapping[str, Aggregation]
) -> list[str]:
    """Lists the columns of a SELECT that no key of the YAML takes into the snapshot, sorted."""
    used = {column.name for column in COLUMNS[table.kind]} | set(map(str.lower, features))
    return sorted(name for name in schema if name.lower() not in used)


def _part(column: str, name: str) -> str:
    value = f"cast({quoted(column)} as double)"
    # Adding zero makes one zero of the two that floats have.
    return f"case when abs({value}) < {LARGEST}D then {value} + 0D end as {quoted(name)}"


def _check_name(table: TableName, name: str) -> None:
    if name.lower() in TAKEN:
        raise SchemaError(
            must=f"{table} must not name a feature like a column of the snapshot.",
            found=f"`{name}` in {_key(table)}.features",
            fix=f"Select it under another name, for example {name}_feature.",
        )


def _check_type(table: TableName, name: str, found: str) -> None:
    if found.partition("(")[0] not in TYPES:
        raise SchemaError(
            must=f"{table} column `{name}` is a feature: it must hold numbers or booleans.",
            found=f"the type {found}",
            fix=f"Convert it in {_key(table)}.select, for example try_cast({name} as double), or "
            f"{name} = '...' as is_... for each value that matters.",
        )


def _key(table: TableName) -> str:
    return f"source.{table.kind}.{table.name}"
