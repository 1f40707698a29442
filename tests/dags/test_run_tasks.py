from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException

from dags.run_params import overrides_of
from dags.run_tasks import check_overrides, choose_regions, unsuccessful
from graphrec_core.config import load_pipeline
from graphrec_core.errors import ConfigError
from tests.dags.pipelines import write_pipeline

SNAPSHOT = {"regions": ["eu", "asia", "us"]}


def test_all_regions_by_default() -> None:
    assert choose_regions(SNAPSHOT, None) == ["asia", "eu", "us"]
    assert choose_regions(SNAPSHOT, []) == ["asia", "eu", "us"]


def test_wanted_regions_once_and_sorted() -> None:
    assert choose_regions(SNAPSHOT, ["us", "eu", "us"]) == ["eu", "us"]


def test_an_unknown_region_fails_naming_the_known() -> None:
    with pytest.raises(AirflowFailException, match=r"\['mars'\].*\['asia', 'eu', 'us'\]"):
        choose_regions(SNAPSHOT, ["us", "mars"])


def test_no_region_fails() -> None:
    with pytest.raises(AirflowFailException, match="no region"):
        choose_regions({"regions": []}, None)


def test_every_state_but_success_is_named() -> None:
    states = {
        "day-ended": "running",
        "build-snapshot": "success",
        "region.train-model_0": "failed",
        "region.train-model_1": "success",
        "region.train-model_2": "removed",
        "region.build-shard_0": "upstream_failed",
        "write-report": "skipped",
        "publish-release": None,
    }
    assert unsuccessful(states) == (
        "publish-release (None), region.build-shard_0 (upstream_failed), "
        "region.train-model_0 (failed), write-report (skipped)"
    )
    assert unsuccessful({"day-ended": "running", "write-report": "success"}) == ""


def test_parameters_become_overrides_that_the_loader_reads_back(tmp_path: Path) -> None:
    path = write_pipeline(tmp_path, "tiny")
    params = {
        "publish": "force",
        "forced_by": "Ann: on call",
        "forced_why": "bad [gate], see #7",
        "overrides": ["training.num_epochs=3"],
    }
    config = load_pipeline(path, overrides_of(params))
    assert config.publish.mode == "force"
    assert config.publish.forced_by == "Ann: on call"
    assert config.publish.forced_why == "bad [gate], see #7"
    assert config.training.num_epochs == 3


@pytest.mark.parametrize(
    "override", ["model.scope=global", "model={name: lightgcn, scope: global}"]
)
def test_the_scope_cannot_be_overridden(tmp_path: Path, override: str) -> None:
    path = write_pipeline(tmp_path, "tiny", model={"name": "lightgcn", "scope": "region"})
    check_overrides(str(path), "region", ["training.num_epochs=3"])
    with pytest.raises(ConfigError, match=r"model\.scope"):
        check_overrides(str(path), "region", [override])
