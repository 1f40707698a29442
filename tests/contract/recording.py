"""An engine that remembers which query it ran on which rows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import pytest
from typing_extensions import override

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Relation, embedded
from graphrec_core.engine.embedded import DuckDbEngine
from graphrec_core.lake import Lake

MOST_CALLS = 2
"""Runs remembered of each query, those with the largest results."""


@dataclass(frozen=True)
class Call:
    """One run of a query of sql/.

    Attributes:
        name: The query.
        reads: Table -> the rows it read.
        parameters: Its parameters.
        result: The rows it gave.
    """

    name: str
    reads: Mapping[str, pa.Table]
    parameters: Mapping[str, object]
    result: pa.Table

    @property
    def size(self) -> tuple[int, int]:
        """Rows given, and rows read."""
        return self.result.num_rows, sum(table.num_rows for table in self.reads.values())


_calls: dict[str, list[Call]] = defaultdict(list)


class RecordingEngine(DuckDbEngine):
    """DuckDB, remembering what it runs."""

    @override
    def run(self, name: str, reads: Mapping[str, Relation], **parameters: object) -> Relation:
        # Kept, else each run would compute again whatever is upstream of it.
        result = self.keep(name, super().run(name, reads, **parameters))
        tables = {table: self.collect(name, rows) for table, rows in reads.items()}
        calls = [*_calls[name], Call(name, tables, parameters, self.collect(name, result))]
        _calls[name] = sorted(calls, key=lambda call: call.size, reverse=True)[:MOST_CALLS]
        return result


@contextmanager
def open_recording(config: PipelineConfig, lake: Lake) -> Iterator[RecordingEngine]:
    """Opens a DuckDB engine that remembers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "DuckDbEngine", RecordingEngine)
        with embedded.open_duckdb(config, lake) as engine:
            assert isinstance(engine, RecordingEngine)
            yield engine


def forget_calls() -> list[Call]:
    """Returns what was remembered since the last time."""
    found = [call for calls in _calls.values() for call in calls]
    _calls.clear()
    return found
