"""Queries that read queries become one statement, each of them once."""

import duckdb

from graphrec_core.engine.duckdb_query import Query

TABLE = Query("kept_1")
ONE = Query("query_2", 'select 2 * x as x from "kept_1"', (TABLE,))
TWO = Query(
    "query_3", 'select a.x + b.x as x from "query_2" a join "query_2" b using (x)', (ONE, ONE)
)


def test_a_table_is_read_as_it_is() -> None:
    assert TABLE.statement() == 'from "kept_1"'


def test_a_query_comes_after_those_that_it_reads_and_once() -> None:
    assert TWO.statement() == (
        f'with "query_2" as not materialized ({ONE.text}), '
        f'"query_3" as not materialized ({TWO.text}) from "query_3"'
    )


def test_duckdb_reads_the_statement() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table kept_1 as select 3 as x")
        assert connection.sql(TWO.statement()).fetchall() == [(12,)]


def test_many_levels_of_two_reads_each_stay_a_short_statement() -> None:
    """As views, 40 levels would be bound two to the power of 40 times."""
    top = TABLE
    for level in range(40):
        text = f'select a.x from "{top.name}" a, "{top.name}" b'
        top = Query(f"query_{level}", text, (top, top))
    assert top.statement().count("not materialized") == 40
