"""A small market of two regions as raw Parquet files, and the pipeline that reads it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from graphrec_core.config import PipelineConfig

AS_OF = datetime(2026, 1, 31, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
USERS = ("ann", "ben", "cem", "dia")


def market_tables() -> dict[str, pd.DataFrame]:
    """Four users, six places in two regions, and a visit of every user on every day of January."""
    places = pd.DataFrame(
        {
            "place": [f"p{number}" for number in range(6)],
            "region": ["east"] * 3 + ["west"] * 3,
            "opened": START,
            "stars": [1.0, 2.0, 3.0, 1.0, 2.0, 3.0],
        }
    )
    users = pd.DataFrame({"user": USERS, "since": START, "age": [20, 30, 40, 50]})
    visits = pd.DataFrame(
        [
            (
                user,
                f"p{(3 * (who >= 2) + day * (who + 1)) % 6}",
                START + timedelta(days=day, hours=1),
            )
            for day in range(30)
            for who, user in enumerate(USERS)
        ],
        columns=["user", "place", "at"],
    )
    return {"users": users, "places": places, "visits": visits}


def market_data(lake: Path) -> dict[str, Any]:
    """The market's pipeline as it would stand in YAML."""
    return {
        "pipeline": "market",
        "source": {
            "root": str(lake.parent / "raw"),
            "tables": {
                "users": {"path": "users.parquet"},
                "places": {"path": "places.parquet"},
                "visits": {"path": "visits.parquet"},
            },
            "nodes": {
                "user": "select user as node_id, since as valid_from, age from users",
                "place": "select place as node_id, opened as valid_from, region, stars "
                "from places",
            },
            "edges": {"visited": "select user as src, place as dst, at as event_time from visits"},
            "max_bad_rows_frac": 0.05,
        },
        "task": {"query": "user", "candidate": "place", "edge": "visited"},
        "region": {"user": "from_events", "place": "column"},
        "recommender": {"model": "lightgcn"},
        "schedule": {"start": "2026-01-15"},
        "snapshot": {"engine": "duckdb", "threads": 2, "memory": "512m"},
        "lake": {"root": str(lake)},
    }


def write_market(lake: Path, **tables: pd.DataFrame) -> PipelineConfig:
    """Writes the market's tables, some of them replaced, and returns its pipeline."""
    root = lake.parent / "raw"
    root.mkdir(parents=True, exist_ok=True)
    for name, table in {**market_tables(), **tables}.items():
        table.to_parquet(
            root / f"{name}.parquet", coerce_timestamps="us", allow_truncated_timestamps=True
        )
    return PipelineConfig.model_validate(market_data(lake))
