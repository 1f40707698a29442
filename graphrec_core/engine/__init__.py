"""Engines: sessions that run the queries of ``sql/``."""

from graphrec_core.engine.engine import Engine, Partition, Relation
from graphrec_core.engine.opening import open_engine
from graphrec_core.engine.queries import load_query

__all__ = ["Engine", "Partition", "Relation", "load_query", "open_engine"]
