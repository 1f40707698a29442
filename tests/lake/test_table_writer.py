"""A Parquet file's bytes follow from its rows alone, and it is there whole or not at all."""

import hashlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec_core.lake import Storage, table_writer
from graphrec_core.lake.manifest import FileEntry

GROUP = 50
"""Rows per group here, so that small tables have several."""


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_writer, "ROW_GROUP_SIZE", GROUP)


def _rows(num: int) -> pa.Table:
    rng = np.random.default_rng(num)
    columns = {
        "id": pa.array([f"u{value}" if value else None for value in rng.integers(0, 9, num)]),
        "weight": rng.random(num),
        "time": pa.array(rng.integers(0, 10**15, num), pa.timestamp("us", "UTC")),
        "tags": pa.array([["a"] * int(value) for value in rng.integers(0, 3, num)]),
    }
    return pa.table(columns)


def _write(storage: Storage, name: str, schema: pa.Schema, batches: list[pa.Table]) -> FileEntry:
    with table_writer.table_writer(storage, name, schema) as writer:
        for batch in batches:
            writer.write(batch)
        return writer.finish()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(num=st.integers(0, 3 * GROUP), cuts=st.lists(st.integers(0, 3 * GROUP), max_size=6))
def test_however_the_rows_are_cut_the_bytes_are_the_same(
    storage: Storage, num: int, cuts: list[int]
) -> None:
    rows = _rows(num)
    edges = [0, *sorted(min(cut, num) for cut in cuts), num]
    batches = [rows.slice(a, b - a) for a, b in itertools.pairwise(edges)]
    whole = _write(storage, "whole", rows.schema, [rows])
    cut = _write(storage, "cut", rows.schema, batches)
    assert cut == whole
    data = storage.read("cut")
    assert data == storage.read("whole")
    assert cut == FileEntry(
        sha256=hashlib.sha256(data).hexdigest(), num_bytes=len(data), num_rows=num
    )
    assert pq.read_table(pa.BufferReader(data)).equals(rows)


def test_pyarrow_alone_does_not_give_the_same_bytes(tmp_path: Path) -> None:
    """Why the writer cuts the rows anew: groups follow the batches otherwise."""
    rows = _rows(GROUP)
    for name, batches in (("a", [rows]), ("b", [rows.slice(0, 7), rows.slice(7)])):
        with pq.ParquetWriter(tmp_path / name, rows.schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_table(batch)
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


def test_groups_are_full_but_for_the_last(storage: Storage) -> None:
    rows = _rows(2 * GROUP + 3)
    _write(storage, "t", rows.schema, [rows.slice(0, 70), rows.slice(70)])
    with storage.open("t") as file:
        meta = pq.ParquetFile(file).metadata
    groups = [meta.row_group(index).num_rows for index in range(meta.num_row_groups)]
    assert groups == [GROUP, GROUP, 3]
    assert meta.row_group(0).column(0).compression == "ZSTD"


def test_labels_and_dictionaries_leave_no_trace(storage: Storage) -> None:
    plain = pa.table({"id": ["a", "b", "a"]})
    labelled = plain.replace_schema_metadata({"written by": "somebody"})
    marked = plain.cast(
        pa.schema([pa.field("id", pa.string(), metadata={"PARQUET:field_id": "7"})])
    )
    coded = pa.table({"id": plain["id"].dictionary_encode()})
    entries = [
        _write(storage, "t", table.schema, [table]) for table in (plain, labelled, marked, coded)
    ]
    assert len({entry.sha256 for entry in entries}) == 1
    with storage.open("t") as file:
        assert pq.ParquetFile(file).schema_arrow == plain.schema


def test_rows_take_the_types_of_the_schema(storage: Storage) -> None:
    wide = pa.schema([("n", pa.int64())])
    narrow = pa.table({"n": pa.array([1, 2], pa.int32())})
    _write(storage, "t", wide, [narrow])
    with storage.open("t") as file:
        assert pq.read_table(file).schema == wide
    with pytest.raises(pa.ArrowInvalid):
        _write(storage, "u", pa.schema([("n", pa.int8())]), [pa.table({"n": [1000]})])
    with pytest.raises(ValueError, match="names"):
        _write(storage, "u", wide, [pa.table({"m": [1]})])
    assert storage.files("") == ["t"]


def test_a_block_that_raises_leaves_no_file(storage: Storage) -> None:
    rows = _rows(2 * GROUP)

    def raise_half_way() -> None:
        with table_writer.table_writer(storage, "t", rows.schema) as writer:
            writer.write(rows)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        raise_half_way()
    assert storage.files("") == []


def test_two_threads_write_two_files(storage: Storage) -> None:
    tables = [_rows(num) for num in (130, 140, 150, 160)]

    def write(index: int) -> FileEntry:
        rows = tables[index]
        batches = [rows.slice(start, 9) for start in range(0, rows.num_rows, 9)]
        return _write(storage, f"{index}", rows.schema, batches)

    with ThreadPoolExecutor(4) as pool:
        entries = list(pool.map(write, range(4)))
    for index, entry in enumerate(entries):
        assert entry == _write(storage, "again", tables[index].schema, [tables[index]])
        assert storage.read(f"{index}") == storage.read("again")


def test_what_waits_in_memory_does_not_grow_with_the_rows(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_writer, "ROW_GROUP_SIZE", 20_000)
    values = np.random.default_rng(0).random(5_000)
    schema = pa.schema([("x", pa.float64())])
    held = []
    with table_writer.table_writer(storage, "t", schema) as writer:
        for _ in range(60):
            writer.write(pa.table({"x": pa.array(values.tolist())}))
            held.append(pa.total_allocated_bytes())
        assert writer.finish().num_rows == 300_000
    assert max(held[20:]) <= 1.1 * max(held[:20])
