from tests.support.engines import spark  # noqa: F401  (a fixture)
