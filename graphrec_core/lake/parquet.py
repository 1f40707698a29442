"""Reading one Parquet file without ``pyarrow.dataset``, which loads pandas for half a second."""

from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq


def read_parquet(file: pa.NativeFile | IO[bytes], columns: list[str] | None = None) -> pa.Table:
    """Reads a file, or columns of it in the order in which they are asked for.

    Raises:
        KeyError: The file has no such column.
    """
    table = pq.ParquetFile(file).read(columns=columns)
    return table if columns is None else table.select(columns)
