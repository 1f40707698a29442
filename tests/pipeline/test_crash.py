"""A crash leaves yesterday serving: steps are killed, by SIGKILL, at named points."""

import json
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient

from graphrec.jobs import build_shard, evaluate_model
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.lake import Lake
from graphrec_core.ledger.release import list_releases
from graphrec_core.publishing.publish import publish
from graphrec_core.serving.app import create_app
from tests.pipeline.steps import REPOSITORY
from tests.support.days import BOTH, EAST, lake_bytes, prepare_day, run_day
from tests.support.live_reader import LiveReader
from tests.support.snapshots import AS_OF, tiny_config
from tests.support.steps import train

pytestmark = pytest.mark.pipeline

TODAY = AS_OF + timedelta(days=1)
RELEASE, LIVE = "graphrec_core.ledger.storing", "graphrec_core.ledger.live"
GOING, CATALOGUE = "graphrec_core.publishing.going_live", "graphrec_core.ledger.catalogue"
POINTS = {
    "before the release is stored": f"call:{RELEASE}:store_release",
    "between its names and the release": f"return:{CATALOGUE}:announce",
    "after the release is stored": f"return:{RELEASE}:store_release",
    "before the swap": f"call:{LIVE}:Live.to_bytes",
    "in the swap's temporary file": "rename:LIVE.json",
    "after the swap": f"return:{GOING}:go_live",
}
"""Of publishing, in the order in which they are passed."""
IN_TRAINING = "log:epoch"
NOWHERE, NEVER = f"call:{RELEASE}:nobody", "rename:nothing"


def settings_of(lake: Path) -> PipelineConfig:
    return tiny_config(
        lake,
        gate={"min_queries": 20},
        evaluation={"k": 5, "depth": 20},
        training={"num_epochs": 1},
    )


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PipelineConfig]:
    """A lake where yesterday is live and today is ready to be published; one where it was."""
    root = tmp_path_factory.mktemp("crash")
    config = settings_of(root / "before")
    run_day(config)
    for region in BOTH:
        train(Day(config, AS_OF), region)
    prepare_day(config, TODAY)
    for region in BOTH:
        evaluate_model.run(Day(config, TODAY), region)
        build_shard.run(Day(config, TODAY), region)
    shutil.copytree(root / "before", root / "after")
    after = settings_of(root / "after")
    publish(Day(after, TODAY))
    return root / "before", after


def run_and_die(
    config: PipelineConfig, folder: Path, point: str, step: str, *arguments: str
) -> int:
    """Runs a step of today in a process of its own, which ends at a point if it gets there."""
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    day = ("--config", str(path), "--as-of", TODAY.date().isoformat())
    command = [sys.executable, "-m", "tests.support.killed", point, step, *day, *arguments]
    return subprocess.run(command, cwd=REPOSITORY, check=False, capture_output=True).returncode


def served_shard(config: PipelineConfig) -> str:
    """What a fresh server answers from."""
    client = TestClient(create_app(Lake(config)))
    answer = client.get("/recommend/east-u3?k=3").json()
    assert len(answer["items"]) == 3
    assert client.get("/healthz").json()["status"] == "ok"
    return str(answer["shard_id"])


@pytest.mark.parametrize("where", POINTS)
def test_a_crash_leaves_yesterday_serving(
    lakes: tuple[Path, PipelineConfig], tmp_path: Path, where: str
) -> None:
    before, never_killed = lakes
    shutil.copytree(before, tmp_path / "lake")
    config = settings_of(tmp_path / "lake")
    yesterday, today = (
        str(Day(config, day).ref(StepName.SHARD, EAST).id) for day in (AS_OF, TODAY)
    )
    assert served_shard(config) == yesterday

    with LiveReader(tmp_path / "lake" / "tiny", BOTH) as reader:
        code = run_and_die(config, tmp_path, POINTS[where], "publish-release")
        assert code == -signal.SIGKILL, f"{where} was not reached"

        place = list(POINTS).index(where)
        assert served_shard(config) == (today if where == "after the swap" else yesterday)
        assert len(list_releases(Lake(config))) == (1 if place < 2 else 2)
        left_over = list((tmp_path / "lake" / "tiny").glob(".LIVE.json.*"))
        assert len(left_over) == (1 if where == "in the swap's temporary file" else 0)

        publish(Day(config, TODAY))
    assert served_shard(config) == today
    assert lake_bytes(config) == lake_bytes(never_killed)
    assert reader.num_reads > 0
    assert reader.faults == []


def test_the_reader_notices_a_partial_release(tmp_path: Path) -> None:
    reader = LiveReader(tmp_path, BOTH)
    reader.check('{"regions": ')
    reader.check(json.dumps({"regions": {"east": {"shard_id": "x", "release_id": "y"}}}))
    assert len(reader.faults) == 3


def test_training_killed_in_its_middle_runs_again_to_the_same_bytes(
    lakes: tuple[Path, PipelineConfig], tmp_path: Path
) -> None:
    killed, never_killed = (settings_of(tmp_path / name) for name in ("killed", "never"))
    for config in (killed, never_killed):
        shutil.copytree(lakes[0], config.lake.root)
    before = lake_bytes(killed)
    step = ("train-model", "--region", EAST)
    assert run_and_die(killed, tmp_path, IN_TRAINING, *step) == -signal.SIGKILL
    assert lake_bytes(killed) == before
    assert run_and_die(killed, tmp_path, NEVER, *step) == 0
    train(Day(never_killed, TODAY), EAST)
    assert lake_bytes(killed) == lake_bytes(never_killed) != before


def test_a_point_that_is_not_reached_is_noticed(
    lakes: tuple[Path, PipelineConfig], tmp_path: Path
) -> None:
    shutil.copytree(lakes[0], tmp_path / "lake")
    config = settings_of(tmp_path / "lake")
    assert run_and_die(config, tmp_path, NOWHERE, "publish-release") == 0
