from tests.support.spark import engine  # noqa: F401  (a fixture)
