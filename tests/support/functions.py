"""A table of edge values for the functions that a SELECT may use."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa

TEXTS = [
    None, "", "a", "abc", "Abc dE-f", " a\t", "\tb ", "a,b,,c", ",", "x.y.z", "É", "e\u0301a",
    "\U0001d4b3y", "ß", "İi", "ǆ", "ΑΣ ΑΣ", "10", "-7", "a\nb", "\u00a0n\u00a0", "Ünï 2x", "abab",
]  # fmt: skip
PARTS = [None, "", "a", "b", ",", "ab", "abc", ".", "e", " ", "\U0001d4b3"]
SMALL = [None, -2, -1, 0, 1, 2, 5]
WHOLE = [None, 0, 1, -1, 7, -7, 10, 2**31 - 1, -(2**31)]
LONG = [None, 0, 1, -1, 25, -25, 2**40, -(2**40)]
REAL = [
    None, 0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.5, 1.005, -7.25, 1e10, 1e-7, 1e20, 0.1,
    math.nan, math.inf, -math.inf,
]  # fmt: skip
EXACT = [None, *map(Decimal, ("0.00", "1.00", "-1.50", "2.50", "2.45", "-0.05", "99999999.99"))]
DAYS = [
    None, date(1970, 1, 1), date(1969, 12, 31), date(2023, 12, 31), date(2024, 2, 29),
    date(2024, 12, 30), date(2021, 1, 3), date(2026, 1, 1), date(2026, 6, 30), date(1582, 1, 1),
]  # fmt: skip
ARRAYS = [None, [], [1, 2, 3], [3, 1, None, 2, 1], [None], [-1, 5, 5], [7, None, 7]]
WORDS = [None, [], ["a", "b"], ["b", None, "a", "b"], [None, ""], ["abc", "\U0001d4b3", "B"]]
NUM_ROWS = 400


def values() -> pa.Table:
    """Returns the table: each column goes through its list over and over."""
    columns = {
        "s": (TEXTS, pa.string()),
        "p": (PARTS, pa.string()),
        "k": (SMALL, pa.int32()),
        "i": (WHOLE, pa.int32()),
        "n": (LONG, pa.int64()),
        "d": (REAL, pa.float64()),
        "e": ([*REAL[3:], *REAL[:3], 3.0, 7.5], pa.float64()),
        "f": ([None, 0.1, -2.5, 1e30, math.nan, math.inf], pa.float32()),
        "m": (EXACT, pa.decimal128(10, 2)),
        "y": ([None, True, False], pa.bool_()),
        "day": (DAYS, pa.date32()),
        "at": (_times(), pa.timestamp("us", "UTC")),
        "xs": (ARRAYS, pa.list_(pa.int32())),
        "zs": ([[3, 1], None, [1, None], [], [7]], pa.list_(pa.int32())),
        "ws": (WORDS, pa.list_(pa.string())),
    }
    table = {
        name: pa.array([cycle[row % len(cycle)] for row in range(NUM_ROWS)], kind)
        for name, (cycle, kind) in columns.items()
    }
    return pa.table({"id": pa.array(range(NUM_ROWS), pa.int32()), **table})


def _times() -> list[datetime | None]:
    odd = timedelta(hours=23, minutes=59, seconds=59, microseconds=123_456)
    days = [datetime(each.year, each.month, each.day, tzinfo=UTC) for each in DAYS if each]
    return [None, *days, *(each + odd for each in days)]
