"""The Spark engine: files, fingerprints, and errors that say what to do."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from graphrec_core.config.source import SourceConfig, TableConfig
from graphrec_core.engine import SparkEngine
from graphrec_core.engine.spark import resolve
from graphrec_core.errors import SchemaError, UnreadableSourceError
from tests.support.spark import day, register_rows

pytestmark = pytest.mark.spark


def test_paths_are_resolved_against_the_root() -> None:
    assert resolve("a/b.parquet", "/data/") == "/data/a/b.parquet"
    assert resolve("/a/b.parquet", "/data") == "/a/b.parquet"
    assert resolve("s3://bucket/b.parquet", "/data") == "s3://bucket/b.parquet"


def test_csv_columns_options_and_encoding(engine: SparkEngine, tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_bytes("1|Amélie\n2|Heat\n".encode("latin-1"))
    films = TableConfig(
        path="films.csv",
        columns={"film": "int", "title": "string"},
        options={"sep": "|", "header": "false", "encoding": "ISO-8859-1"},
    )
    source = SourceConfig.model_validate(
        {"tables": {"films": films}, "nodes": {"a": "x"}, "edges": {"b": "x"}}
    )
    engine.register_tables(source, str(tmp_path))
    rows = engine.collect("films", engine.run_select("here", "select * from films"))
    assert rows.to_pylist() == [{"film": 1, "title": "Amélie"}, {"film": 2, "title": "Heat"}]


def test_an_unreadable_table_is_named(engine: SparkEngine, tmp_path: Path) -> None:
    source = SourceConfig.model_validate(
        {"tables": {"gone": {"path": "x.parquet"}}, "nodes": {"a": "x"}, "edges": {"b": "x"}}
    )
    with pytest.raises(UnreadableSourceError, match=r"source\.tables\.gone .*\n.*x\.parquet"):
        engine.register_tables(source, str(tmp_path))


@pytest.mark.parametrize("path", ["s3://nowhere/x.parquet", "gopher://nowhere/x.parquet"])
def test_a_uri_that_no_file_system_serves_is_named(engine: SparkEngine, path: str) -> None:
    source = SourceConfig.model_validate(
        {"tables": {"far": {"path": path}}, "nodes": {"a": "x"}, "edges": {"b": "x"}}
    )
    with pytest.raises(UnreadableSourceError, match=r"source\.tables\.far[\s\S]*No FileSystem"):
        engine.register_tables(source, ".")


def test_a_file_of_another_format_is_named(engine: SparkEngine, tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("not parquet")
    source = SourceConfig.model_validate(
        {"tables": {"odd": {"path": "text.parquet"}}, "nodes": {"a": "x"}, "edges": {"b": "x"}}
    )
    with pytest.raises(UnreadableSourceError, match=r"source\.tables\.odd"):
        engine.register_tables(source, str(tmp_path))


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ("select wrong from numbers", "must find the column `wrong`"),
        ("select * from nowhere", "must be a valid SELECT"),
        ("selekt", "must be a valid SELECT"),
    ],
)
def test_a_wrong_select_names_its_place(engine: SparkEngine, select: str, message: str) -> None:
    register_rows(engine, "numbers", "number int", [(1,)])
    with pytest.raises(SchemaError, match=r"source\.edges\.e must") as caught:
        engine.run_select("source.edges.e", select)
    assert message in str(caught.value)


def test_a_value_that_cannot_be_converted_is_a_schema_error(engine: SparkEngine) -> None:
    register_rows(engine, "texts", "text string", [("not a time",)])
    relation = engine.run_select("source.edges.e", "select cast(text as timestamp) t from texts")
    with pytest.raises(SchemaError, match=r"must convert every value[\s\S]*try_cast"):
        engine.keep("source.edges.e", relation)


def test_a_fingerprint_ignores_order_and_sees_every_value(engine: SparkEngine) -> None:
    def fingerprint(*rows: tuple[str, int]) -> tuple[int, str]:
        register_rows(engine, "printed", "name string, number int", list(rows))
        found = engine.collect("f", engine.fingerprint(engine.session.table("printed")))
        return found["num_rows"][0].as_py(), found["digest"][0].as_py()

    first = fingerprint(("a", 1), ("b", 2))
    assert first == fingerprint(("b", 2), ("a", 1))
    assert first != fingerprint(("a", 2), ("b", 1))
    assert fingerprint() == (0, "0")


def test_written_files_are_one_per_region_sorted_in_utc_and_equal_when_repeated(
    engine: SparkEngine, tmp_path: Path
) -> None:
    rows = [("west", 2, day(2)), ("east", 3, day(3)), ("east", 1, day(1))]
    ddl = "region string, number int, at timestamp"
    contents = []
    for name, order in (("first", rows), ("again", rows[::-1])):
        register_rows(engine, "written", ddl, order)
        folder = tmp_path / name
        engine.write(engine.session.table("written"), str(folder), ("number",), ("region",))
        files = sorted(folder.rglob("*.parquet"))
        assert [path.parent.name for path in files] == ["region=east", "region=west"]
        contents.append([path.read_bytes() for path in files])
    assert contents[0] == contents[1]
    table = pq.read_table(tmp_path / "first" / "region=east", partitioning=None)
    assert table.to_pylist() == [{"number": 1, "at": day(1)}, {"number": 3, "at": day(3)}]
    assert table.schema.field("at").type.tz == "UTC"
