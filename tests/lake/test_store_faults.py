"""S3 that refuses, and processes that sleep too long: nothing committed is lost or made up."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.errors import LakeError
from graphrec_core.lake import Artifact, Attempt, Lake, Storage, attempt, find_artifact, lease
from graphrec_core.lake.sweep import sweep
from graphrec_core.ledger.live import read_live
from tests.support.figures import MODEL_FIGURES
from tests.support.identities import tiny_id
from tests.support.object_store import ObjectStore
from tests.support.releases import EAST, one_region_release, publish
from tests.support.snapshots import AS_OF, SOURCE, tiny_config

ID = tiny_id(StepName.TRAIN, EAST)


@pytest.fixture
def config(store: ObjectStore, tmp_path: Path) -> PipelineConfig:
    return tiny_config(tmp_path, lake={"root": store.new_root()})


@pytest.fixture
def lake(config: PipelineConfig) -> Lake:
    return Lake(config)


@pytest.fixture
def storage(lake: Lake) -> Storage:
    return lake.storage


def _commit(lake: Lake, write: Callable[[Attempt], None]) -> Artifact:
    with attempt(lake.storage, lake.layout.model(EAST, ID), ID) as trial:
        write(trial)
        return trial.commit(StepName.TRAIN, lake.config, AS_OF, EAST, {}, MODEL_FIGURES, SOURCE)


def _figures(trial: Attempt) -> None:
    trial.write_json("figures.json", {"a": 1})


@pytest.mark.parametrize(
    "ask", ["exists", "find", "read", "open", "files", "folders", "stat", "remove"]
)
def test_a_refusal_is_no_absence(store: ObjectStore, storage: Storage, ask: str) -> None:
    storage.write("a/b", b"x")
    getattr(storage, ask)("nothing/here") if ask not in ("read", "open") else None
    store.refuses = lambda method, path: True
    for path in ("nothing/here", "a/b"):
        with pytest.raises(LakeError, match="must answer"):
            getattr(storage, ask)(path)
    store.refuses = lambda method, path: False
    assert storage.read("a/b") == b"x"


def test_a_refused_look_at_the_pointer_changes_nothing(store: ObjectStore, lake: Lake) -> None:
    for number in (0, 1):
        publish(lake, one_region_release(number, f"e{number}"))
    before = read_live(lake)
    for method in ("GET", "HEAD", "PUT"):
        store.refuses = lambda found, path, method=method: (
            found == method and path.endswith("LIVE.json")
        )
        with pytest.raises(LakeError, match="must answer"):
            publish(lake, one_region_release(2, "e2"))
        store.refuses = lambda method, path: False
        assert read_live(lake) == before


def _age(store: ObjectStore, lake: Lake, age_s: float, without: str = "no such name") -> None:
    for path in lake.storage.files(""):
        if not path.endswith(without):
            store.set_age(lake.storage.uri(path), age_s)


def test_a_running_attempt_is_never_swept(
    store: ObjectStore, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the clock of this machine says: the store's own is asked."""
    now_s = time.time()
    with attempt(lake.storage, lake.layout.model(EAST, ID), ID) as trial:
        _figures(trial)
        _age(store, lake, 9e6, without=".held")
        monkeypatch.setattr(time, "time", lambda: now_s + 9e6)
        assert sweep(lake, 0) == []
        found = trial.commit(StepName.TRAIN, lake.config, AS_OF, EAST, {}, MODEL_FIGURES, SOURCE)
    found.checked.check()
    assert not [key for key in store.keys(lake.storage.uri("")) if ".held" in key]


def test_a_sign_of_life_is_given_again_and_again(
    store: ObjectStore, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "BEAT_S", 0.05)
    with attempt(lake.storage, lake.layout.model(EAST, ID), ID):
        deadline_s = time.monotonic() + 120
        while sum(path.endswith(".held") for method, path, _ in store.requests) < 5:
            assert time.monotonic() < deadline_s
            time.sleep(0.05)


def test_a_sleeper_that_was_swept_cannot_commit(store: ObjectStore, lake: Lake) -> None:
    def oversleep() -> None:
        with attempt(lake.storage, lake.layout.model(EAST, ID), ID) as trial:
            _figures(trial)
            _age(store, lake, 7200)
            assert [found.path for found in sweep(lake, 3600)] == [trial.base]
            trial.commit(StepName.TRAIN, lake.config, AS_OF, EAST, {}, MODEL_FIGURES, SOURCE)

    with pytest.raises(LakeError, match=r"figures\.json"):
        oversleep()
    assert store.keys(lake.storage.uri("")) == []
    assert _commit(lake, _figures).read_json("figures.json") == {"a": 1}


def test_a_sleeper_cannot_commit_while_it_is_swept(store: ObjectStore, lake: Lake) -> None:
    """The sweep dies between its seal and the first of the files."""

    def refuse_once_sealed(key: str) -> None:
        if key.endswith("run.json"):
            store.refuses = lambda method, path: method in ("DELETE", "POST")

    def oversleep() -> None:
        with attempt(lake.storage, lake.layout.model(EAST, ID), ID) as trial:
            _figures(trial)
            _age(store, lake, 7200)
            store.before_put = refuse_once_sealed
            with pytest.raises(LakeError, match="must answer"):
                sweep(lake, 3600)
            store.before_put = lambda key: None
            store.refuses = lambda method, path: False
            trial.commit(StepName.TRAIN, lake.config, AS_OF, EAST, {}, MODEL_FIGURES, SOURCE)

    with pytest.raises(LakeError, match="alone"):
        oversleep()
    assert find_artifact(lake.storage, lake.layout.model(EAST, ID)) is None


def test_a_sleeper_that_only_lacks_its_manifest_is_not_swept(
    store: ObjectStore, lake: Lake
) -> None:
    """It may put the manifest when it wakes; it has lost once another one is there."""
    manifest = f"{lake.layout.model(EAST, ID)}/manifest.json"
    store.refuses = lambda method, path: method == "PUT" and path.endswith(manifest)
    with pytest.raises(LakeError, match="must answer"):
        _commit(lake, _figures)
    store.refuses = lambda method, path: False
    _age(store, lake, 7200)
    left = store.keys(lake.storage.uri(""))
    assert left
    assert sweep(lake, 3600) == []
    assert store.keys(lake.storage.uri("")) == left
    _commit(lake, lambda trial: trial.write_json("figures.json", {"a": 2}))
    _age(store, lake, 7200)
    assert len(sweep(lake, 3600)) == 1
    found = find_artifact(lake.storage, lake.layout.model(EAST, ID))
    assert found is not None
    assert found.read_json("figures.json") == {"a": 2}


def test_a_sign_that_could_not_be_removed_goes_once_it_is_old(
    store: ObjectStore, lake: Lake
) -> None:
    store.refuses = lambda method, path: method in ("DELETE", "POST")
    base = _commit(lake, _figures).base
    store.refuses = lambda method, path: False
    left = f"{base}/.held"
    assert lake.storage.exists(left)
    _age(store, lake, 600)
    assert sweep(lake, 0) == []  # its process may live: the next sign is due
    _age(store, lake, 7200)
    assert [found.path for found in sweep(lake, 3600)] == [left]
    assert find_artifact(lake.storage, lake.layout.model(EAST, ID)) is not None
