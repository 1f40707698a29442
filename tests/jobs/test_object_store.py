"""Days of the town whose lake is in an object store, from the source to the rollback."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from graphrec.jobs import (
    build_shard,
    check_snapshot,
    evaluate_model,
    query,
    recommend,
    rollback_release,
    status,
    sweep,
    validate_source,
    wait_for_source,
    write_report,
)
from graphrec_core.config import PipelineConfig, load_pipeline
from graphrec_core.day import Day
from graphrec_core.lake import Lake
from graphrec_core.ledger.live import read_live
from graphrec_core.ledger.release import list_releases
from graphrec_core.publishing.publish import publish
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.types import Region, parse_instant
from tests.support.days import lake_bytes
from tests.support.object_store import ObjectStore, object_store
from tests.support.steps import embed_all

TOWN = Path(__file__).parents[2] / "configs" / "town.yaml"
DAYS = (parse_instant("2025-12-25"), parse_instant("2026-01-01"))
REGIONS = (Region("ash"), Region("birch"))
SMALL = (
    "snapshot.engine=duckdb",
    "source.town.num_regions=2",
    "source.town.num_users=60",
    "source.town.num_places=40",
    "training.num_epochs=1",
    "gate.baselines=[popularity]",
    "publish={mode: force, forced_by: test, forced_why: two days suffice}",
)


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with object_store() as running:
        yield running


def _run_day(config: PipelineConfig, as_of: datetime) -> None:
    produce_snapshot(Day(config, as_of))
    check_snapshot.run(Day(config, as_of))
    for region in REGIONS:
        embed_all(Day(config, as_of), region)
        evaluate_model.run(Day(config, as_of), region)
        build_shard.run(Day(config, as_of), region)
    publish(Day(config, as_of))


@pytest.mark.pipeline
def test_the_town_in_a_bucket_is_the_town_in_a_folder(store: ObjectStore, tmp_path: Path) -> None:
    there, here = (
        load_pipeline(TOWN, [*SMALL, f"lake.root={root}"])
        for root in (store.new_root(), tmp_path / "lake")
    )
    for config in (here, there):
        wait_for_source.run(Day(config, DAYS[1]), 0)
        validate_source.run(Day(config, DAYS[1]))
        for day in DAYS:
            _run_day(config, day)
    assert lake_bytes(there) == lake_bytes(here)
    write_report.run(Day(there, DAYS[1]))
    storage = Lake(there).storage
    (page,) = storage.files(Lake(there).layout.report(DAYS[1]))
    assert storage.read(page).lower().startswith(b"<!doctype html>")
    assert store.num_uploads(storage.uri("")) == 0

    assert set(read_live(Lake(there)).regions) == set(REGIONS)
    assert status.run(there, None) == status.run(here, None)
    assert query.run(there, k=5) == query.run(here, k=5)
    outputs = [tmp_path / "there.parquet", tmp_path / "here.parquet"]
    for config, output in zip((there, here), outputs, strict=True):
        recommend.run(config, 5, output)
    assert outputs[0].read_bytes() == outputs[1].read_bytes()

    storage.write(f"{Lake(there).layout.scratch}/dead/part", b"half")
    assert [line for line in sweep.run(there, 0) if "scratch/dead" in line]
    first, second = list_releases(Lake(there))
    live = rollback_release.run(there)
    assert (live.release_id, live.withdrawn) == (first.id, [second.id])
    publish(Day(there, DAYS[1]))  # forced: the release that was rolled back revives
    assert read_live(Lake(there)).release_id == second.id
