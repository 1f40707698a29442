"""DuckDB's types by the names that Spark SQL has for them."""

SPARK_TYPES = {
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "int",
    "BIGINT": "bigint",
    "UTINYINT": "smallint",
    "USMALLINT": "int",
    "UINTEGER": "bigint",
    "UBIGINT": "decimal(20,0)",
    "HUGEINT": "decimal(38,0)",
    "FLOAT": "float",
    "DOUBLE": "double",
    "DATE": "date",
    "TIMESTAMP": "timestamp_ntz",
    "TIMESTAMP_NS": "timestamp_ntz",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    '"NULL"': "void",
}


def spark_type(kind: str) -> str:
    """Returns Spark's name of a type of DuckDB's, such as ``array<string>`` for VARCHAR[]."""
    if kind.startswith("DECIMAL") and kind.endswith(")"):
        return kind.lower()
    if kind.startswith("ENUM") and kind.endswith(")"):
        return "string"
    if kind.endswith("[]"):
        return f"array<{spark_type(kind.removesuffix('[]'))}>"
    return SPARK_TYPES.get(kind, kind.lower())
