"""SIGKILL anywhere, then the same command again: the same bytes, and never a partial release."""

import json
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.pipeline.conftest import TownDay
from tests.pipeline.steps import (
    DAY,
    REGIONS,
    REPOSITORY,
    command,
    committed_bytes,
    run_regions,
    run_step,
)

pytestmark = [pytest.mark.pipeline, pytest.mark.airflow, pytest.mark.spark]

KILLS_AFTER_S = (0.3, 0.6, 0.8, 1.0, 1.2, 1.5)


def start(step: str, lake: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(step, lake, "--as-of", DAY, *arguments),
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stderr
    process.stderr.close()


def kill_in_the_middle_of_training(lake: Path, region: str) -> None:
    process = start("train-model", lake, "--region", region)
    assert process.stderr
    for line in process.stderr:
        if "epoch" in line:
            break
    else:
        pytest.fail("training ended before it could be killed")
    kill(process)


class LiveReader(threading.Thread):
    """Reads LIVE.json all the time, as servers do, and remembers what was wrong with it."""

    def __init__(self, lake: Path) -> None:
        super().__init__(daemon=True)
        self.root, self.stopped = lake / "town", threading.Event()
        self.num_reads, self.faults = 0, list[str]()

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                text = (self.root / "LIVE.json").read_text()
            except FileNotFoundError:
                continue
            self.num_reads += 1
            self.check(text)
            time.sleep(0.001)

    def check(self, text: str) -> None:
        try:
            live = json.loads(text)
        except ValueError:
            self.faults.append(f"not JSON: {text[:80]!r}")
            return
        if sorted(live["regions"]) != list(REGIONS):
            self.faults.append(f"regions {sorted(live['regions'])}")
        for region, state in live["regions"].items():
            shard = self.root / "shards" / f"region={region}" / state["shard_id"]
            release = self.root / "releases" / f"{state['release_id']}.json"
            if not (shard / "manifest.json").exists() or not release.exists():
                self.faults.append(f"{region} names what is not there")


def test_the_reader_notices_a_partial_release(tmp_path: Path) -> None:
    reader = LiveReader(tmp_path)
    reader.check('{"regions": ')
    reader.check(json.dumps({"regions": {"ash": {"shard_id": "x", "release_id": "y"}}}))
    assert len(reader.faults) == 3


def test_killed_steps_run_again_give_the_same_bytes(town_day: TownDay, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    for artefacts in ("town", "snapshots", "verdicts"):
        shutil.copytree(town_day.lake / "town" / artefacts, lake / "town" / artefacts)
    kill_in_the_middle_of_training(lake, "birch")
    assert not list((lake / "town" / "models").rglob("manifest.json"))
    run_regions(lake, DAY, REGIONS)

    reader = LiveReader(lake)
    reader.start()
    for delay_s in KILLS_AFTER_S:
        process = start("publish-release", lake)
        time.sleep(delay_s)
        kill(process)
    run_step("publish-release", lake, "--as-of", DAY)
    time.sleep(0.1)
    reader.stopped.set()
    reader.join()

    assert reader.num_reads > 0
    assert reader.faults == []
    assert committed_bytes(lake) == committed_bytes(town_day.lake)
