"""Streaming rows into a Parquet file whose bytes depend on the rows alone."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from graphrec_core.lake.manifest import FileEntry
from graphrec_core.lake.storage import Storage

ROW_GROUP_SIZE = 2**20
"""Rows per group of a Parquet file; the last group may be shorter."""


class TableWriter:
    """Writes the rows of one table in the order in which they come.

    However the rows are cut into batches, equal rows give equal bytes: the writer cuts them anew,
    ``ROW_GROUP_SIZE`` to a group, and holds no more than one group of them.
    """

    def __init__(self, sink: "DigestSink", schema: pa.Schema) -> None:
        self._sink, self._schema = sink, _plain(schema)
        self._parquet = pq.ParquetWriter(
            sink, self._schema, compression="zstd", use_dictionary=_repeating(self._schema)
        )
        self._waiting: list[pa.Table] = []
        self._num_waiting = 0
        self._num_rows = 0

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Adds rows.

        Args:
            rows: Columns named and ordered as in the schema; safely cast to its types.

        Raises:
            ValueError: The columns' names differ, or a value does not fit its type (pyarrow's
                ArrowInvalid is one).
        """
        table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
        self._waiting.append(table.replace_schema_metadata(None).cast(self._schema))
        self._num_waiting += table.num_rows
        while self._num_waiting >= ROW_GROUP_SIZE:
            self._write_group()

    def finish(self) -> FileEntry:
        """Writes the rest and the footer, and returns what a manifest says of the file."""
        if self._num_waiting:
            self._write_group()
        self._parquet.close()
        return FileEntry(
            sha256=self._sink.sha256(), num_bytes=self._sink.tell(), num_rows=self._num_rows
        )

    def abandon(self) -> None:
        """Lets go of the file; what is in it is not to be kept."""
        self._parquet.close()

    def _write_group(self) -> None:
        waiting = pa.concat_tables(self._waiting)
        # One chunk per column: Parquet starts its pages anew at each chunk.
        group = waiting.slice(0, ROW_GROUP_SIZE).combine_chunks()
        rest = waiting.slice(ROW_GROUP_SIZE)
        self._waiting, self._num_waiting = [rest], rest.num_rows
        self._parquet.write_table(group, row_group_size=ROW_GROUP_SIZE)
        self._num_rows += group.num_rows


class DigestSink:
    """A file to write bytes to that keeps their sha256.

    Args:
        file: Where the bytes go.
    """

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest, self._num_bytes = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        """Writes and digests bytes."""
        self._digest.update(data)
        self._num_bytes += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Does nothing: the file's owner flushes it."""

    def close(self) -> None:
        """Does nothing: the file's owner closes it."""

    def tell(self) -> int:
        """Returns the number of bytes written."""
        return self._num_bytes

    def sha256(self) -> str:
        """Returns the sha256 of the bytes written, in hexadecimal digits."""
        return self._digest.hexdigest()


@contextmanager
def table_writer(storage: Storage, path: str, schema: pa.Schema) -> Iterator[TableWriter]:
    """Opens a Parquet file; it becomes visible at the end of the block, or not if that raises."""
    with storage.create(path) as file:
        writer = TableWriter(DigestSink(file), schema)
        try:
            yield writer
        except BaseException:
            writer.abandon()
            raise


def _repeating(schema: pa.Schema) -> list[str]:
    """Lists the columns worth a dictionary: all but instants, which seldom repeat."""
    return [
        f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name
        for field in schema
        if not pa.types.is_timestamp(field.type)
    ]


def _plain(schema: pa.Schema) -> pa.Schema:
    """Drops what could differ between equal rows: metadata, and how dictionaries number values."""
    return pa.schema([_plain_field(field) for field in schema])


def _plain_field(field: pa.Field) -> pa.Field:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    return pa.field(field.name, kind, field.nullable)
