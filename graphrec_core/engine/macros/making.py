"""Makes the macros of a database when a query first calls them."""

import re
from functools import cache

import duckdb

from graphrec_core.engine.macros import casts, functions, number_texts, time_texts

CHECKED = "checked"
"""Schema of what stands for macros of several bodies while others are checked."""
_OVERLOADED = {**casts.OVERLOADED, **functions.OVERLOADED}
_WRITTEN = (
    *number_texts.MACROS,
    *time_texts.MACROS,
    *casts.MACROS,
    *functions.PARTS,
    *functions.MACROS,
    *(name + bodies for name, bodies in _OVERLOADED.items()),
)
"""Each comes after what it is made of."""
_DEFINITIONS = {macro.partition("(")[0]: macro for macro in _WRITTEN}
NAMES = frozenset(_DEFINITIONS)
_NAME = re.compile(r"\bspark_\w+", re.IGNORECASE)


class Macros:
    """The macros of one database, each made once a query needs it: all take a tenth of a second.

    DuckDB checks a new macro's body with parameters of no type, for which none of several bodies
    is the right one. So while macros are made, a name of several bodies stands for one.

    Args:
        connection: A connection of the database, not locked yet.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection.cursor()
        self._connection.execute(f"create schema {CHECKED}")
        self._connection.execute(f"set search_path = '{CHECKED},main'")
        self._made = set[str]()

    def make(self, text: str) -> None:
        """Makes what a text of DuckDB's SQL calls, and what that is made of."""
        missing = _with_parts(_named(text)) - self._made
        for name in sorted(missing & _OVERLOADED.keys()):
            takes = "x, scale" if "scale" in _OVERLOADED[name] else "x"
            self._connection.execute(f"create or replace macro {CHECKED}.{name}({takes}) as x")
        for name, macro in _DEFINITIONS.items():
            if name in missing:
                self._connection.execute(f"create or replace macro main.{macro}")
        self._made |= missing


def _named(text: str) -> frozenset[str]:
    return NAMES.intersection(name.lower() for name in _NAME.findall(text))


@cache
def _with_parts(names: frozenset[str]) -> frozenset[str]:
    """Adds what macros are made of."""
    found = names.union(*(_named(_DEFINITIONS[name]) for name in names))
    return found if found == names else _with_parts(found)
