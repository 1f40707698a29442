"""Spark's functions for DuckDB: macros, each written once, by the rules of Spark with ANSI on.

A macro has the name of what it stands for with ``spark_`` before it; ``translation``
calls it by that name. Which body applies depends on the types of the arguments.
"""

import duckdb

from graphrec_core.engine.macros import casts, functions, number_texts, time_texts

__all__ = ["create_macros"]

_MACROS = (
    *number_texts.MACROS,
    *time_texts.MACROS,
    *casts.MACROS,
    *functions.PARTS,
    *functions.MACROS,
)
_OVERLOADED = {**casts.OVERLOADED, **functions.OVERLOADED}


def create_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes all macros known to a database."""
    for name, bodies in _OVERLOADED.items():
        # DuckDB checks a macro's body with parameters of no type, for which none of several
        # bodies is the right one: others are written while there is but one.
        takes = "x, scale" if "scale" in bodies else "x"
        connection.execute(f"create macro {name}({takes}) as x")
    for macro in _MACROS:
        connection.execute(f"create macro {macro}")
    for name, bodies in _OVERLOADED.items():
        connection.execute(f"create or replace macro {name}{bodies}")
