"""A backfill replays history: a day built anew, much later, is what was built that night."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from graphrec.jobs import (
    build_shard,
    check_snapshot,
    evaluate_model,
)
from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.errors import RefusedError
from graphrec_core.lake import Lake
from graphrec_core.publishing.publish import publish
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.types import Region, View, format_instant
from tests.support.steps import embed, train

pytestmark = pytest.mark.pipeline

DAYS = [datetime(2026, 2, day, tzinfo=UTC) for day in (1, 2, 3)]
START = datetime(2026, 1, 1, tzinfo=UTC)
LATENESS = timedelta(hours=6)
STEPS = {
    "build-snapshot",
    "check-snapshot",
    "train-model",
    "generate-embeddings",
    "evaluate-model",
    "build-shard",
}


def all_visits() -> pd.DataFrame:
    """Visits of 24 users; every tenth arrives one to five days late, some are taken back."""
    rng = np.random.default_rng(7)
    rows = []
    for number in range(1600):
        user, at = rng.integers(24), START + timedelta(minutes=int(rng.integers(34 * 1440)))
        place = f"p{(user % 2) * 6 + rng.integers(6)}"
        known = at + (timedelta(days=int(rng.integers(1, 6))) if number % 10 == 0 else timedelta())
        row = (f"u{user}", place, at, known, False)
        rows.append(row)
        if number % 25 == 0:
            rows.append((*row[:3], known + timedelta(days=3), True))
    return pd.DataFrame(rows, columns=["user", "place", "at", "known_at", "is_deleted"])


def write_source(root: Path, visits: pd.DataFrame) -> None:
    root.mkdir(parents=True, exist_ok=True)
    users = pd.DataFrame({"user": [f"u{user}" for user in range(24)], "since": START})
    regions = ["east"] * 6 + ["west"] * 6
    names = [f"p{place}" for place in range(12)]
    places = pd.DataFrame({"place": names, "region": regions, "opened": START})
    for name, table in {"users": users, "places": places, "visits": visits}.items():
        table.to_parquet(root / f"{name}.parquet", coerce_timestamps="us")


def pipeline(root: Path, lake: Path) -> PipelineConfig:
    return PipelineConfig.model_validate(
        {
            "pipeline": "market",
            "source": {
                "root": str(root),
                "tables": {n: {"path": f"{n}.parquet"} for n in ("users", "places", "visits")},
                "nodes": {
                    "user": "select user as node_id, since as valid_from from users",
                    "place": "select place as node_id, opened as valid_from, region from places",
                },
                "edges": {
                    "visited": "select user as src, place as dst, at as event_time, known_at, "
                    "is_deleted from visits"
                },
            },
            "task": {"query": "user", "candidate": "place", "edge": "visited"},
            "time": {"lateness_hours": LATENESS.total_seconds() / 3600},
            "region": {"user": "from_events", "place": "column"},
            "recommender": {"model": "lightgcn", "embedding_dim": 8},
            "training": {"num_epochs": 2},
            "gate": {"undecided": "live"},
            "schedule": {"start": "2026-01-15"},
            "snapshot": {"engine": "duckdb", "threads": 1, "memory": "512m"},
            "lake": {"root": str(lake)},
        }
    )


def run_day(config: PipelineConfig, as_of: datetime) -> None:
    produce_snapshot(Day(config, as_of))
    kept = check_snapshot.run(Day(config, as_of)).stats["kept_regions"]
    assert kept == ["east", "west"]
    for region in map(Region, kept):
        train(Day(config, as_of), region)
        embed(Day(config, as_of), region, View.TRAIN)
        evaluate_model.run(Day(config, as_of), region)
        embed(Day(config, as_of), region, View.SERVE)
        build_shard.run(Day(config, as_of), region)
    with contextlib.suppress(RefusedError):
        publish(Day(config, as_of))


def artefacts_of(config: PipelineConfig, as_of: datetime) -> dict[str, bytes]:
    """A day's manifests (which hold the sha256 of every file) and releases, by path."""
    storage, found = Lake(config).storage, {}
    for name in storage.files(""):
        is_release = name.startswith(f"{Lake(config).layout.releases}/")
        if name.endswith("/manifest.json") or is_release:
            data = storage.read(name)
            if json.loads(data)["as_of"] == format_instant(as_of):
                found[name] = data
    return found


@pytest.fixture(scope="module")
def that_night(tmp_path_factory: pytest.TempPathFactory) -> PipelineConfig:
    """Three days, each built from the rows that were there in its night."""
    root = tmp_path_factory.mktemp("nights")
    config, visits = pipeline(root / "raw", root / "lake"), all_visits()
    for day in DAYS:
        write_source(root / "raw", visits[visits["known_at"] < day + LATENESS])
        run_day(config, day)
    return config


def test_a_backfill_replays_history(that_night: PipelineConfig, tmp_path: Path) -> None:
    config = pipeline(tmp_path / "raw", tmp_path / "lake")
    write_source(tmp_path / "raw", all_visits())  # all that arrived since is there
    run_day(config, DAYS[0])
    run_day(config, DAYS[2])
    live = Lake(config).storage.read(Lake(config).layout.live)
    assert format_instant(DAYS[2]) in live.decode()
    run_day(config, DAYS[1])

    expected = artefacts_of(that_night, DAYS[1])
    assert {json.loads(data).get("step") for data in expected.values()} == {*STEPS, None}
    assert artefacts_of(config, DAYS[1]) == expected
    assert Lake(config).storage.read(Lake(config).layout.live) == live


def test_a_row_that_was_there_that_night_and_is_gone_is_noticed(
    that_night: PipelineConfig, tmp_path: Path
) -> None:
    config, visits = pipeline(tmp_path / "raw", tmp_path / "lake"), all_visits()
    write_source(tmp_path / "raw", visits.drop(index=int(visits["at"].argmin())))
    produce_snapshot(Day(config, DAYS[1]))
    (path, data), *_ = artefacts_of(config, DAYS[1]).items()
    assert artefacts_of(that_night, DAYS[1])[path] != data
