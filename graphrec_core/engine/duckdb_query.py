"""Queries that read queries, put to DuckDB as one statement.

A view on views costs more with every level: DuckDB binds a view, and all below it, whenever
something names it. A WITH clause is bound once in the statement that it is part of, and nothing
is bound before a result is asked for.
"""

from dataclasses import dataclass

from graphrec_core.engine.duckdb_parquet import quoted


@dataclass(frozen=True)
class Query:
    """What a relation is in DuckDB.

    Attributes:
        name: A table or view of the database, or the name of the query's WITH clause.
        text: The query; empty: a table or view.
        reads: The queries whose names the text has.
    """

    name: str
    text: str = ""
    reads: tuple["Query", ...] = ()

    def statement(self) -> str:
        """Returns the statement that yields the rows."""
        # Inlined, so that filters reach the files: what is kept, the engine's caller decides.
        clauses = [
            f"{quoted(query.name)} as not materialized ({query.text})"
            for query in self._upstream({}).values()
            if query.text
        ]
        whole = f"with {', '.join(clauses)} " if clauses else ""
        return f"{whole}from {quoted(self.name)}"

    def _upstream(self, found: dict[str, "Query"]) -> dict[str, "Query"]:
        """Adds each query after those that it reads, itself last."""
        if self.name not in found:
            for query in self.reads:
                query._upstream(found)
            found[self.name] = self
        return found
