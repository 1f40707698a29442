"""Histories as the raw tables of a source, and the pipeline that reads them."""

from dataclasses import astuple, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from graphrec_core.config import PipelineConfig
from tests.support.fuzzing import TIMES
from tests.support.histories import EventRow, FeatureRow, History, NodeRow, Settings

TIMESTAMP = pa.timestamp("us", tz="UTC")
TABLES = {
    "users": (NodeRow, [pa.string(), *[TIMESTAMP] * 3, pa.bool_(), pa.string(), pa.float64()]),
    "places": (NodeRow, [pa.string(), *[TIMESTAMP] * 3, pa.bool_(), pa.string(), pa.float64()]),
    "visited": (EventRow, [pa.string(), pa.string(), TIMESTAMP, pa.string(), TIMESTAMP, pa.bool_(),
                           pa.float64(), pa.float64(), pa.bool_()]),
    "knows": (EventRow, [pa.string(), pa.string(), TIMESTAMP, pa.string(), TIMESTAMP, pa.bool_(),
                         pa.float64(), pa.float64(), pa.bool_()]),
    "moods": (FeatureRow, [pa.string(), TIMESTAMP, TIMESTAMP, pa.bool_(), pa.float64()]),
}  # fmt: skip
FEATURES = {
    f"{column}_{how}": how
    for column in ("score", "is_paid")
    for how in ("sum", "mean", "max", "last", "first")
    if column == "score" or how == "mean" or TIMES > 1
}
"""Edge features of visits: one column in every aggregation; `make fuzz` has both so."""


def write_history(folder: Path, history: History) -> None:
    """Writes the raw tables as Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (row_type, types) in TABLES.items():
        names = [field.name for field in fields(row_type)]
        rows = [astuple(row) for row in getattr(history, name)]
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
        arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
        pq.write_table(pa.table(dict(zip(names, arrays, strict=True))), folder / f"{name}.parquet")


def history_config(
    source: Path, lake: Path, settings: Settings, engine: str = "duckdb"
) -> PipelineConfig:
    """The pipeline that reads a written history."""
    merge: dict[str, list[str]] = {}
    for old, new in settings.merge:
        merge.setdefault(new, []).append(old)
    tiny = {"below": settings.tiny_below, "into": "rest"} if settings.tiny_below else None
    columns = ", ".join(f"{name.rpartition('_')[0]} as {name}" for name in FEATURES)
    freshness = settings.freshness
    if freshness is not None:
        freshness = {"bucket_days": freshness[0], "drop_frac": freshness[1]}
    return PipelineConfig.model_validate(
        {
            "pipeline": "history",
            "source": {
                "root": str(source),
                "tables": {name: {"path": f"{name}.parquet"} for name in TABLES},
                "nodes": {"user": "select * from users", "place": "select * from places"},
                "edges": {
                    "visited": {
                        "select": f"select *, {columns} from visited",
                        "weight": settings.weight,
                        "features": FEATURES,
                    },
                    "knows": {"src": "user", "dst": "user", "select": "select * from knows"},
                },
                "features": {"user": "select * from moods"},
            },
            "task": {"query": "user", "candidate": "place", "edge": "visited"},
            "time": {
                "window_days": settings.window_days,
                "horizon_days": settings.horizon_days,
                "active_days": settings.active_days,
                "lateness_hours": settings.lateness_hours,
                "half_life_days": settings.half_life_days,
                "freshness": freshness,
            },
            "region": {
                "user": settings.user_home,
                "place": settings.place_home,
                "border": settings.border,
                "merge": merge,
                "tiny": tiny,
            },
            "snapshot": {"engine": engine, "threads": 1, "shuffle_partitions": 1},
            "recommender": {"model": "lightgcn"},
            "schedule": {"start": "2026-01-01"},
            "lake": {"root": str(lake)},
        }
    )
