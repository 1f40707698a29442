"""Cuts sorted batches into runs of one value."""

import itertools
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def cut(reader: pa.RecordBatchReader, by: str) -> Iterator[tuple[str | None, pa.RecordBatch]]:
    """Cuts batches that are ordered by a column where its value changes."""
    for batch in reader:
        if batch.num_rows:
            values, rows = batch[by], batch.drop_columns([by])
            bounds = [0, *_changes(values), batch.num_rows]
            for start, end in itertools.pairwise(bounds):
                yield values[start].as_py(), rows.slice(start, end - start)


def _changes(values: pa.Array) -> list[int]:
    """Finds where an ordered column's value changes; mostly nowhere, which costs nothing."""
    if values[0].as_py() == values[-1].as_py():
        return []
    codes = pc.dictionary_encode(values, null_encoding="encode").indices.to_numpy()
    changes: list[int] = (np.flatnonzero(np.diff(codes)) + 1).tolist()
    return changes
