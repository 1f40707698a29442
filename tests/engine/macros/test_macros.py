"""The macros by themselves: values worked out by hand, and Python's calendar as a reference."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import pytest

from graphrec_core.engine.macros import NAMES, Macros
from graphrec_core.engine.odd_texts import odd_fixed, odd_real, region_seconds, register_odd_texts

HOUR = 3_600_000_000


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        register_odd_texts(connection)
        Macros(connection).make(" ".join(NAMES))
        yield connection


def value(database: duckdb.DuckDBPyConnection, call: str) -> object:
    row = database.execute(f"select {call}").fetchone()
    assert row is not None
    return row[0]


def made(names: list[str]) -> list[tuple[object, ...]]:
    """Returns the macros of a database in which each was asked for alone, one after the other."""
    with duckdb.connect() as connection:
        register_odd_texts(connection)
        macros = Macros(connection)
        for name in names:
            macros.make(f"select {name}(1)")
        return connection.execute(
            "select function_name, parameters::text, macro_definition from duckdb_functions() "
            "where schema_name = 'main' and function_type = 'macro' and "
            "starts_with(function_name, 'spark_') order by all"
        ).fetchall()


def test_in_whatever_order_they_are_asked_for_macros_are_the_same() -> None:
    names = sorted(NAMES)
    first = made(names)
    assert {name for name, *_ in first} == NAMES
    for seed in range(3):
        random.Random(seed).shuffle(names)
        assert made(names) == first


def test_nothing_is_made_that_is_not_asked_for() -> None:
    with duckdb.connect() as connection:
        macros = Macros(connection)
        macros.make("select spark_isnull(SPARK_TRY_INT(x)), spark_of_nobody(x) from t")
        names = "select function_name from duckdb_functions() where function_name like 'spark%'"
        assert {name for (name,) in connection.execute(names).fetchall()} == {
            "spark_isnull",
            "spark_try_int",
            "spark_try_int_of",
            "spark_text_to_int",
        }


def test_days_are_those_of_pythons_calendar(database: duckdb.DuckDBPyConnection) -> None:
    rng = random.Random(1)
    for _ in range(300):
        day = date.min + timedelta(rng.randrange((date.max - date.min).days))
        call = f"spark_days({day.year}::bigint, {day.month}::bigint, {day.day}::bigint)"
        assert value(database, call) == (day - date(1970, 1, 1)).days


@pytest.mark.parametrize("day", ["2026, 2, 29", "1900, 2, 29", "2026, 4, 31", "2026, 0, 1"])
def test_no_such_day_is_null(database: duckdb.DuckDBPyConnection, day: str) -> None:
    numbers = ", ".join(f"{number}::bigint" for number in day.split(", "))
    assert value(database, f"spark_days({numbers})") is None


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("spark_shift('+1')", 3600),
        ("spark_shift('-0330')", -12_600),
        ("spark_shift('+01:00:30')", 3630),
        ("spark_shift('+18:01')", None),
        ("spark_cast_varchar(1e10::double)", "1.0E10"),
        ("spark_cast_varchar(0.00012::double)", "1.2E-4"),
        ("spark_cast_varchar(12345678.9::double)", "1.23456789E7"),
        ("spark_cast_varchar(1.50::decimal(5, 2))", "1.50"),
        ("spark_cast_int(-1.9::double)", -1),
        ("spark_try_int('12.5')", None),
        ("spark_try_bigint(null)", None),
        (
            "spark_text_to_timestamptz('2026-07-01 02:00:00 Europe/Berlin') "
            "= timestamptz '2026-07-01 00:00:00+00'",
            True,
        ),
        ("spark_text_to_timestamptz('445000-01-01 00:00:00 Europe/Berlin')", None),
        ("spark_text_to_timestamp('445000-01-01 00:00:00 Europe/Berlin')", None),
        ("spark_text_to_timestamptz('445000-01-01 00:00:00 +01:00')", None),
    ],
)
def test_a_macro_has_its_value(
    database: duckdb.DuckDBPyConnection, call: str, expected: object
) -> None:
    assert value(database, call) == expected


def test_a_table_called_like_a_parameter_changes_nothing(
    database: duckdb.DuckDBPyConnection,
) -> None:
    rows = "(select '2026-1-5' as x, 'y' as y, 'm' as m, 't' as t) as t"
    row = database.execute(f"select spark_try_date(x) from {rows}").fetchone()
    assert row == (date(2026, 1, 5),)


def test_a_skipped_time_counts_as_before_the_change_and_one_shown_twice_as_the_first() -> None:
    def offset(day: date, hour: float) -> int | None:
        micros = (day - date(1970, 1, 1)).days * 24 * HOUR + int(hour * HOUR)
        return region_seconds("Europe/Amsterdam", micros)

    assert offset(date(2026, 3, 29), 2.5) == 3600
    assert offset(date(2026, 3, 29), 3) == 7200
    assert offset(date(2026, 10, 25), 2.5) == 7200
    assert offset(date(2026, 10, 25), 3) == 3600
    assert region_seconds("europe/amsterdam", 0) is None
    assert region_seconds("../zones", 0) is None


def test_hexadecimal_numbers_are_exact() -> None:
    assert float(odd_real("0x1.8p1") or "") == 3
    assert float(odd_real("-0x.8p0d") or "") == -0.5
    assert float(odd_real("0x1p99999") or "") == float("inf")
    assert odd_real("0x10") is None


def test_a_fixed_number_is_rounded_half_up() -> None:
    assert odd_fixed("1234.5e-2", 2) == "12.35"
    assert odd_fixed("-1.005", 2) == "-1.01"
    assert odd_fixed("0.0049", 2) == "0.00"
    assert odd_fixed("\N{FULLWIDTH DIGIT ONE}e1", 0) == "10."
    assert odd_fixed("1e38", 0) is None
