"""Raw tables on both engines: CSV, Parquet, folders, and what cannot be read."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec_core.config.source import SourceConfig, resolve_path
from graphrec_core.engine import Engine
from graphrec_core.errors import UnreadableSourceError
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


def write_parquet(path: Path, **columns: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


@pytest.mark.parametrize("path", ["t", "t/part.parquet"])
def test_folders_above_a_table_are_no_partitions(
    engine: Engine, tmp_path: Path, path: str
) -> None:
    root = tmp_path / "region=eu" / "dt=2026-01-01"
    write_parquet(root / "t" / "part.parquet", n=[1], region=["own"])
    assert rows_of_table(engine, root, path=path, format="parquet") == [{"n": 1, "region": "own"}]


def test_a_lake_below_a_folder_like_a_partition_keeps_its_own_regions(
    engine: Engine, tmp_path: Path
) -> None:
    root = tmp_path / "region=eu" / "table"
    write_parquet(root / "region=east" / "part-0.parquet", n=[1])
    write_parquet(root / "region=west" / "part-0.parquet", n=[2])
    rows = collected(engine, engine.read_parquet(str(root)))
    assert rows == [{"n": 1, "region": "east"}, {"n": 2, "region": "west"}]


def test_partitions_may_be_nested_and_null(engine: Engine, tmp_path: Path) -> None:
    for zone in ("1", "__HIVE_DEFAULT_PARTITION__"):
        write_parquet(tmp_path / "t" / "kind=a%3Db" / f"zone={zone}" / "p.parquet", n=[1])
    found = rows_of_table(engine, tmp_path, path="t", format="parquet")
    assert found == [
        {"n": 1, "kind": "a=b", "zone": "1"},
        {"n": 1, "kind": "a=b", "zone": None},
    ]


@pytest.mark.parametrize(
    "hidden",
    ["_temporary/0/part-1.parquet", "_delta_log/1.parquet", ".staging/p.parquet", ".p.parquet"],
)
def test_what_writers_left_in_a_folder_is_not_read(
    engine: Engine, tmp_path: Path, hidden: str
) -> None:
    write_parquet(tmp_path / "t" / "part-0", n=[1])  # its suffix does not matter
    write_parquet(tmp_path / "t" / hidden, n=[2])
    assert rows_of_table(engine, tmp_path, path="t", format="parquet") == [{"n": 1}]


def test_duckdb_refuses_a_folder_of_two_kinds_of_partitions(
    duckdb: Engine, tmp_path: Path
) -> None:
    write_parquet(tmp_path / "t" / "zone=1" / "p.parquet", n=[1])
    write_parquet(tmp_path / "t" / "kind=1" / "p.parquet", n=[1])
    with pytest.raises(UnreadableSourceError, match="same partitions; found kind and zone"):
        register(duckdb, tmp_path, t={"path": "t", "format": "parquet"})


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


def test_a_damaged_parquet_file_is_blamed_and_no_select(duckdb: Engine, tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    write_parquet(path, n=[f"user {number}" for number in range(1000)])
    written = bytearray(path.read_bytes())
    written[100:140] = b"\xff" * 40
    path.write_bytes(written)
    with pytest.raises(UnreadableSourceError, match=r"files are whole.*\n.*events\.parquet"):
        rows_of_table(duckdb, tmp_path, path="events.parquet")


def test_duckdb_refuses_a_catalog_table(duckdb: Engine) -> None:
    with pytest.raises(UnreadableSourceError, match=r"catalog.*needs snapshot\.engine: spark"):
        register(duckdb, Path(), t={"catalog": "db.t"})


LONG = "Ἀ" * 200


def test_rows_are_parted_by_values_longer_than_a_folders_name(engine: Engine) -> None:
    values = ["x" * 300, LONG, "a/b", "it's", None, "", "A", "a"]
    rows = [{"n": number, "region": value} for number, value in enumerate(values * 2)]
    relation = engine.from_arrow(pa.Table.from_pylist(rows))
    found = {
        part.value: [n for batch in part.batches for n in batch.column("n").to_pylist()]
        for part in engine.partitions(relation, "region", ["n"])
    }
    assert found == {value: [number, number + 8] for number, value in enumerate(values)}


def test_a_folders_value_may_stand_for_another(engine: Engine, tmp_path: Path) -> None:
    folders = {"start!ab": 1, "it's": 2, "plain": 3}
    for value, number in folders.items():
        folder = tmp_path / "table" / f"region={quote(value, safe='!')}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"n": [number]}), folder / "part-0.parquet")
    names = {"region": {"start!ab": LONG, "it's": "\\ 'that' \""}}
    rows = collected(engine, engine.read_parquet(str(tmp_path / "table"), names))
    assert {row["n"]: row["region"] for row in rows} == {1: LONG, 2: "\\ 'that' \"", 3: "plain"}
