"""One Parquet file is read as it was written, and pandas stays out."""

import io
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec_core.lake.parquet import read_parquet

TABLE = pa.table(
    {
        "b": pa.array([1, None, 3], pa.int32()),
        "a": pa.array(["x", "y", None]).dictionary_encode(),
        "c": pa.array([[1.5], [], None], pa.list_(pa.float32())),
    }
).replace_schema_metadata({"made": "here"})
PROGRAM = """
import sys
import pyarrow.parquet as pq
from graphrec_core.lake.parquet import read_parquet

assert read_parquet(sys.argv[1]).num_rows == 3
print("pandas" in sys.modules)
assert pq.read_table(sys.argv[1]).num_rows == 3
print("pandas" in sys.modules)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    pq.write_table(TABLE, tmp_path / "t.parquet", row_group_size=2)
    return tmp_path / "t.parquet"


def test_a_file_is_read_as_pyarrow_itself_does(file: Path) -> None:
    whole = pq.read_table(file)
    assert whole.to_pylist() == TABLE.to_pylist()
    for source in (io.BytesIO(file.read_bytes()), pa.BufferReader(file.read_bytes())):
        read = read_parquet(source)
        assert read.schema.equals(whole.schema, check_metadata=True)
        assert read.equals(whole)


def test_columns_come_in_the_order_in_which_they_are_asked_for(file: Path) -> None:
    asked = ["c", "b"]
    assert read_parquet(io.BytesIO(file.read_bytes()), asked).equals(
        pq.read_table(file, columns=asked)
    )


def test_a_column_that_is_not_there_is_refused(file: Path) -> None:
    with pytest.raises(KeyError, match="nowhere"):
        read_parquet(io.BytesIO(file.read_bytes()), ["a", "nowhere"])


@pytest.mark.process
def test_pandas_is_not_loaded_as_pyarrow_itself_would(file: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
