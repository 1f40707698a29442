"""Snapshots as an engine builds them, read back from the written files."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Engine
from graphrec_core.errors import EmptyTableError
from graphrec_core.lake import Lake, attempt
from graphrec_core.lake.layout import PART
from graphrec_core.quality import check_source
from graphrec_core.snapshot import audit, build_snapshot
from graphrec_core.types import ArtifactId

FLOAT_TOLERANCE = 1e-9
KEYS = ("node_id", "src", "dst", "query_id", "candidate_id")


@dataclass(frozen=True)
class Built:
    """What one build wrote.

    Attributes:
        rows: (table, region) -> rows of the file; no entry for an empty one.
        hashes: File -> its bytes.
        stats: What ``build_snapshot`` returned; None if it refused an empty window.
        num_rejected: Canonical table -> rejected rows.
    """

    rows: dict[tuple[str, str], list[dict[str, Any]]]
    contents: dict[str, bytes]
    stats: dict[str, Any] | None
    num_rejected: dict[str, int]


def build(engine: Engine, config: PipelineConfig, as_of: datetime) -> Built:
    """Checks, builds and audits one snapshot, and reads its files."""
    lake = Lake(config)
    with attempt(lake.storage, "contract", ArtifactId("contract")) as trial:
        checked = check_source(engine, config, lake, as_of)
        num_rejected = {
            str(name): engine.collect("rejected", table.rejected).num_rows
            for name, table in checked.items()
        }
        accepted = {name: table.accepted for name, table in checked.items()}
        try:
            stats = build_snapshot(engine, config, accepted, None, as_of, trial)
        except EmptyTableError:
            return Built({}, {}, None, num_rejected)
        audit(engine, config, as_of, lake.storage, trial.base)
        return Built(*_read(Path(config.lake.root) / trial.base), stats, num_rejected)


def _read(
    folder: Path,
) -> tuple[dict[tuple[str, str], list[dict[str, Any]]], dict[str, bytes]]:
    rows, contents = {}, {}
    for path in sorted(folder.rglob(PART)):
        name = path.relative_to(folder).as_posix()
        table, _, region = name.removesuffix(f"/{PART}").rpartition("/region=")
        contents[name] = path.read_bytes()
        if found := pq.ParquetFile(path).read().to_pylist():
            rows[table, region] = found
    return rows, contents


def assert_equal_rows(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Compares rows in the order of their keys; columns that ``expected`` lacks are ignored."""
    assert [_key(row) for row in found] == sorted(_key(row) for row in expected)
    for row, wanted in zip(found, sorted(expected, key=_key), strict=True):
        differing = {
            name: (row[name], value)
            for name, value in wanted.items()
            if not _is_same(row[name], value)
        }
        assert not differing, f"{_key(row)}: column -> (found, expected): {differing}"


def _key(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in KEYS if name in row)


def _is_same(found: object, expected: object) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=FLOAT_TOLERANCE, abs_tol=FLOAT_TOLERANCE)
    return found == expected
