"""The canonical tables: their columns and types, and how a SELECT is fitted to them.

nodes/<ntype>     node_id · valid_from · valid_to? · known_at? · is_deleted? · region? ·
                  latitude?, longitude? · title? (shown to people, never a feature) · features
edges/<etype>     src · dst · event_time · event_id? · known_at? · is_deleted? · weight? ·
                  the features that source.edges.<etype>.features names
features/<ntype>  node_id · effective_at · known_at? · is_deleted? · features

Their names match in any case. A further column whose name is close to one is refused: as a feature
or left out it would be misread, and a misread ``known_at`` lets the future in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from graphrec_core.engine.queries import quoted
from graphrec_core.errors import SchemaError
from graphrec_core.intake.near_names import is_plural, near_name

TIME_TYPES = ("timestamp", "timestamp_ntz", "date")
INTEGER_TYPES = ("tinyint", "smallint", "int", "bigint")
NUMBER_TYPES = (*INTEGER_TYPES, "float", "double", "decimal")
ID_TYPES = ("string", *INTEGER_TYPES)
FEATURE_TYPES = (*NUMBER_TYPES, "boolean", "string", "array<string>")


class TableKind(StrEnum):
    """The three kinds of canonical table."""

    NODES = "nodes"
    EDGES = "edges"
    FEATURES = "features"


@dataclass(frozen=True)
class CanonicalColumn:
    """A canonical column.

    Attributes:
        name: Its name.
        sql_type: The type it is cast to.
        accepts: The types a SELECT may yield.
        default: SQL expression where a SELECT leaves it out; None: it is required.
        is_null_if_blank: A text of spaces alone says nothing.
    """

    name: str
    sql_type: str
    accepts: tuple[str, ...]
    default: str | None = None
    is_null_if_blank: bool = False


_IS_DELETED = CanonicalColumn("is_deleted", "boolean", ("boolean",), "false")

COLUMNS: dict[TableKind, tuple[CanonicalColumn, ...]] = {
    TableKind.NODES: (
        CanonicalColumn("node_id", "string", ID_TYPES),
        CanonicalColumn("valid_from", "timestamp", TIME_TYPES),
        CanonicalColumn("valid_to", "timestamp", TIME_TYPES, "null"),
        CanonicalColumn("known_at", "timestamp", TIME_TYPES, "valid_from"),
        _IS_DELETED,
        CanonicalColumn("region", "string", ID_TYPES, "null"),
        CanonicalColumn("latitude", "double", NUMBER_TYPES, "null"),
        CanonicalColumn("longitude", "double", NUMBER_TYPES, "null"),
        CanonicalColumn("title", "string", ID_TYPES, "null"),
    ),
    TableKind.EDGES: (
        CanonicalColumn("src", "string", ID_TYPES),
        CanonicalColumn("dst", "string", ID_TYPES),
        CanonicalColumn("event_time", "timestamp", TIME_TYPES),
        CanonicalColumn("event_id", "string", ID_TYPES, "null", is_null_if_blank=True),
        CanonicalColumn("known_at", "timestamp", TIME_TYPES, "event_time"),
        _IS_DELETED,
        CanonicalColumn("weight", "double", NUMBER_TYPES, "1"),
    ),
    TableKind.FEATURES: (
        CanonicalColumn("node_id", "string", ID_TYPES),
        CanonicalColumn("effective_at", "timestamp", TIME_TYPES),
        CanonicalColumn("known_at", "timestamp", TIME_TYPES, "effective_at"),
        _IS_DELETED,
    ),
}

SNAPSHOT_COLUMNS = frozenset(
    {
        "home_region",
        "role",
        "is_active",
        "is_candidate",
        "num_events",
        "last_event_time",
        "features_effective_at",
        "features_known_at",
        "bad_because",
        "reject_reason",
        "row_text",
        "graph_region",
        "view_name",
        "copy_number",
        "row_age",
        "version_age",
        "effective_age",
    }
)
"""Names that a snapshot gives to columns of its own; no feature may have one."""


@dataclass(frozen=True)
class TableName:
    """Names one canonical table, e.g. ``edges/visited``."""

    kind: TableKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def view(self) -> str:
        """Its name in SQL."""
        return f"{self.kind}_{self.name}"


def feature_columns(table: TableName, schema: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the columns of a SELECT that are features: all that are not canonical.

    Those of edges are not found but named (see ``graphrec_core.intake.edge_features``).
    """
    if table.kind is TableKind.EDGES:
        return ()
    return _further(COLUMNS[table.kind], schema)


def has_column(schema: Mapping[str, str], name: str) -> bool:
    """Says whether a SELECT's result has a canonical column, whatever the case of its letters."""
    return name in map(str.lower, schema)


def _further(columns: Sequence[CanonicalColumn], schema: Mapping[str, str]) -> tuple[str, ...]:
    canonical = {column.name for column in columns}
    return tuple(sorted(name for name in schema if name.lower() not in canonical))


HOME_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "column": ("region",),
    "coordinates": ("latitude", "longitude"),
}
"""Home rule -> the columns of a node table that it needs."""


def fit(table: TableName, schema: Mapping[str, str], home: str = "") -> str:
    """Writes the projection that fits a SELECT's result to its canonical table.

    Args:
        table: The canonical table.
        schema: Column name -> SQL type of the SELECT's result.
        home: How a node type finds its home; its columns are required.

    Returns:
        A SELECT list: the canonical columns in order, then the features by name.

    Raises:
        SchemaError: A required column is missing, a column has a wrong type, or a further one a
            name close to a canonical one.
    """
    _refuse_near(str(table), COLUMNS[table.kind], schema)
    _require_home(table, schema, home)
    parts = [_fit_column(str(table), column, schema) for column in COLUMNS[table.kind]]
    for name in feature_columns(table, schema):
        _check_name(table, name)
        feature = CanonicalColumn(name, "double", FEATURE_TYPES, "null")
        _check_type(str(table), feature, schema[name])
        parts.append(_feature(name, schema[name]))
    return ",\n    ".join(parts)


def row_text(schema: Mapping[str, str]) -> str:
    """Writes the SQL expression of a text that holds all values of a fitted row.

    It orders rows whose key and ``known_at`` are equal, in the same way on every engine. Numbers
    enter with nine decimal places.

    Args:
        schema: Column name -> SQL type of the fitted rows.
    """
    parts = [f"coalesce({_text_of(name, kind)}, '')" for name, kind in sorted(schema.items())]
    return f"concat_ws('|', {', '.join(parts)})"


def _require_home(table: TableName, schema: Mapping[str, str], home: str) -> None:
    if missing := [name for name in HOME_COLUMNS.get(home, ()) if not has_column(schema, name)]:
        raise SchemaError(
            must=f"{table} must have the column `{missing[0]}`, since `region` finds its homes by "
            f"{home}.",
            found=f"the columns {', '.join(sorted(schema))}",
            fix=f"Select it as `{missing[0]}` in {_key(str(table))}, or choose another rule, such "
            "as from_events.",
        )


def _text_of(name: str, sql_type: str) -> str:
    column = quoted(name)
    if sql_type == "timestamp":
        return f"cast(unix_micros({column}) as string)"
    if sql_type == "double":
        return f"cast(try_cast({column} as decimal(38, 9)) as string)"
    if sql_type == "array<string>":
        return f"array_join({column}, ',')"
    return f"cast({column} as string)"


def _fit_column(table: str, column: CanonicalColumn, schema: Mapping[str, str]) -> str:
    name = next((name for name in schema if name.lower() == column.name), None)
    if name is None:
        if column.default is None:
            raise SchemaError(
                must=f"{table} must have the column `{column.name}` ({column.sql_type}).",
                found=f"the columns {', '.join(sorted(schema))}",
                fix=f"Select it as `{column.name}` in {_key(table)}.",
            )
        return f"cast({column.default} as {column.sql_type}) as {column.name}"
    if schema[name] != "void":  # a column of nulls alone has no type of its own
        _check_type(table, replace(column, name=name), schema[name])
    value = f"cast({name} as {column.sql_type})"
    if column.is_null_if_blank:
        value = f"case when trim({value}) <> '' then {value} end"
    if column.default not in (None, "null"):
        value = f"coalesce({value}, cast({column.default} as {column.sql_type}))"
    return f"{value} as {column.name}"


def _refuse_near(
    table: str, columns: Sequence[CanonicalColumn], schema: Mapping[str, str]
) -> None:
    canonical = [column.name for column in columns]
    taken = [name for name in canonical if has_column(schema, name)]
    for name in _further(columns, schema):
        near = near_name(name, canonical, taken)
        if near is None or (table.startswith(TableKind.NODES) and is_plural(name, near)):
            continue
        raise SchemaError(
            must=f"{table} must not have a column with a name close to `{near}`.",
            found=f"the column `{name}`",
            fix=f"Is it meant? Select it as `{near}` in {_key(table)}. If not, leave it out of "
            "the SELECT, or select it under a name of its own.",
        )


def _check_type(table: str, column: CanonicalColumn, found: str) -> None:
    if found.partition("(")[0] in column.accepts:
        return
    raise SchemaError(
        must=f"{table} column `{column.name}` must be one of: {', '.join(column.accepts)}.",
        found=f"the type {found}",
        fix=f"Convert it in {_key(table)}, for example {_conversion(column, found)}; "
        f"{_unconverted(column.default)}.",
    )


def _conversion(column: CanonicalColumn, found: str) -> str:
    """Writes the call that makes the column's type of the type that was found."""
    name = column.name
    if column.sql_type != "timestamp":
        return f"try_cast({name} as {column.sql_type})"
    if found in INTEGER_TYPES:
        return f"timestamp_seconds({name}), or timestamp_millis or timestamp_micros by its unit"
    return f"try_to_timestamp({name})"


def _unconverted(default: str | None) -> str:
    """Says what becomes of a row whose value cannot be converted."""
    if default is None:
        return "rows that cannot be converted become null and go to quarantine"
    counts = "" if default == "null" else f", which counts as {default}"
    return f"what cannot be converted becomes null{counts}"


def _key(table: str) -> str:
    return f"source.{table.replace('/', '.')}"


def _check_name(table: TableName, name: str) -> None:
    """Refuses a feature whose name means something else; Spark ignores upper and lower case."""
    taken = SNAPSHOT_COLUMNS | {column.name for column in COLUMNS[TableKind.NODES]}
    if name.lower() in taken:
        raise SchemaError(
            must=f"{table} must not name a feature like a column of the snapshot.",
            found=f"the column `{name}`",
            fix=f"Rename it in source.{table.kind}.{table.name}, for example {name}_feature.",
        )


def _feature(name: str, sql_type: str) -> str:
    column = quoted(name)
    if sql_type.partition("(")[0] in NUMBER_TYPES:
        return f"cast({column} as double) as {column}"
    return column
