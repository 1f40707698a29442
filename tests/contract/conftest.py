from tests.support.engines import duckdb, engine, spark  # noqa: F401  (fixtures)
