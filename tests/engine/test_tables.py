"""Raw tables on both engines: CSV, Parquet, folders, and what cannot be read."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec_core.config.source import SourceConfig, resolve_path
from graphrec_core.engine import Engine
from graphrec_core.errors import SchemaError, UnreadableSourceError
from tests.support.engines import collected


def register(engine: Engine, root: Path, **tables: dict[str, Any]) -> None:
    source = {"tables": tables, "nodes": {"a": "x"}, "edges": {"b": "x"}}
    engine.register_tables(SourceConfig.model_validate(source), str(root))


def rows_of_table(engine: Engine, root: Path, **table: Any) -> list[dict[str, Any]]:
    register(engine, root, raw=table)
    return collected(engine, engine.select("here", "select * from raw"))


def test_paths_are_resolved_against_the_root() -> None:
    assert resolve_path("a/b.parquet", "/data/") == "/data/a/b.parquet"
    assert resolve_path("/a/b.parquet", "/data") == "/a/b.parquet"
    assert resolve_path("s3://bucket/b.parquet", "/data") == "s3://bucket/b.parquet"


def test_csv_columns_options_and_encoding(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_bytes("1|Amélie\n2|Heat\n".encode("latin-1"))
    found = rows_of_table(
        engine,
        tmp_path,
        path="films.csv",
        columns={"film": "int", "title": "string"},
        options={"sep": "|", "header": "false", "encoding": "ISO-8859-1"},
    )
    assert found == [{"film": 1, "title": "Amélie"}, {"film": 2, "title": "Heat"}]


def test_csv_with_a_header_and_no_columns_is_text(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,Name\n01,x\n2,\n", encoding="utf-8")
    assert rows_of_table(engine, tmp_path, path="t.csv") == [
        {"id": "01", "Name": "x"},
        {"id": "2", "Name": None},
    ]


def test_a_csv_with_columns_has_no_header_unless_it_says_so(
    engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("a,1\nb,2\n", encoding="utf-8")
    columns = {"id": "string", "n": "int"}
    found = rows_of_table(engine, tmp_path, path="t.csv", columns=columns)
    assert found == [{"id": "a", "n": 1}, {"id": "b", "n": 2}]


def test_a_byte_order_mark_is_no_part_of_a_name(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,n\na,1\n", encoding="utf-8-sig")
    assert rows_of_table(engine, tmp_path, path="t.csv") == [{"id": "a", "n": "1"}]


@pytest.mark.parametrize("line", ["a,1,2", 'a,"1" x'])
def test_duckdb_names_a_line_that_it_cannot_read(
    duckdb: Engine, tmp_path: Path, line: str
) -> None:
    (tmp_path / "t.csv").write_text(f"id,n\nb,2\n{line}\n", encoding="utf-8")
    with pytest.raises(SchemaError, match=r"to read every line.*\n.*Line: 3 .*file = .*t\.csv\n"):
        rows_of_table(duckdb, tmp_path, path="t.csv")


def test_malformed_cells_become_null_and_their_rows_stay(engine: Engine, tmp_path: Path) -> None:
    text = "id,n,at\na,1,2026-01-02 03:04:05\nb,many,soon\nc,,\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    columns = {"id": "string", "n": "int", "at": "timestamp"}
    found = rows_of_table(
        engine, tmp_path, path="t.csv", columns=columns, options={"header": "true"}
    )
    assert [(row["id"], row["n"]) for row in found] == [("a", 1), ("b", None), ("c", None)]
    assert found[0]["at"].isoformat() == "2026-01-02T03:04:05+00:00"
    assert [row["at"] for row in found[1:]] == [None, None]


def test_short_rows_are_filled_with_nulls(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,n\na,1\nb\n", encoding="utf-8")
    found = rows_of_table(
        engine,
        tmp_path,
        path="t.csv",
        columns={"id": "string", "n": "int"},
        options={"header": "true"},
    )
    assert found == [{"id": "a", "n": 1}, {"id": "b", "n": None}]


def test_quoted_cells_may_hold_separators_and_nothing(engine: Engine, tmp_path: Path) -> None:
    text = 'id,name\n1,"a, b"\n2,""\n3,"say ""hi"""\n'
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    found = rows_of_table(engine, tmp_path, path="t.csv", options={"escape": '"'})
    assert [row["name"] for row in found] == ["a, b", None, 'say "hi"']


def test_a_folder_of_csv_is_one_table(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.csv").write_text(f"id\n{number}\n", encoding="utf-8")
    found = rows_of_table(engine, tmp_path, path="folder", format="csv")
    assert found == [{"id": "1"}, {"id": "2"}]


@pytest.mark.parametrize("names", [("01", "a b"), ("1", "2"), ("2026-01-01", "2026-1-2")])
def test_a_folder_of_parquet_has_its_partitions_as_text(
    engine: Engine, tmp_path: Path, names: tuple[str, ...]
) -> None:
    for number, region in enumerate(names):
        folder = tmp_path / "events" / f"region={quote(region)}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"n": [number]}), folder / "part.parquet")
    found = rows_of_table(engine, tmp_path, path="events", format="parquet")
    assert found == [{"n": number, "region": region} for number, region in enumerate(names)]


@pytest.mark.parametrize(
    "regions",
    [
        ["a/b c", "São Paulo", "..", "100%", "%2F", "07", "2026-01-01", "true"],
        ["1", "07"],
        ["2026-1-1"],
        ["it's"],
    ],
)
def test_written_files_are_read_with_odd_regions(
    engine: Engine, tmp_path: Path, regions: list[str]
) -> None:
    for number, region in enumerate(regions):
        folder = tmp_path / "table" / f"region={quote(region, safe='')}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"n": [number]}), folder / "part-0.parquet")
    relation = engine.read_parquet(str(tmp_path / "table"))
    assert engine.schema(relation) == {"n": "bigint", "region": "string"}
    rows = collected(engine, relation)
    assert [row["region"] for row in rows] == regions


def test_parquet_times_without_a_zone_are_utc_when_cast(engine: Engine, tmp_path: Path) -> None:
    table = pa.table({"at": pa.array([1_767_225_600_000_000], pa.timestamp("us"))})
    pq.write_table(table, tmp_path / "t.parquet")
    register(engine, tmp_path, t={"path": "t.parquet"})
    relation = engine.select("here", "select cast(at as timestamp) as at from t")
    assert collected(engine, relation)[0]["at"].isoformat() == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize("path", ["x.parquet", "x.csv", "folder/x.csv"])
def test_a_missing_table_is_named(engine: Engine, tmp_path: Path, path: str) -> None:
    with pytest.raises(UnreadableSourceError, match=rf"source\.tables\.gone .*\n.*{path}"):
        register(engine, tmp_path, gone={"path": path})


@pytest.mark.parametrize("path", ["s3://nowhere.invalid/x.parquet", "gopher://nowhere/x.parquet"])
def test_a_uri_that_no_file_system_serves_is_named(
    engine: Engine, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "none")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(UnreadableSourceError, match=r"source\.tables\.far"):
        register(engine, Path(), far={"path": path})


def test_a_file_of_another_format_is_named(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("not parquet", encoding="utf-8")
    with pytest.raises(UnreadableSourceError, match=r"source\.tables\.odd"):
        register(engine, tmp_path, odd={"path": "text.parquet"})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"path": "t.csv", "options": {"multiLine": "true"}}, "option 'multiLine'"),
        ({"catalog": "db.t"}, "catalog table"),
    ],
)
def test_duckdb_refuses_what_only_spark_can_read(
    duckdb: Engine, tmp_path: Path, table: dict[str, Any], message: str
) -> None:
    (tmp_path / "t.csv").write_text("id\n1\n", encoding="utf-8")
    with pytest.raises(UnreadableSourceError, match=rf"{message}.*needs snapshot\.engine: spark"):
        register(duckdb, tmp_path, t=table)
