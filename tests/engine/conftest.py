from tests.support.engines import engine, own_duckdb, spark  # noqa: F401  (fixtures)
