"""Sweep removes dead and losing attempts, and nothing that anybody reads."""

import json
import os
from pathlib import Path

import pytest

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.errors import ConfigError
from graphrec_core.lake import Artifact, Lake, attempt, find_artifact
from graphrec_core.lake.live import read_live
from graphrec_core.lake.replay import LiveRegion
from graphrec_core.lake.sweep import find_leftovers, sweep
from graphrec_core.types import ArtifactId, Region
from jobs import sweep as job
from tests.support.example_day import write_example_day
from tests.support.snapshots import AS_OF, tiny_config

ID = ArtifactId("0123456789abcdef")
REGION = Region("east")
NOW_S = 2_000_000_000.0
DAY_S = 86_400.0


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    return tiny_config(tmp_path)


def _commit(config: PipelineConfig) -> Artifact:
    lake = Lake(config)
    with attempt(lake.storage, lake.layout.model(REGION, ID), ID) as trial:
        trial.write_json("figures.json", {})
        return trial.commit(StepName.TRAIN, config, AS_OF, REGION, {}, {})


def _die(lake: Lake, folder: str, token: str, age_s: float) -> str:
    """Leaves what a killed attempt leaves."""
    base = f"{folder}/attempt-{token}"
    lake.storage.write(f"{base}/deep/er/file.parquet", b"half")
    _set_age(lake, f"{base}/deep/er/file.parquet", age_s)
    return base


def _set_age(lake: Lake, path: str, age_s: float) -> None:
    file = Path(lake.storage.uri(path).removeprefix("file://"))
    os.utime(file, (NOW_S - age_s, NOW_S - age_s))


def _files(lake: Lake) -> list[str]:
    return lake.storage.files("")


def test_only_old_uncommitted_attempts_are_removed(config: PipelineConfig) -> None:
    lake = Lake(config)
    artifact = _commit(config)
    folder = lake.layout.model(REGION, ID)
    for name in lake.storage.files(folder):
        _set_age(lake, name, 30 * DAY_S)
    old = _die(lake, folder, "old", 2 * DAY_S)
    young = _die(lake, folder, "young", DAY_S / 2)
    removed = sweep(lake, DAY_S, NOW_S)
    assert [leftover.path for leftover in removed] == [old]
    assert removed[0].num_files == 1
    assert removed[0].age_s == pytest.approx(2 * DAY_S)
    found = find_artifact(lake.storage, folder)
    assert found is not None
    assert found.base == artifact.base
    assert found.read_json("figures.json") == {}
    assert lake.storage.exists(young)


def test_an_attempt_that_still_writes_is_young(config: PipelineConfig) -> None:
    lake = Lake(config)
    base = _die(lake, lake.layout.model(REGION, ID), "slow", 2 * DAY_S)
    lake.storage.write(f"{base}/fresh", b"")
    _set_age(lake, f"{base}/fresh", 60)
    assert find_leftovers(lake, DAY_S, NOW_S) == []


def test_a_losing_attempt_goes_the_committed_one_stays(config: PipelineConfig) -> None:
    lake = Lake(config)
    first, _ = _commit(config), _commit(config)
    folder = lake.layout.model(REGION, ID)
    assert len(lake.storage.folders(folder)) == 2
    # Both attempts name the same manifest; readers take the first of them.
    kept = find_artifact(lake.storage, folder)
    assert kept is not None
    sweep(lake, 0, NOW_S * 2)
    after = find_artifact(lake.storage, folder)
    assert after is not None
    assert after.base == kept.base
    assert after.manifest == first.manifest
    assert len(lake.storage.folders(folder)) == 1


def test_everything_else_in_the_lake_stays(config: PipelineConfig) -> None:
    lake = Lake(config)
    release = write_example_day(config)
    lake.storage.write(f"{lake.layout.report(AS_OF)}/index.html", b"page")
    before = _files(lake)
    _die(lake, lake.layout.shard(REGION, ID), "dead", 2 * DAY_S)
    sweep(lake, 0, NOW_S * 2)
    assert _files(lake) == before
    live = read_live(lake)
    assert live.release_id == release.id
    for region, entry in live.regions.items():
        assert isinstance(entry, LiveRegion)
        assert find_artifact(lake.storage, lake.layout.shard(region, entry.shard_id)) is not None


def test_a_damaged_artefact_is_left_to_people(config: PipelineConfig) -> None:
    lake = Lake(config)
    artifact = _commit(config)
    run = f"{artifact.base}/run.json"
    info = json.loads(lake.storage.read(run))
    lake.storage.write(run, json.dumps({**info, "manifest_sha256": "other"}).encode())
    assert sweep(lake, 0, NOW_S * 2) == []
    assert lake.storage.exists(artifact.base)


def test_temporary_files_of_killed_writes_go(config: PipelineConfig) -> None:
    lake = Lake(config)
    for name in (".LIVE.json.0a1b2c3d", ".hidden", "LIVE.json"):
        lake.storage.write(f"tiny/{name}", b"{}")
        _set_age(lake, f"tiny/{name}", 2 * DAY_S)
    removed = sweep(lake, DAY_S, NOW_S)
    assert [leftover.path for leftover in removed] == ["tiny/.LIVE.json.0a1b2c3d"]


def test_another_pipelines_leftovers_are_not_ours(config: PipelineConfig) -> None:
    lake = Lake(config)
    _die(lake, "other/models/region=east/x", "dead", 2 * DAY_S)
    assert sweep(lake, DAY_S, NOW_S) == []


def test_a_dry_run_lists_and_keeps(config: PipelineConfig) -> None:
    lake = Lake(config)
    base = _die(lake, lake.layout.model(REGION, ID), "dead", NOW_S - 1)
    assert job.run(config, dry_run=True) == [base]
    assert lake.storage.exists(base)
    assert job.run(config) == [base]
    assert not lake.storage.exists(base)
    assert job.run(config) == []


def test_a_negative_age_is_refused(config: PipelineConfig) -> None:
    with pytest.raises(ConfigError, match="older-than-hours"):
        job.run(config, -1)
