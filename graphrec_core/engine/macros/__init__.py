"""Spark's functions for DuckDB: macros, each written once, by the rules of Spark with ANSI on.

A macro has the name of what it stands for with ``spark_`` before it; ``translation``
calls it by that name. Which body applies depends on the types of the arguments.
"""

from graphrec_core.engine.macros.making import NAMES, Macros

__all__ = ["NAMES", "Macros"]
