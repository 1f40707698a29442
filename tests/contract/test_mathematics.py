"""Mathematical functions: the same nulls on both engines, and the same numbers within 1e-9."""

import math

import pyarrow as pa
import pytest

from graphrec_core.engine import Engine
from tests.support.engines import collected

ROWS = pa.table(
    {
        "x": [None, 0.0, -1.0, 1.0, 2.5, 1e308, math.nan, math.inf, 1e-300, -2.5, 8.0],
        "n": pa.array([None, 0, -1, 1, 2, 7, 8, 9, 3, 4, 5], pa.int64()),
    }
)
VALUES = ["exp(x)", "ln(x)", "log(x)", "log(2, x)", "log2(x)", "log10(x)", "pow(x, 2)",
          "power(x, 0.5D)", "pow(x, -1)", "pow(n, 2)", "ln(n)", "log10(n)", "exp(n)"]  # fmt: skip
GROUPS = ["stddev(n)", "stddev_samp(n)", "stddev_pop(n)", "variance(n)", "var_samp(n)",
          "var_pop(n)", "count(case when n between 1 and 3 then 1 end)"]  # fmt: skip


@pytest.mark.spark
@pytest.mark.parametrize("text", VALUES + GROUPS)
def test_both_engines_compute_the_same(spark: Engine, duckdb: Engine, text: str) -> None:
    told = "n as k, " if text in VALUES else ""
    found = []
    for engine in (spark, duckdb):
        rows = engine.query(f"select {told}{text} as v from t", {"t": engine.from_arrow(ROWS)})
        found.append((engine.schema(rows)["v"], [row["v"] for row in collected(engine, rows)]))
    (one_type, one), (other_type, other) = found
    assert one_type == other_type
    assert [value is None for value in other] == [value is None for value in one]
    known = [[value for value in part if value is not None] for part in (other, one)]
    assert known[0] == pytest.approx(known[1], rel=1e-9, abs=1e-9, nan_ok=True)


def test_what_has_no_logarithm_is_null(duckdb: Engine) -> None:
    rows = duckdb.query("select ln(n) as v from t", {"t": duckdb.from_arrow(ROWS)})
    found = [row["v"] for row in collected(duckdb, rows)]
    assert found.count(None) == 3  # of null, 0 and -1
    assert max(value for value in found if value is not None) == pytest.approx(math.log(9))
