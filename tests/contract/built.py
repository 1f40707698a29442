"""Snapshots as the job builds them with either engine, read back from the written files."""

import math
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.errors import EmptyTableError
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.lake.layout import PART
from graphrec_core.snapshot import produce_snapshot
from tests.contract.history_source import history_config, write_history
from tests.support.histories import History, Settings

FLOAT_TOLERANCE = 1e-9
COUNTS = (
    "regions",
    "empty_regions",
    "merged_regions",
    "num_known_nodes",
    "left_out",
    "num_no_history",
)
KEYS = ("node_id", "src", "dst", "query_id", "candidate_id")


@dataclass(frozen=True)
class Built:
    """What one build wrote.

    Attributes:
        tables: (table, region) -> the rows of its file.
        hashes: (table, region) -> sha256 of the file, if it has rows.
        stats: Counts of the manifest; None if the day was refused as empty.
    """

    tables: dict[tuple[str, str], pa.Table]
    hashes: dict[tuple[str, str], str]
    stats: dict[str, Any] | None

    def rows(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """(table, region) -> rows of the file; no entry for an empty one."""
        return {name: table.to_pylist() for name, table in self.tables.items() if table.num_rows}

    def counts(self) -> dict[str, Any]:
        """What the manifest counts, whatever the engine; nothing for a refused day."""
        return {} if self.stats is None else {name: self.stats[name] for name in COUNTS}


def built_day(config: PipelineConfig, as_of: datetime) -> Built:
    """Builds one snapshot and reads its files."""
    try:
        manifest = produce_snapshot(Day(config, as_of)).manifest
    except EmptyTableError:
        return Built({}, {}, None)
    lake = Lake(config)
    folder = lake.layout.snapshot(as_of, Day(config, as_of).ref(StepName.SNAPSHOT).id)
    artifact = open_artifact(lake.storage, folder)
    tables, hashes = {}, {}
    for name, entry in manifest.files.items():
        table, _, region = name.removesuffix(f"/{PART}").rpartition("/region=")
        tables[table, region] = artifact.read_table(name)
        if tables[table, region].num_rows:
            hashes[table, region] = entry.sha256
    return Built(tables, hashes, dict(manifest.stats))


def built_by(engine: str, history: History, settings: Settings) -> Built:
    """Builds a history in a lake of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source, lake = Path(folder) / "raw", Path(folder) / "lake"
        write_history(source, history)
        return built_day(history_config(source, lake, settings, engine), settings.as_of)


def assert_equal_rows(
    found: Iterable[Mapping[str, Any]], expected: Iterable[Mapping[str, Any]]
) -> None:
    """Compares the rows of a file, in the order of their keys, with rows in any order.

    Columns that ``expected`` lacks are ignored: the SELECT's own, without a meaning here.
    """
    rows, wanted = list(found), sorted(expected, key=key_of)
    assert [key_of(row) for row in rows] == [key_of(row) for row in wanted]
    for row, other in zip(rows, wanted, strict=True):
        differing = {
            name: (row[name], value)
            for name, value in other.items()
            if not _is_same(row[name], value)
        }
        assert not differing, f"{key_of(row)}: column -> (found, expected): {differing}"


def key_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of a row of any snapshot table."""
    return tuple(row[name] for name in KEYS if name in row)


def _is_same(found: object, expected: object) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=FLOAT_TOLERANCE, abs_tol=FLOAT_TOLERANCE)
    return found == expected


def assert_counted(found: object, expected: object) -> None:
    """Compares the counts that the reference knows; a region's manifest may hold more."""
    if not isinstance(expected, dict) or not isinstance(found, dict):
        assert found == expected
        return
    for name, value in expected.items():
        assert_counted(found[name], value)
