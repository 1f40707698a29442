"""Random histories of a lake on a disk that fails: what is committed stays, LIVE is whole.

A fault is an error of one call or of many, or a write that is cut short.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from graphrec_core.config import StepName
from graphrec_core.errors import ConfigError, LakeError
from graphrec_core.lake import Artifact, Lake, attempt, find_artifact
from graphrec_core.lake.sweep import sweep
from graphrec_core.ledger.live import Live, read_live
from graphrec_core.ledger.release import Release, ReleasedRegion, list_releases
from graphrec_core.ledger.storing import store_release
from graphrec_core.publishing.going_live import go_live, roll_back
from graphrec_core.types import ArtifactId, Region, format_instant
from tests.support.disk_faults import ERRNOS, DiskFaults, disk_faults
from tests.support.figures import SHARD_FIGURES
from tests.support.fuzzing import examples, fuzz
from tests.support.identities import tiny_id
from tests.support.snapshots import AS_OF, tiny_config

EAST = Region("east")
NUM_SEEDS = examples(16)
NUM_ACTS = 25


class History:
    """One lake, what was done to it, and what must hold whatever failed.

    Attributes:
        committed: The bytes of every artefact whose commit was seen to succeed, by id.
    """

    def __init__(self, root: Path, disk: DiskFaults, seed: int) -> None:
        self.config = tiny_config(root)
        self.lake, self.disk, self.random = Lake(self.config), disk, random.Random(seed)
        self.committed: dict[ArtifactId, bytes] = {}
        self.published: dict[ArtifactId, Release] = {}
        self.live = Live()
        self.num_faults = 0

    def step(self) -> None:
        """Does one thing while the disk fails, looks at the lake, and does it once more."""
        act = self.random.choice([self._commit, self._publish, self._roll_back, self._sweep])
        number = self.random.randrange(12)
        first = self.random.randrange(60)
        length = self.random.choice((1, 1, 3, 1000))
        self.disk.arm(first, length, self.random.choice(ERRNOS))
        expected, answer = self.live, None
        try:
            answer = act(number)
        except LakeError:
            self.num_faults += 1
        except ConfigError:
            assert act == self._roll_back  # nothing to go back to
        self.disk.arm()
        self._check(expected)
        if answer is None and act != self._roll_back:
            act(number)  # a retry succeeds
            self._check(self.live)

    def _commit(self, number: int) -> Artifact:
        inputs = {"embedding": str(number)}
        name = tiny_id(StepName.SHARD, EAST, **inputs)
        data = random.Random(number).randbytes(2000)
        folder = self.lake.layout.shard(EAST, name)
        found = find_artifact(self.lake.storage, folder)
        if found is None:
            with attempt(self.lake.storage, folder, name) as trial:
                trial.write("a/weights", data)
                trial.write_json("figures.json", {"number": number})
                found = trial.commit(
                    StepName.SHARD, self.config, AS_OF, EAST, inputs, SHARD_FIGURES
                )
        assert found.read("a/weights") == data
        self.committed[name] = found.manifest.to_bytes()
        return found

    def _publish(self, number: int) -> Live:
        shard = self._commit(number).manifest.id
        as_of = format_instant(AS_OF + timedelta(days=number))
        entry = ReleasedRegion(shard_id=shard, as_of=as_of, serves="model", passed=True)
        name = ArtifactId(f"{number:015x}f")
        release = Release(
            id=name, as_of=as_of, snapshot_id=ArtifactId("s"), mode="auto", regions={EAST: entry}
        )
        stored = store_release(self.lake, release)
        self.published[name] = stored
        return go_live(self.lake, stored)

    def _roll_back(self, _: int) -> Live:
        return roll_back(self.lake)

    def _sweep(self, _: int) -> bool:
        sweep(self.lake, 0)
        return True

    def _check(self, before: Live) -> None:
        for name, manifest in self.committed.items():
            found = find_artifact(self.lake.storage, self.lake.layout.shard(EAST, name))
            assert found is not None, f"{name} is lost"
            assert found.manifest.to_bytes() == manifest
            found.checked.check()
        listed = {release.id: release for release in list_releases(self.lake)}
        assert listed.items() >= self.published.items()
        live = read_live(self.lake)  # whole, or this raises
        assert live.high_water >= before.high_water
        assert set(live.withdrawn) >= set(before.withdrawn) - set(live.history)
        assert bool(live.regions) >= bool(before.regions)
        self.live = live


@fuzz
@pytest.mark.parametrize("seed", range(NUM_SEEDS))
def test_no_fault_loses_what_was_committed(tmp_path: Path, seed: int) -> None:
    with disk_faults(tmp_path) as disk:
        history = History(tmp_path, disk, seed)
        for _ in range(NUM_ACTS):
            history.step()
        assert history.num_faults
        sweep(history.lake, 0)
        names = history.lake.storage.files(history.lake.layout.pipeline)
    # Hidden files in a committed attempt, which the disk would not let go, are no reader's.
    attempts = [name.split("/", 4) for name in names if "/." not in name and "attempt-" in name]
    found = {tuple(parts[:4]): set[str]() for parts in attempts}
    for *folder, file in attempts:
        found[tuple(folder)].add(file.partition("/")[2])
    assert all(files == {"a/weights", "figures.json", "run.json"} for files in found.values())
    assert len(found) == sum(name.endswith("manifest.json") for name in names)


def _lose_the_manifest(history: History) -> None:
    history.lake.storage.remove(
        f"{history.lake.layout.shard(EAST, next(iter(history.committed)))}/manifest.json"
    )


def _empty_the_pointer(history: History) -> None:
    history.lake.storage.write(history.lake.layout.live, Live().to_bytes())


@pytest.mark.parametrize("break_it", [_lose_the_manifest, _empty_the_pointer])
def test_the_fuzzer_would_notice(tmp_path: Path, break_it: Callable[[History], None]) -> None:
    with disk_faults(tmp_path) as disk:
        history = History(tmp_path, disk, 0)
        for number in (1, 2):
            history._publish(number)
        history._check(history.live)
        break_it(history)
        with pytest.raises((AssertionError, LakeError)):
            history._check(history.live)
