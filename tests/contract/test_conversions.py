"""Conversions mean the same on both engines: Spark's meaning, for every text."""

import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from graphrec_core.engine import Engine
from graphrec_core.errors import ConfigError, SchemaError
from tests.support.conversions import CONVERSIONS, converted, register, select
from tests.support.engines import collected
from tests.support.fuzzing import examples
from tests.support.texts import generated, listed

EXPECTED = Path(__file__).parent / "conversions.json"
"""Conversion -> text -> its value on Spark; the texts that are left out convert to null."""


@pytest.mark.spark
@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(2))
def test_both_engines_convert_every_text_alike(
    spark: Engine, duckdb: Engine, tmp_path: Path, seed: int
) -> None:
    texts = generated(examples(3000), seed)
    found, expected = (converted(each, tmp_path, texts) for each in (duckdb, spark))
    for name in CONVERSIONS:
        assert found[name] == expected[name], name
    assert all(expected[kind] for kind in ("int", "double", "boolean", "date", "timestamp"))


def test_the_listed_texts_have_their_recorded_values(engine: Engine, tmp_path: Path) -> None:
    recorded = json.loads(EXPECTED.read_text(encoding="utf-8"))
    assert converted(engine, tmp_path, listed()) == recorded


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "12.5"),
        ("bigint", "1e3"),
        ("smallint", "32768"),
        ("double", "12abc"),
        ("boolean", "on"),
        ("decimal(10,2)", "123456789.00"),
        ("date", "2026-02-30"),
        ("timestamp", "2026-01-05 24:00:00"),
        ("timestamp", "10:00"),
        ("timestamp_ntz", "2026/01/05"),
    ],
)
def test_a_strict_cast_of_another_text_is_an_error_that_names_try_cast(
    engine: Engine, tmp_path: Path, kind: str, text: str
) -> None:
    register(engine, tmp_path, pa.table({"text": [text]}))
    assert select(engine, f"try_cast(text as {kind}) as x") == [{"x": None}]
    with pytest.raises(SchemaError, match=r"edges\.e must convert every value[\s\S]*try_cast"):
        select(engine, f"cast(text as {kind}) as x")


REFUSED = {
    "cast('now' as timestamp)": "the time 'now'",
    "timestamp ' Today '": "the time ' Today '",
    "to_date('epoch')": "the time 'epoch'",
    "cast(concat('n', 'ow') as date)": "a time of the constant",
    "to_timestamp(text, 'QQ yyyy')": "the pattern 'QQ yyyy': `QQ`",
    "to_date(text, text)": "to_date with a pattern that is no text",
    "date_format(at, 'w')": "the pattern 'w': `w`",
    "try_to_timestamp(text, 'hh:mm')": "h, which needs a",
    "at > 'now'": "the time 'now'",
    "coalesce(at, ' Today ')": "the time ' Today '",
    "text::timestamp": "`::timestamp`",
    "cast(text as map<string, int>)": "a conversion to map",
}


@pytest.mark.parametrize(("call", "found"), REFUSED.items())
def test_what_engines_would_not_convert_alike_is_refused(
    engine: Engine, tmp_path: Path, call: str, found: str
) -> None:
    register(engine, tmp_path, pa.table({"text": ["a"]}))
    with pytest.raises(ConfigError, match=re.escape(found)):
        select(engine, f"{call} as x")


BEFORE_1970 = datetime(1969, 12, 31, 23, 59, 59, 500_000, UTC)
VALUES = pa.table(
    {
        "d": [1.005, -2.675, 1e10, 1e-4, 12345678.9, 100.0, -0.0, math.nan, math.inf, None],
        "i": [0, -1, 7, 2**31, 2**40 + 1, 9, 10, 11, 12, None],
        "at": [
            datetime(1969, 12, 31, 23, 59, 59, 500_000, UTC),
            datetime(2026, 1, 5, 9, tzinfo=UTC),
        ]
        * 5,
        "is_a": [True, False] * 5,
    }
)
OF_VALUES = [
    *(f"cast(d as {kind})" for kind in ("string", "double", "boolean")),
    *(f"try_cast(d as {kind})" for kind in ("tinyint", "int", "bigint", "decimal(20,2)")),
    *(f"cast(i as {kind})" for kind in ("string", "double", "boolean", "decimal(38,2)")),
    *(f"try_cast(i as {kind})" for kind in ("tinyint", "int", "decimal(4,1)")),
    "unix_micros(cast(i as timestamp))",
    "unix_micros(try_cast(d as timestamp))",
    *(f"cast(at as {kind})" for kind in ("string", "bigint", "double", "date")),
    "cast(cast(at as date) as string)",
    "cast(cast(at as timestamp_ntz) as string)",
    *(f"cast(is_a as {kind})" for kind in ("string", "int", "double", "decimal(3,1)")),
    "cast(cast(try_cast(d as decimal(20,3)) as double) as string)",
    "cast(cast(i as decimal(38,1)) as bigint)",
    "cast(array(i, 7) as array<string>)",
    "unix_timestamp(at)",
    "unix_micros(timestamp_seconds(i))",
    "unix_micros(timestamp_micros(i))",
    "date_format(at, 'dd.MM.yyyy HH:mm:ss.SSS')",
    "date_format(at, 'd MMM yy, h a')",
    "from_unixtime(i)",
    "weekday(at)",
]


@pytest.mark.spark
@pytest.mark.parametrize("call", OF_VALUES)
def test_both_engines_convert_every_value_alike(
    spark: Engine, duckdb: Engine, tmp_path: Path, call: str
) -> None:
    rows = []
    for each in (spark, duckdb):
        register(each, tmp_path, VALUES)
        rows.append(repr(select(each, f"{call} as x")))
    assert rows[0] == rows[1]


OF_AGGREGATES = {
    "timestamp_seconds(min(n))": "1970-01-01 00:00:00+00:00",
    "timestamp_millis(max(n))": "1970-01-01 00:01:26.400000+00:00",
    "unix_timestamp(max(s))": "1767607200",
    "to_date(min(s), 'yyyy-MM-dd HH:mm:ss')": "2026-01-05",
    "date_format(timestamp_seconds(max(n)), 'yyyy-MM')": "1970-01",
    "cast(sum(n) as string)": "86400",
    "try_cast(min(s) as date)": "2026-01-05",
    "timestamp_seconds(min(n) over (partition by g))": "1970-01-01 00:00:00+00:00",
}


@pytest.mark.parametrize(("call", "expected"), OF_AGGREGATES.items())
def test_what_an_aggregate_gives_is_converted_too(
    engine: Engine, call: str, expected: str
) -> None:
    """DuckDB does not know the type of an aggregate while it chooses a macro's body."""
    rows = pa.table({"g": ["a", "a"], "n": [86_400, 0], "s": ["2026-01-05 10:00:00"] * 2})
    text = f"select {call} as v from t" + ("" if " over " in call else " group by g")
    (value, *_) = collected(engine, engine.query(text, {"t": engine.from_arrow(rows)}))
    assert str(value["v"]) == expected
