"""Spark SQL in DuckDB's words: names bound, parameters as literals, nothing injected."""

from datetime import UTC, datetime

import duckdb
import pytest
from sqlglot.errors import ParseError

from graphrec_core.engine.dialect import to_duckdb


def value_of(parameter: object) -> object:
    """What DuckDB makes of a bound parameter."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        row = connection.execute(to_duckdb("select :x as x", {}, {"x": parameter})).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        0,
        -3,
        2**40,
        0.1,
        1e300,
        -2.5,
        "",
        "plain",
        "x' or '1'='1",
        'say "hi"; drop table t; --',
        "back\\slash",
        "line\nbreak",
        ":x",
        "São Paulo %20",
    ],
)
def test_a_parameter_is_its_value(value: object) -> None:
    found = value_of(value)
    assert found == value
    assert type(found) is type(value)


def test_a_text_is_translated_anew_for_other_names_and_values() -> None:
    text = "select t.a + :x as `a\x1f`, :y as y, '\x1fty\x1f' as z from t"
    expected = "SELECT t.a + {} AS \"a\x1f\", {} AS y, '\x1fty\x1f' AS z FROM {} AS t"
    found = to_duckdb(text, {"t": "one"}, {"x": 1, "y": "\x1f"})
    assert found == expected.format("1", "'\x1f'", '"one"')
    found = to_duckdb(text, {"t": 't"wo'}, {"x": -2, "y": "it's"})
    assert found == expected.format("(-2)", "'it''s'", '"t""wo"')


@pytest.mark.parametrize("digits", ["0.1", "86400000000", "1e12", "0.30000000000000004", "1e-320"])
def test_a_double_is_the_one_next_to_its_digits(digits: str) -> None:
    with duckdb.connect() as connection:
        row = connection.execute(to_duckdb(f"select {digits}D as x", {}, {})).fetchone()
    assert row == (float(digits),)


def test_a_minus_before_a_negative_value_begins_no_comment() -> None:
    with duckdb.connect() as connection:
        query = to_duckdb("select -:x as y, 1 -:x as z", {}, {"x": -2})
        assert connection.execute(query).fetchall() == [(2, 3)]


def test_an_instant_is_bound_to_the_microsecond() -> None:
    instant = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    text = to_duckdb("select :at as x", {}, {"at": instant})
    assert text == "SELECT CAST('2026-01-02T03:04:05.678901+00:00' AS TIMESTAMPTZ) AS x"


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(KeyError, match="y"):
        to_duckdb("select :y", {}, {"x": 1})


def test_a_text_that_is_not_sql_is_refused() -> None:
    with pytest.raises(ParseError):
        to_duckdb("select from where (", {}, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select * from t", 'SELECT * FROM main."view_1" AS t'),
        ("select t.a from t", 'SELECT t.a FROM main."view_1" AS t'),
        ("select x.a from t as x", 'SELECT x.a FROM main."view_1" AS x'),
        (
            "select * from t join other using (a)",
            'SELECT * FROM main."view_1" AS t JOIN other USING (a)',
        ),
        ("select a from T x(a)", 'SELECT a FROM main."view_1" AS x(a)'),
        ("select * from db.t", "SELECT * FROM db.t"),
        ("with t as (select 1 as a) select * from t", "WITH t AS (SELECT 1 AS a) SELECT * FROM t"),
        (
            "with u as (select * from t) select * from u join t on u.a = t.a",
            'WITH u AS (SELECT * FROM main."view_1" AS t) SELECT * FROM u JOIN main."view_1" AS t '
            "ON u.a = t.a",
        ),
        (
            "select * from (with t as (select 1 as a) select * from t) as x, t",
            "SELECT * FROM (WITH t AS (SELECT 1 AS a) SELECT * FROM t) AS x "
            'CROSS JOIN main."view_1" AS t',
        ),
        ("select 'it''s' as a", "SELECT 'it''s' AS a"),
        ("select 't' as t, `from t`", "SELECT 't' AS t, \"from t\""),
    ],
)  # fmt: skip
def test_a_table_gets_its_new_name_and_keeps_its_alias(text: str, expected: str) -> None:
    assert to_duckdb(text, {"t": "view_1"}, {}, schema="main") == expected


def test_the_definition_of_a_cte_reads_the_table_of_its_name() -> None:
    """As in Spark: a name is a CTE's only after its definition."""
    text = to_duckdb(
        "with t as (select * from t) select * from t", {"t": "view_1"}, {}, schema="main"
    )
    assert text == 'WITH t AS (SELECT * FROM main."view_1" AS t) SELECT * FROM t'


def test_without_a_schema_a_table_may_be_a_with_clause() -> None:
    assert to_duckdb("select * from t", {"t": "query_1"}, {}) == 'SELECT * FROM "query_1" AS t'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"a\u001fb", "a\x1fb"),
        (r"\037tv\037", "\x1ftv\x1f"),
        (r"\037\u001f", "\x1f\x1f"),
    ],
)
def test_an_escaped_mark_of_names_is_a_text(text: str, value: str) -> None:
    with duckdb.connect() as connection:
        connection.execute('create table "view" as select 1 as y')
        query = to_duckdb(f"select '{text}' as x from v where y = :y", {"v": "view"}, {"y": 1})
        assert connection.execute(query).fetchall() == [(value,)]
