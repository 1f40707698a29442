"""Files that are not what they should be: refused on both engines, named, and no SELECT blamed."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec_core.engine import Engine, Relation
from graphrec_core.errors import GraphrecError, NotReadyError, UnreadableSourceError
from tests.engine.test_tables import register

NUM_ROWS = 20_000


def _write(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [f"user {number}" for number in range(NUM_ROWS)]
    rows = pa.table({"n": names, "m": list(range(NUM_ROWS))})
    pq.write_table(rows, path, row_group_size=5000)
    return path.read_bytes()


def _replaced(data: bytes, start: int, other: bytes) -> bytes:
    return data[:start] + other + data[start + len(other) :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda data: data[:-3000],
    "cut to its start": lambda data: data[:100],
    "a part in the middle is gone": lambda data: data[:1000] + data[2000:],
    "pages of other bytes": lambda data: _replaced(data, 100, b"\xff" * 400),
    "pages of zeros": lambda data: _replaced(data, len(data) // 2, b"\0" * 4000),
    "the head of a page": lambda data: _replaced(data, 4, b"\xff" * 20),
    "text": lambda data: b"a,b\n1,2\n" * 10,
    "no byte": lambda data: b"",
    "one byte": lambda data: b"P",
}


def _count(engine: Engine, rows: Relation) -> None:
    """Reads every value, as a step's first query does."""
    kept = engine.keep("source.nodes.place", rows)
    query = "select count(*) as c, max(n) as n, sum(m) as m from kept"
    engine.collect("count", engine.query(query, {"kept": kept}))


def _part(engine: Engine, rows: Relation) -> None:
    """Reads every value where it is written, as what is read once is."""
    once = engine.query("select *, 'a' as g from t", {"t": rows})
    kept = engine.keep("source.nodes.place", once, is_read_once=True)
    for partition in engine.partitions(kept, "g", ["n"]):
        assert sum(batch.num_rows for batch in partition.batches) == NUM_ROWS


READS = (_count, _part)


def _open(engine: Engine, root: Path, path: str) -> Relation:
    register(engine, root, raw={"path": path, "format": "parquet"})
    return engine.select_checked("source.nodes.place", "select * from raw")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("path", ["x.parquet", "folder"])
def test_a_damaged_file_is_refused_and_named(
    engine: Engine, tmp_path: Path, path: str, damage: str
) -> None:
    file = tmp_path / path / "b.parquet" if path == "folder" else tmp_path / path
    if path == "folder":
        _write(tmp_path / path / "a.parquet")
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(DAMAGES[damage](_write(file)))
    with pytest.raises(UnreadableSourceError) as refusal:
        _count(engine, _open(engine, tmp_path, path))
    assert refusal.value.exit_code == 2
    assert file.name in str(refusal.value)
    assert "SELECT in" not in str(refusal.value)


@pytest.mark.parametrize("read", READS)
def test_a_whole_file_is_read(
    engine: Engine, tmp_path: Path, read: Callable[[Engine, Relation], None]
) -> None:
    _write(tmp_path / "x.parquet")
    read(engine, _open(engine, tmp_path, "x.parquet"))


@pytest.mark.parametrize("read", READS)
def test_damage_is_found_wherever_the_rows_are_read(
    engine: Engine, tmp_path: Path, read: Callable[[Engine, Relation], None]
) -> None:
    file = tmp_path / "x.parquet"
    file.write_bytes(DAMAGES["pages of other bytes"](_write(file)))
    with pytest.raises(UnreadableSourceError, match=r"files are whole.*\n.*x\.parquet"):
        read(engine, _open(engine, tmp_path, "x.parquet"))


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("path", ["x.parquet", "folder"])
def test_a_file_that_goes_after_it_was_listed_is_named_and_a_retry_may_help(
    engine: Engine, tmp_path: Path, path: str, read: Callable[[Engine, Relation], None]
) -> None:
    file = tmp_path / path / "b.parquet" if path == "folder" else tmp_path / path
    _write(tmp_path / path / "a.parquet" if path == "folder" else file)
    _write(file)
    rows = _open(engine, tmp_path, path)
    file.unlink()
    with pytest.raises(NotReadyError, match=rf"{file.name} is gone since it was listed"):
        read(engine, rows)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_an_empty_folder_named_like_a_file_is_refused(
    engine: Engine, tmp_path: Path, suffix: str
) -> None:
    (tmp_path / f"x{suffix}").mkdir()
    with pytest.raises(UnreadableSourceError, match=rf"x\{suffix}"):
        register(engine, tmp_path, raw={"path": f"x{suffix}"})


@pytest.mark.spark
def test_of_spark_bytes_that_do_not_come_are_a_fault(
    spark: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: bytes that cannot be read are no damage, so the error is passed on."""
    file = tmp_path / "x.parquet"
    file.write_bytes(DAMAGES["pages of other bytes"](_write(file)))
    rows = _open(spark, tmp_path, "x.parquet")
    monkeypatch.setattr("graphrec_core.engine.spark_faults._can_be_read", lambda *_: False)
    with pytest.raises(Exception, match="FAILED_READ_FILE") as fault:
        _part(spark, rows)
    assert not isinstance(fault.value, GraphrecError)
