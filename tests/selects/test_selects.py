"""A SELECT of the YAML reads declared tables and does nothing else."""

import re
from pathlib import Path

import pytest

from graphrec_core.config.loader import load_pipeline
from graphrec_core.errors import ConfigError
from graphrec_core.selects.functions import ALLOWED, REFUSED
from graphrec_core.selects.selects import MAX_LETTERS, check_select, check_selects
from tests.support.selects import SELECTS, TABLES

REPOSITORY = Path(__file__).parents[2]


def found(text: str) -> str:
    """What the refusal of a SELECT found in it."""
    with pytest.raises(ConfigError, match=r"source\.nodes\.user must be one SELECT") as caught:
        check_select("source.nodes.user", text, TABLES)
    return caught.value.found


@pytest.mark.parametrize("text", SELECTS)
def test_one_query_over_the_tables_is_let_through(text: str) -> None:
    check_select("source.nodes.user", text, TABLES)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("select 1; copy (select 1) to 'x'", "2 statements (SELECT, COPY)"),
        ("select 1; select 2", "2 statements (SELECT, SELECT)"),
        ("", "0 statements (none)"),
        ("-- nothing", "0 statements (none)"),
        ("copy users to 'x'", "the statement COPY"),
        ("attach 'x.db'", "Unexpected token"),
        ("install httpfs", "the statement"),
        ("set memory_limit = '1GB'", "the statement SET"),
        ("pragma database_list", "the statement PRAGMA"),
        ("show tables", "the statement SHOW"),
        ("explain select 1", "the statement EXPLAIN"),
        ("insert into users select 1", "the statement INSERT"),
        ("with a as (select 1) insert into users select * from a", "the statement INSERT"),
        ("from users insert overwrite directory '/x' select 1", "MULTITABLEINSERTS"),
        ("create table x as select 1", "the statement CREATE"),
        ("drop table users", "the statement DROP"),
        ("select * from 'x.csv'", "the table ``x.csv``"),
        ("select * from `x.parquet`", "the table ``x.parquet``"),
        ("select * from parquet.`/etc/passwd`", "the table `parquet."),
        ("select * from main.users", "the table `main.users`"),
        ("select * from memory.main.users", "the table `memory.main.users`"),
        ("select * from source_users", "the table `source_users`"),
        ("select * from information_schema.tables", "the table `information_schema.tables`"),
        ("select * from (select * from other), (with other as (select 1) select 1)", "`other`"),
        ("select a from users where a in (select b from other)", "the table `other`"),
        ("select * from read_csv('x')", "the table function"),
        ("select * from range(10)", "the table function"),
        ("select * from identifier('users')", "the table function"),
        ("select * from users, unnest(a)", "the function unnest"),
        ("select * from users, lateral explode(a)", "LATERAL"),
        ("select * from users tablesample (10 percent)", "TABLESAMPLE"),
        ("select * from users pivot (sum(a) for b in (1))", "PIVOT"),
        ("select * from users for system_time as of '2020-01-01'", "VERSION"),
        ("select * from users distribute by a", "DISTRIBUTE"),
        ("select * from users sort by a", "SORT"),
        ("select transform(a) using 'cat' from users", "QUERYTRANSFORM"),
        ("select /*+ broadcast(users) */ a from users", "`/*+ broadcast(users) */`"),
        ("select a from users where b = :x", "`:`"),
        ("select a from users where b = ?", "`?`"),
        ("select ${env:HOME} from users", "`$`"),
        ("select @x from users", "`@`"),
        ("select a:b from users", "`:`"),
        ("select a -> b from users", "`->`"),
        ("select transform(a, x -> x + 1) from users", "`->`"),
        ("select transform(a) from users", "the function transform"),
        ("select reflect('java.lang.System', 'getenv') from users", "the function reflect"),
        ("select `reflect`('a', 'b') from users", "the function reflect"),
        ("select a.b.reflect('a') from users", "`a.b.reflect('a')`"),
        ("select ReAd_TeXt('a') from users", "the function read_text"),
        ("select upper(lower(concat(a, uuid()))) from users", "the function uuid"),
        ("select sum(rand()) over (order by now()) from users", "the function"),
        ("select a from users order by rand()", "the function rand"),
        ("select a from users limit cast(rand() as int)", "the function rand"),
        ("with a as (select now() as x) select 1 from users", "the function now"),
        ("select current_date from users", "the function current_date"),
        ("select `Current_Timestamp` from users", "the function current_timestamp"),
        ("select localtimestamp from users", "the function localtimestamp"),
        ("select unix_timestamp() from users", "the function unix_timestamp()"),
        ("select unknown_function(a) from users", "the function unknown_function"),
        ("with recursive a as (select 1 union all select * from a) select * from a", "RECURSIVE"),
        ("select n\u00f6 from users", "`n\u00f6`"),
        ("select a from users\uff1b", "`"),
        ("select '" + "x" * MAX_LETTERS + "'", f"{MAX_LETTERS + 9} letters"),
        ("select " + "(" * 5000 + "1" + ")" * 5000, "nested too deeply"),
        ("select " + "not " * 5000 + "a from users", "nested too deeply"),
        ("select " + "+".join(["1"] * 5000), "more than 200 levels"),
        ("select map(a) from users", "a function with wrong arguments"),
        ("select (", ""),
        ("select 'a", ""),
        ("select /* a", ""),
    ],
)
def test_anything_else_is_refused_and_named(text: str, what: str) -> None:
    assert what in found(text)


def test_the_text_is_returned_without_comments() -> None:
    """A line that ends in a backslash goes on for Spark, and not for sqlglot."""
    text = "select 10L,  'a -- b' -- x \\\n, `c  d` /* y */ from/**/users ;"
    checked = check_select("here", text, TABLES)
    assert checked == "select 10L, 'a -- b' , `c  d` from users"


def test_a_refused_function_says_what_to_use() -> None:
    with pytest.raises(ConfigError, match="use md5"):
        check_select("here", "select xxhash64(a) from users", TABLES)
    with pytest.raises(ConfigError, match=r"length[\s\S]*docs/sources\.md"):
        check_select("here", "select lenght(a) from users", TABLES)


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_every_listed_function_can_be_called(name: str) -> None:
    """sqlglot may read a name as syntax of its own."""
    texts = {
        "cast": "a as int",
        "date_trunc": "'month', a",
        "extract": "year from a",
        "overlay": "a placing b from 1",
        "regexp_extract": "a, '[a-z]'",
        "regexp_like": "a, '[a-z]'",
        "regexp_replace": "a, '[a-z]', 'b'",
        "sha2": "a, 256",
        "split": "a, ','",
        "try_cast": "a as int",
    }
    given = [texts[name]] if name in texts else ["", "a", "a, b", "a, b, c"]
    refusals = []
    for arguments in given:
        try:
            check_select("here", f"select {name}({arguments}) from users", TABLES)
        except ConfigError as error:
            refusals.append(error.found)
    assert len(refusals) < len(given), refusals


def test_a_function_is_allowed_or_refused() -> None:
    assert not set(ALLOWED) & set(REFUSED)


def test_the_guide_lists_the_functions_of_the_code() -> None:
    guide = (REPOSITORY / "docs/sources.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", guide, re.MULTILINE)
    assert rows == [*ALLOWED.items(), *REFUSED.items()]


@pytest.mark.parametrize("path", sorted((REPOSITORY / "configs").glob("*.yaml")), ids=str)
def test_the_configurations_are_let_through(path: Path) -> None:
    check_selects(load_pipeline(path).source)


@pytest.mark.parametrize(
    "override",
    [
        "source.nodes.user=select now()",
        "source.edges.visited=select now()",
        "source.edges.visited.select=select now()",
        'source.features={"user": "select now()"}',
    ],
)
def test_every_select_of_a_pipeline_is_checked(override: str) -> None:
    config = load_pipeline(REPOSITORY / "configs/town.yaml", [override])
    with pytest.raises(ConfigError, match=override.split("=")[0].removesuffix(".select")):
        check_selects(config.source)
