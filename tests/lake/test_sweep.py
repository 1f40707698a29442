"""Sweep removes dead and losing attempts, and nothing that anybody reads."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event

import pytest

from graphrec.jobs import sweep as job
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.errors import ConfigError
from graphrec_core.lake import Artifact, Lake, attempt, find_artifact
from graphrec_core.lake.lease import held
from graphrec_core.lake.sweep import find_leftovers, sweep
from graphrec_core.ledger.live import read_live
from graphrec_core.ledger.replay import LiveRegion
from graphrec_core.types import Region
from tests.support.example_day import write_example_day
from tests.support.figures import MODEL_FIGURES
from tests.support.identities import tiny_id
from tests.support.snapshots import AS_OF, SOURCE, tiny_config

REGION = Region("east")
ID = tiny_id(StepName.TRAIN, REGION)
NOW_S = time.time()
DAY_S = 86_400.0


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    return tiny_config(tmp_path)


def _commit(config: PipelineConfig) -> Artifact:
    lake = Lake(config)
    with attempt(lake.storage, lake.layout.model(REGION, ID), ID) as trial:
        trial.write_json("figures.json", {})
        return trial.commit(StepName.TRAIN, config, AS_OF, REGION, {}, MODEL_FIGURES, SOURCE)


def _die(lake: Lake, folder: str, token: str, age_s: float) -> str:
    """Leaves what a killed attempt leaves."""
    base = f"{folder}/attempt-{token}"
    lake.storage.write(f"{base}/deep/er/file.parquet", b"half")
    _set_age(lake, f"{base}/deep/er/file.parquet", age_s)
    return base


def _set_age(lake: Lake, path: str, age_s: float) -> None:
    file = Path(lake.storage.uri(path).removeprefix("file://"))
    now_s = time.time()
    os.utime(file, (now_s - age_s, now_s - age_s))


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
    removed = sweep(lake, DAY_S)
    assert [leftover.path for leftover in removed] == [old]
    assert removed[0].num_files == 1
    assert removed[0].age_s == pytest.approx(2 * DAY_S, abs=600)
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
    assert find_leftovers(lake, DAY_S) == []


def test_a_losing_attempt_goes_the_committed_one_stays(config: PipelineConfig) -> None:
    lake = Lake(config)
    first, _ = _commit(config), _commit(config)
    folder = lake.layout.model(REGION, ID)
    assert len(lake.storage.folders(folder)) == 2
    # Both attempts name the same manifest; readers take the first of them.
    kept = find_artifact(lake.storage, folder)
    assert kept is not None
    sweep(lake, 0)
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
    sweep(lake, 0)
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
    assert sweep(lake, 0) == []
    assert lake.storage.exists(artifact.base)


def test_temporary_files_of_killed_writes_go(config: PipelineConfig) -> None:
    lake = Lake(config)
    for name in (".LIVE.json.0a1b2c3d", ".hidden", "LIVE.json"):
        lake.storage.write(f"tiny/{name}", b"{}")
        _set_age(lake, f"tiny/{name}", 2 * DAY_S)
    removed = sweep(lake, DAY_S)
    assert [leftover.path for leftover in removed] == ["tiny/.LIVE.json.0a1b2c3d"]


HIDDEN = (".held", ".run.json.0a1b2c3d", ".manifest.json.0a1b2c3d")


def _leave_hidden(lake: Lake, base: str) -> list[str]:
    """Leaves what an unlink that failed leaves: in a committed attempt, beside it, beside LIVE."""
    folder = base.rpartition("/")[0]
    paths = [*(f"{base}/{name}" for name in HIDDEN), f"{folder}/{HIDDEN[2]}"]
    paths += [f"tiny/{name}" for name in (".LIVE.json.0a1b2c3d", "LIVE.json.lock")]
    for path in paths:
        lake.storage.write(path, b"")
        _set_age(lake, path, 2 * DAY_S)
    return sorted(paths)


def _age_all(lake: Lake, base: str) -> None:
    for path in lake.storage.files(base):
        _set_age(lake, path, 2 * DAY_S)


def test_hidden_files_that_could_not_be_removed_go_once_they_are_old(
    config: PipelineConfig,
) -> None:
    lake, artifact = Lake(config), _commit(config)
    before = _files(lake)
    hidden = _leave_hidden(lake, artifact.base)
    _age_all(lake, artifact.base)
    assert sweep(lake, 3 * DAY_S) == []
    assert job.run(config, dry_run=True) == hidden
    assert sorted(leftover.path for leftover in sweep(lake, DAY_S)) == hidden
    assert _files(lake) == before
    assert find_artifact(lake.storage, artifact.base.rpartition("/")[0]) is not None


@pytest.mark.parametrize("name", [*HIDDEN, "LIVE.json.lock"])
def test_a_hidden_file_that_somebody_holds_stays(config: PipelineConfig, name: str) -> None:
    lake, artifact = Lake(config), _commit(config)
    path = f"tiny/{name}" if name == "LIVE.json.lock" else f"{artifact.base}/{name}"
    with lake.storage.locked(path):
        _age_all(lake, "tiny")
        assert sweep(lake, DAY_S) == []
        assert lake.storage.exists(path)
    lake.storage.write(path, b"")  # as a failed unlink leaves it
    _age_all(lake, "tiny")
    assert [leftover.path for leftover in sweep(lake, DAY_S)] == [path]


def test_a_young_hidden_file_of_an_old_attempt_stays(config: PipelineConfig) -> None:
    lake, artifact = Lake(config), _commit(config)
    _leave_hidden(lake, artifact.base)
    _age_all(lake, artifact.base)
    lake.storage.write(f"{artifact.base}/.held", b"")
    assert all("attempt-" not in leftover.path for leftover in sweep(lake, DAY_S))
    assert lake.storage.exists(f"{artifact.base}/.held")


def test_a_hidden_file_that_cannot_be_removed_is_not_said_to_be(
    config: PipelineConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, artifact = Lake(config), _commit(config)
    _age_all(lake, artifact.base)
    path = f"{artifact.base}/.held"
    lake.storage.write(path, b"")
    _set_age(lake, path, 2 * DAY_S)

    def refuse(path: Path, **_: object) -> None:
        raise OSError(f"no right to remove {path}")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        assert sweep(lake, DAY_S) == []
    assert [leftover.path for leftover in sweep(lake, DAY_S)] == [path]


def test_another_pipelines_leftovers_are_not_ours(config: PipelineConfig) -> None:
    lake = Lake(config)
    _die(lake, "other/models/region=east/x", "dead", 2 * DAY_S)
    assert sweep(lake, DAY_S) == []


def test_a_dry_run_lists_and_keeps(config: PipelineConfig) -> None:
    lake = Lake(config)
    base = _die(lake, lake.layout.model(REGION, ID), "dead", 2 * DAY_S)
    assert job.run(config, dry_run=True) == [base]
    assert lake.storage.exists(base)
    assert job.run(config) == [base]
    assert not lake.storage.exists(base)
    assert job.run(config) == []


def test_a_negative_age_is_refused(config: PipelineConfig) -> None:
    with pytest.raises(ConfigError, match="older-than-hours"):
        job.run(config, -1)


def _write_and_sweep(config: PipelineConfig, older_than_s: float) -> tuple[Artifact, list[str]]:
    """Sweeps while an attempt is open, between two of its files, and commits."""
    lake = Lake(config)
    with attempt(lake.storage, lake.layout.model(REGION, ID), ID) as trial:
        trial.write("weights", b"x" * 1000)
        _set_age(lake, f"{trial.base}/weights", 30 * DAY_S)
        removed = [found.path for found in sweep(lake, older_than_s)]
        trial.write_json("figures.json", {})
        return trial.commit(
            StepName.TRAIN, config, AS_OF, REGION, {}, MODEL_FIGURES, SOURCE
        ), removed


@pytest.mark.parametrize("jump_s", [-30 * DAY_S, 0, 30 * DAY_S])
def test_a_running_attempt_is_never_swept_whatever_the_clock_says(
    config: PipelineConfig, monkeypatch: pytest.MonkeyPatch, jump_s: float
) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW_S + jump_s)
    artifact, removed = _write_and_sweep(config, 0)
    assert removed == []
    artifact.checked.check()
    assert set(artifact.manifest.files) == {"weights", "figures.json"}
    assert not any(path.endswith(".held") for path in _files(Lake(config)))


def _hold_and_sleep(root: str, ready: Connection) -> None:
    lake = Lake(tiny_config(Path(root)))
    with attempt(lake.storage, lake.layout.model(REGION, ID), ID) as trial:
        trial.write("weights", b"x")
        ready.send(trial.base)
        time.sleep(600)


def test_a_stopped_process_is_alive_and_a_killed_one_is_dead(
    config: PipelineConfig, tmp_path: Path
) -> None:
    lake, context = Lake(config), get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=_hold_and_sleep, args=(str(tmp_path), there))
    process.start()
    base = here.recv()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    assert sweep(lake, -DAY_S) == []
    assert lake.storage.exists(f"{base}/weights")
    process.kill()
    process.join()
    assert [found.path for found in sweep(lake, -DAY_S)] == [base]
    assert lake.storage.files("") == []


def test_scratch_of_a_running_engine_stays(config: PipelineConfig) -> None:
    lake = Lake(config)
    for name in ("running", "dead"):
        lake.storage.write(f"{lake.layout.scratch}/{name}/rows", b"x")
        _set_age(lake, f"{lake.layout.scratch}/{name}/rows", 9 * DAY_S)
    with held(lake.storage, f"{lake.layout.scratch}/running"):
        removed = sweep(lake, 0)
    assert [found.path for found in removed] == [f"{lake.layout.scratch}/dead"]


def test_sweeps_at_once_take_nothing_that_is_committed(config: PipelineConfig) -> None:
    lake, stop = Lake(config), Event()

    def keep_sweeping() -> None:
        while not stop.is_set():
            sweep(lake, 0)

    def commit(number: int) -> Artifact:
        inputs = {"snapshot": f"{number // 2}"}  # two attempts at each result
        name = tiny_id(StepName.TRAIN, REGION, **inputs)
        with attempt(lake.storage, lake.layout.model(REGION, name), name) as trial:
            trial.write("a", b"x" * 100)
            trial.write("b", b"y" * 100)
            return trial.commit(
                StepName.TRAIN, config, AS_OF, REGION, inputs, MODEL_FIGURES, SOURCE
            )

    with ThreadPoolExecutor(5) as pool:
        sweepers = [pool.submit(keep_sweeping) for _ in range(2)]
        try:
            committed = list(pool.map(commit, range(60)))
        finally:
            stop.set()
        assert [sweeper.result() for sweeper in sweepers] == [None, None]
    sweep(lake, 0)
    for artifact in committed:
        folder = lake.layout.model(REGION, artifact.manifest.id)
        found = find_artifact(lake.storage, folder)
        assert found is not None
        found.checked.check()
        assert len(lake.storage.folders(folder)) == 1
