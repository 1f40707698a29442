"""Both engines: names, parameters, kept rows, partitions, fingerprints and errors, alike."""

import itertools
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec_core.config.source import SourceConfig
from graphrec_core.engine import Engine
from graphrec_core.errors import ConfigError, SchemaError
from tests.support.engines import collected, day, relation_of

INJECTIONS = ("x' or '1'='1", 'a"b', "a\\b", "it''s", "; drop table t", ":name", "São Paulo")


def register(engine: Engine, root: Path, name: str, **columns: list) -> None:
    """Makes a raw table of the source, as a pipeline would."""
    pq.write_table(pa.table(columns), root / f"{name}.parquet")
    tables = {name: {"path": f"{name}.parquet"}}
    source = {"tables": tables, "nodes": {"a": "x"}, "edges": {"b": "x"}}
    engine.register_tables(SourceConfig.model_validate(source), str(root))


@pytest.mark.parametrize(
    "expression",
    [
        "wrong",
        "try_cast(wrong as double)",
        "cast(numbers.wrong as timestamp)",
        "try_to_timestamp(wrong)",
        "upper(wrong)",
        "wrong + interval 1 day",
        "sum(try_cast(wrong as double)) over ()",
    ],
)
def test_a_column_that_is_not_there_is_named(
    engine: Engine, tmp_path: Path, expression: str
) -> None:
    register(engine, tmp_path, "numbers", number=[1])
    with pytest.raises(SchemaError, match=r"source\.edges\.e must find the column .*wrong`"):
        engine.select("source.edges.e", f"select {expression} as x from numbers")


@pytest.mark.parametrize(
    "select", ["select * from nowhere", "selekt", "select number from numbers where ("]
)
def test_a_text_that_is_no_query_over_the_tables_names_its_place(
    engine: Engine, tmp_path: Path, select: str
) -> None:
    register(engine, tmp_path, "numbers", number=[1])
    with pytest.raises(ConfigError, match=r"source\.edges\.e must be one SELECT"):
        engine.select("source.edges.e", select)


@pytest.mark.parametrize(
    ("select", "repeated"),
    [
        ("select 1 as a, 2 as a", "a"),
        ("select 1 as age, 2 as `Age`", "age"),
        ("select x.*, y.* from (select 1 as a) x join (select 1 as A) y on x.a = y.a", "a"),
        ("select known_at, known_at from (select 1 as known_at)", "known_at"),
        ("select * from (select 1 as a, 2 as a)", "a"),
        ("select b from (select 1 as a, 2 as A, 3 as b)", "a"),
        ("with x as (select 1 as a), y as (select *, 2 as a from x) select 1 as b from y", "a"),
        ("with x as (select 1 as a) select b from (select x.*, 2 as a, 3 as b from x)", "a"),
    ],
)
def test_names_that_a_select_yields_twice_are_refused(
    engine: Engine, select: str, repeated: str
) -> None:
    with pytest.raises(SchemaError, match=r"name of its own; case does not count") as refusal:
        engine.select("source.nodes.user", select)
    assert f"`{repeated}`" in refusal.value.found.lower()
    assert "source.nodes.user" in str(refusal.value)


def test_names_may_come_again_in_different_queries(engine: Engine) -> None:
    select = (
        "with x as (select 1 as a, 2 as b) select x.a, y.b from x join (select * from x) y "
        "on x.a = y.a where exists (select y.a, y.a) union all select 3 as a, 4 as b"
    )
    rows = collected(engine, engine.select("here", select))
    assert [(row["a"], row["b"]) for row in rows] == [(1, 2), (3, 4)]


@pytest.mark.parametrize("use", ["keep", "collect"])
def test_a_value_that_cannot_be_converted_is_a_schema_error(
    engine: Engine, tmp_path: Path, use: str
) -> None:
    register(engine, tmp_path, "texts", text=["not a time"])
    relation = engine.select("source.edges.e", "select cast(text as timestamp) t from texts")
    with pytest.raises(SchemaError, match=r"edges\.e must convert every value[\s\S]*try_cast"):
        getattr(engine, use)("source.edges.e", relation)
    tried = engine.select("source.edges.e", "select try_cast(text as timestamp) t from texts")
    assert collected(engine, tried) == [{"t": None}]


@pytest.mark.parametrize("name", ["pairs", "view_events", "canonical_rows", "project_rows", "n"])
def test_a_users_table_may_be_called_like_a_read_of_ours(
    engine: Engine, tmp_path: Path, name: str
) -> None:
    register(engine, tmp_path, name, a=[1])
    own = engine.select("here", f"select a from {name}")
    other = relation_of(engine, "a int", [(2,)])
    assert collected(engine, engine.project(other, "a")) == [{"a": 2}]
    assert collected(engine, engine.query(f"select * from {name}", {name: other})) == [{"a": 2}]
    assert collected(engine, engine.project(own, "a + 10 as a")) == [{"a": 11}]
    assert collected(engine, engine.select("here", f"select a from {name}")) == [{"a": 1}]


def test_a_name_may_be_used_again_and_earlier_results_stay(engine: Engine) -> None:
    first, second = (relation_of(engine, "a int", [(number,)]) for number in (1, 2))
    of_first = engine.query("select a from t", {"t": first})
    of_second = engine.query("select a from t", {"t": second})
    assert collected(engine, engine.union([of_first, of_second, of_first])) == [
        {"a": 1},
        {"a": 1},
        {"a": 2},
    ]


def test_a_cte_may_be_called_like_a_read(engine: Engine) -> None:
    read = relation_of(engine, "a int", [(1,)])
    text = "with t as (select 5 as a) select t.a, u.a as b from t join u on true"
    assert collected(engine, engine.query(text, {"t": read, "u": read})) == [{"a": 5, "b": 1}]
    inner = "select x.a, t.a as b from (with t as (select 5 as a) select * from t) as x, t"
    assert collected(engine, engine.query(inner, {"t": read})) == [{"a": 5, "b": 1}]


def test_a_parameter_is_a_value_and_never_text_of_the_query(engine: Engine) -> None:
    rows = relation_of(engine, "region string", [(name,) for name in ("east", *INJECTIONS)])
    for name in INJECTIONS:
        found = engine.query("select region from t where region = :name", {"t": rows}, name=name)
        assert collected(engine, found) == [{"region": name}]


def test_a_text_in_a_query_may_hold_quotes_and_colons(engine: Engine) -> None:
    rows = relation_of(engine, "a int", [(1,)])
    text = """select 'it''s :no -- "name"' as a, "b" as b from t"""
    assert collected(engine, engine.query(text, {"t": rows})) == [
        {"a": 'it\'s :no -- "name"', "b": "b"}
    ]


def test_kept_rows_stay_until_they_are_dropped(engine: Engine) -> None:
    rows = engine.keep("x", engine.query("select a + 1 as a from t", {
        "t": relation_of(engine, "a int", [(1,), (2,)])}))  # fmt: skip
    other = engine.keep("x", engine.filter(rows, "a > 2"))
    assert collected(engine, rows) == [{"a": 2}, {"a": 3}]
    engine.drop(rows)
    assert collected(engine, other) == [{"a": 3}]


def test_schema_has_sparks_types(engine: Engine) -> None:
    ddl = "a string, b int, c bigint, d double, e boolean, f timestamp"
    rows = engine.query("select *, array(a) as g, null as h, cast(f as date) as i, "
                        "cast(d as decimal(9, 2)) as j from t",
                        {"t": relation_of(engine, ddl, [])})  # fmt: skip
    assert engine.schema(rows) == {
        "a": "string",
        "b": "int",
        "c": "bigint",
        "d": "double",
        "e": "boolean",
        "f": "timestamp",
        "g": "array<string>",
        "h": "void",
        "i": "date",
        "j": "decimal(9,2)",
    }
    arrow = engine.arrow_schema(engine.project(rows, "a, c, d, e, f"))
    assert [arrow.field(name).type for name in "acde"] == [
        pa.string(),
        pa.int64(),
        pa.float64(),
        pa.bool_(),
    ]
    assert arrow.field("f").type == pa.timestamp("us", tz="UTC")


def test_a_fingerprint_ignores_order_and_sees_every_value(engine: Engine) -> None:
    def fingerprint(*rows: tuple) -> tuple[int, str]:
        relation = relation_of(engine, "name string, number int", rows)
        found = engine.collect("f", engine.fingerprint(relation))
        return found["num_rows"][0].as_py(), found["digest"][0].as_py()

    first = fingerprint(("a", 1), ("b", 2))
    assert first == fingerprint(("b", 2), ("a", 1))
    assert first != fingerprint(("a", 2), ("b", 1))
    assert fingerprint(("a", 1)) != fingerprint(("a", None))
    assert fingerprint(("a", 1), ("a", 1)) != fingerprint(("a", 1))
    assert fingerprint() == (0, "0")


def test_a_fingerprint_does_not_depend_on_the_order_of_columns(engine: Engine) -> None:
    rows = relation_of(engine, "a int, b int", [(1, 2), (2, 1)])
    found = [
        collected(engine, engine.fingerprint(engine.project(rows, columns)))
        for columns in ("a, b", "b, a")
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ['a"b', "a`b", 'x") --', "a.b", "a;b", "日本"])
def test_a_fingerprint_reads_columns_of_odd_names(engine: Engine, name: str) -> None:
    def digest(value: int) -> str:
        rows = engine.from_arrow(pa.table({"node_id": ["a"], name: [value]}))
        return engine.collect("f", engine.fingerprint(rows))["digest"][0].as_py()

    assert digest(1) == digest(1) != digest(2)


ODD_REGIONS = ("a/b c", "São Paulo", "..", "100%", "a=b", "x' or '1'='1", "%2F", "a:b")


def test_partitions_are_sorted_and_complete_whatever_the_order_of_rows(engine: Engine) -> None:
    rows = [(region, number, day(number)) for region in ODD_REGIONS for number in (2, 1, 3)]
    ddl = "region string, number int, at timestamp"
    for order in (rows, rows[::-1]):
        relation = relation_of(engine, ddl, order)
        found = {}
        for partition in engine.partitions(relation, "region", ("number",)):
            assert partition.value not in found
            table = pa.Table.from_batches(partition.batches)
            assert table.schema.field("at").type.tz == "UTC"
            found[partition.value] = table.to_pylist()
        expected = [{"number": number, "at": day(number)} for number in (1, 2, 3)]
        assert found == dict.fromkeys(ODD_REGIONS, expected)


def test_a_partition_may_be_that_of_null(engine: Engine) -> None:
    relation = relation_of(engine, "p string, number int", [("a", 2), ("a", 1), (None, 3)])
    found = {
        partition.value: pa.Table.from_batches(partition.batches)["number"].to_pylist()
        for partition in engine.partitions(relation, "p", ("number",))
    }
    assert found == {"a": [1, 2], None: [3]}


def test_partitions_of_nothing_are_none(engine: Engine) -> None:
    relation = relation_of(engine, "region string, number int", [])
    assert list(engine.partitions(relation, "region", ("number",))) == []


def test_other_queries_may_run_while_partitions_are_read(engine: Engine) -> None:
    relation = relation_of(engine, "region string, n int", [("a", 1), ("b", 2)])
    seen = []
    for partition in engine.partitions(relation, "region", ("n",)):
        table = pa.Table.from_batches(partition.batches)
        found = engine.query(
            "select n from t where n = :n", {"t": relation}, n=table["n"][0].as_py()
        )
        seen += collected(engine, found)
    assert sorted(row["n"] for row in seen) == [1, 2]


def test_large_partitions_come_in_order_across_batches(engine: Engine) -> None:
    num = 300_000
    table = pa.table({"region": ["ab"[n % 2] for n in range(num)], "n": range(num - 1, -1, -1)})
    parts = {
        partition.value: [number for batch in partition.batches
                              for number in batch["n"].to_pylist()]
        for partition in engine.partitions(engine.from_arrow(table), "region", ("n",))
    }  # fmt: skip
    assert parts == {"a": list(range(1, num, 2)), "b": list(range(0, num, 2))}


def test_strings_are_sorted_by_bytes(engine: Engine) -> None:
    names = ["é", "z", "Z", "a", "10", "9", "", "日"]
    relation = relation_of(engine, "region string, name string", [("r", n) for n in names])
    (partition,) = (
        pa.Table.from_batches(partition.batches)["name"].to_pylist()
        for partition in engine.partitions(relation, "region", ("name",))
    )
    assert partition == sorted(names, key=str.encode)


@pytest.mark.spark
def test_queries_give_equal_rows_in_equal_files_on_both_engines(
    spark: Engine, duckdb: Engine
) -> None:
    rows = [(region, n, day(n), n / 3) for region, n in itertools.product("ab", range(1, 9))]
    ddl = "region string, n int, at timestamp, x double"
    found = [
        collected(engine, engine.query(
            "select region, min(at) as first, sum(x) as x, cast(sum(n) as bigint) as n "
            "from t group by region", {"t": relation_of(engine, ddl, rows)}))
        for engine in (spark, duckdb)
    ]  # fmt: skip
    assert found[0] == found[1]


def test_columns_may_have_many_names(engine: Engine, tmp_path: Path) -> None:
    """Spark inferred a condition for every choice of names: twelve of two columns, none ended."""
    register(engine, tmp_path, "numbers", x=[1.5, 2.5], y=[1, 2])
    names = [f"{column}_{number}" for column in "xy" for number in range(6)]
    columns = ", ".join(f"{name[0]} as {name}" for name in names)
    rows = engine.select("source.edges.e", f"select {columns} from numbers")
    text = engine.project(rows, f"*, concat({', '.join(names)}) as row_text")
    both = engine.union([engine.filter(text, "x_0 > 2"), engine.filter(text, "x_0 < 2")])
    assert {row["row_text"] for row in collected(engine, both)} == {
        "1.5" * 6 + "1" * 6,
        "2.5" * 6 + "2" * 6,
    }
