from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk.api.datamodels._generated import DagRunType as SdkRunType
from airflow.sdk.exceptions import AirflowFailException
from airflow.utils.types import DagRunType as CoreRunType

from graphrec.dags.run_params import publishing_of, rebuild_args
from graphrec.dags.run_tasks import check_overrides, choose_regions, resolve, unsuccessful
from graphrec_core.config import load_pipeline, shape_of
from graphrec_core.config.recommender import RecommenderConfig
from graphrec_core.errors import ConfigError
from tests.dags.pipelines import write_pipeline

SNAPSHOT = {"regions": ["eu", "asia", "us"]}

REGIONAL = shape_of(RecommenderConfig.model_validate({}))


def test_all_regions_by_default() -> None:
    assert choose_regions(SNAPSHOT, None) == ["asia", "eu", "us"]
    assert choose_regions(SNAPSHOT, []) == ["asia", "eu", "us"]


def test_wanted_regions_once_and_sorted() -> None:
    assert choose_regions(SNAPSHOT, ["us", "eu", "us"]) == ["eu", "us"]


def test_an_unknown_region_fails_naming_the_known() -> None:
    with pytest.raises(AirflowFailException, match=r"(?s)\['asia', 'eu', 'us'\].*\['mars'\]"):
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
    }
    config = load_pipeline(path, publishing_of(params))
    assert config.publish.mode == "force"
    assert config.publish.forced_by == "Ann: on call"
    assert config.publish.forced_why == "bad [gate], see #7"


@pytest.mark.parametrize(
    "override",
    [
        "recommender.sources.lightgcn.scope=global",
        "recommender.scope='global'",
        "recommender.sources.more={model: graphsage, scope: global}",
        "recommender.model=popularity",
    ],
)
def test_the_scope_cannot_be_overridden(tmp_path: Path, override: str) -> None:
    schedule = {"start": "2026-01-01", "overridable": ["training.*", "recommender.*"]}
    model = {"model": "lightgcn", "scope": "region"}
    path = write_pipeline(tmp_path, "tiny", recommender=model, schedule=schedule)
    for fine in ("training.num_epochs=3", "recommender.sources.more={model: popularity}"):
        check_overrides(str(path), REGIONAL, [fine])
    with pytest.raises(ConfigError, match="steps follow from recommender when the DAG"):
        check_overrides(str(path), REGIONAL, [override])


@pytest.mark.parametrize(
    ("own", "wanted", "told"),
    [
        ("lightgbm", "reciprocal_rank", "this one has build-window: day; fit-ranker: day"),
        ("reciprocal_rank", "lightgbm", "this one has build-window: none; fit-ranker: none"),
    ],
)
def test_whether_a_ranker_is_fitted_cannot_be_overridden(
    tmp_path: Path, own: str, wanted: str, told: str
) -> None:
    schedule = {"start": "2026-01-01", "overridable": ["recommender.*"]}
    recommender = {"model": "lightgcn", "ranker": {"model": own}}
    path = write_pipeline(tmp_path, "tiny", recommender=recommender, schedule=schedule)
    shape = shape_of(load_pipeline(path).recommender)
    check_overrides(str(path), shape, [f"recommender.ranker.model={own}"])
    with pytest.raises(ConfigError, match=told):
        check_overrides(str(path), shape, [f"recommender.ranker.model={wanted}"])


def test_a_former_override_of_a_run_is_refused_with_what_to_write(tmp_path: Path) -> None:
    path = write_pipeline(tmp_path, "tiny")
    with pytest.raises(ConfigError, match=r"recommender\.embedding_dim=8"):
        check_overrides(str(path), REGIONAL, ["model.embedding_dim=8"])


UNCHANGED = {"rebuild": False, "accept": False, "accepted_by": "", "accepted_why": ""}
ACCEPTED = {"rebuild": True, "accept": True, "accepted_by": " eve ", "accepted_why": "late"}


def context_of(
    run_type: object, as_of: str | None, history: Mapping[str, object] = UNCHANGED
) -> dict[str, object]:
    """What a task gets from Airflow, as far as ``resolve`` looks at it."""
    day = datetime(2026, 1, 1, tzinfo=UTC)
    params = {"as_of": as_of, "publish": "auto", "forced_by": "", "forced_why": ""}
    return {
        "dag_run": SimpleNamespace(run_type=run_type, logical_date=day, run_after=day),
        "params": {**params, **history, "overrides": []},
    }


def test_a_rebuild_is_asked_for_and_accepted_by_parameters() -> None:
    assert rebuild_args(UNCHANGED) == []
    assert rebuild_args({**UNCHANGED, "rebuild": True}) == ["--rebuild"]
    accepted = ["--rebuild", "--accept", "--by=eve", "--reason=late"]
    assert rebuild_args(ACCEPTED) == accepted


@pytest.mark.parametrize("left_out", ["rebuild", "accepted_by", "accepted_why"])
def test_half_an_acceptance_fails_before_anything_starts(tmp_path: Path, left_out: str) -> None:
    path = str(write_pipeline(tmp_path, "tiny"))
    history = {**ACCEPTED, left_out: UNCHANGED[left_out]}
    context = context_of("manual", "2026-03-01", history)
    with pytest.raises(AirflowFailException, match="accept needs rebuild"):
        resolve(path, REGIONAL, context)  # type: ignore[arg-type]


def test_a_backfill_may_look_at_history_but_not_accept_it(tmp_path: Path) -> None:
    path = str(write_pipeline(tmp_path, "tiny"))
    looks = context_of("backfill", None, {**UNCHANGED, "rebuild": True})
    assert resolve(path, REGIONAL, looks) == "2026-01-02T00:00:00+00:00"  # type: ignore[arg-type]
    with pytest.raises(AirflowFailException, match="day by day"):
        resolve(path, REGIONAL, context_of("backfill", None, ACCEPTED))  # type: ignore[arg-type]
    day = resolve(path, REGIONAL, context_of("manual", "2026-03-01", ACCEPTED))  # type: ignore[arg-type]
    assert day == "2026-03-01T00:00:00+00:00"


@pytest.mark.parametrize("run_type", [SdkRunType("backfill"), CoreRunType("backfill"), "backfill"])
def test_a_backfill_refuses_one_instant_for_all_its_days(
    tmp_path: Path, run_type: Enum | str
) -> None:
    path = str(write_pipeline(tmp_path, "tiny"))
    with pytest.raises(AirflowFailException, match="backfill"):
        resolve(path, REGIONAL, context_of(run_type, "2026-03-01"))  # type: ignore[arg-type]
    instant = resolve(path, REGIONAL, context_of(run_type, None))  # type: ignore[arg-type]
    assert instant == "2026-01-02T00:00:00+00:00"


@pytest.mark.parametrize("run_type", [SdkRunType("manual"), CoreRunType("manual")])
def test_a_manual_run_takes_its_instant(tmp_path: Path, run_type: Enum) -> None:
    path = str(write_pipeline(tmp_path, "tiny"))
    context = context_of(run_type, "2026-03-01")
    assert resolve(path, REGIONAL, context) == "2026-03-01T00:00:00+00:00"  # type: ignore[arg-type]
