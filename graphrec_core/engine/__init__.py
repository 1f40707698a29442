"""Engines: sessions that run the queries of ``sql/``."""

from graphrec_core.engine.queries import load_query
from graphrec_core.engine.spark import Relation, SparkEngine, open_engine

__all__ = ["Relation", "SparkEngine", "load_query", "open_engine"]
