"""Which columns a SELECT yields, by its text and the YAML alone."""

import pytest

from graphrec_core.config.columns import OTHERS, columns_of
from graphrec_core.config.source import TableConfig

TABLES = {
    "films": TableConfig(path="films.csv", columns={"Film": "string", "lat": "double"}),
    "people": TableConfig(path="people.csv", columns={"person": "string"}),
    "visits": TableConfig(path="visits.parquet"),
}


@pytest.mark.parametrize(
    ("select", "columns"),
    [
        ("select a, b.c, d as E, f(g) as `h i` from visits b", "a c e h i"),
        ("select a x, 1 from visits", "x 1"),
        ("select count(*), max(a) as last from visits", " last"),
        ("select * from films", "film lat"),
        ("select *, 1 as one from FILMS", "film lat one"),
        ("select films.*, v.at from films join visits v on true", "film lat at"),
        ("select * from films f join people p on f.film = p.person", "film lat person"),
        ("select * from films, people", "film lat person"),
        ("select * from people p left semi join films f on p.person = f.film", "person"),
        ("select * from people p anti join films f on p.person = f.film", "person"),
        ("select * from people p left join films f on p.person = f.film", "film lat person"),
        ("select info.* from people p, films info", "film lat"),
        ("select * from (select a, b as c from visits) as v", "a c"),
        ("select * from (select a, b from visits) as v(x, y)", "x y"),
        ("with v as (select a from visits), w as (select *, 2 b from v) select * from w", "a b"),
        ("with films as (select a from visits) select * from films", "a"),
        ("with v(x) as (select a from visits) select v.* from v", "x"),
        ("with v as (select * from visits) select a from v", "a"),
        ("select a, b from visits union all select * from visits", "a b"),
        ("(select a from visits)", "a"),
        ("select a from visits lateral view explode(b) t as c", "a"),
        ("selekt a from visits", ""),
        ("select a from visits; select b from visits", ""),
        ("drop table visits", ""),
        ("select locate() as a from visits where overlay(1)", ""),
    ],
)  # fmt: skip
def test_the_columns_of_a_select(select: str, columns: str) -> None:
    found = columns_of(select, TABLES)
    assert found - {""} == ({"a", "c", "e", "h i"} if "h i" in columns else set(columns.split()))


@pytest.mark.parametrize(
    ("select", "columns"),
    [
        ("select * from visits", ""),
        ("select v.*, film from films, visits v", "film"),
        ("select *, 1 as one from films, visits", "film lat one"),
        ("with v as (select * from visits) select * from v", ""),
        ("select * from visits union select film from films", ""),
        ("select * except (lat) from films", ""),
        ("select films.* except (lat) from films", ""),
        ("select * from films lateral view explode(lat) t as c", ""),
        ("select info.* from films", ""),
        ("select f.info.* from films f, people info", ""),
        ("select film, people.* from films left semi join people on true", "film"),
        ("select * from films pivot (count(*) for lat in (1, 2))", ""),
        ("select * from films join people join visits on true on true", "film lat"),
        ("select * from (values (1)) as t", ""),
        ("select * from (films join people on true)", ""),
        ("select * from elsewhere", ""),
    ],
)
def test_a_star_of_what_only_the_data_know_is_not_guessed(select: str, columns: str) -> None:
    assert columns_of(select, TABLES) == {OTHERS, *columns.split()}
