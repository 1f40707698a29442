"""The table of steps: ids that no refactoring may change by accident.

A golden id changes when a step's VERSION or declared sections change, or a setting that it
declares is added, renamed or has another default. If that is meant, bump the VERSION of every step
whose result changes and write the new ids here.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphrec_core.config import STEPS, Grain, PipelineConfig, StepName
from graphrec_core.config.gate import GateConfig
from graphrec_core.config.model import PopularityConfig
from graphrec_core.config.steps import OWN_SETTINGS
from graphrec_core.lake import artifact_id
from graphrec_core.lake.identity import declared_config
from graphrec_core.types import ALL_REGIONS, Region
from tests.support.snapshots import AS_OF, SOURCE, tiny_config

GOLDEN = {
    StepName.WAIT: "051efd39d55f4bc5",
    StepName.VALIDATE: "7ddc7caf7060ed49",
    StepName.SNAPSHOT: "0ab9d20525332cfd",
    StepName.CHECK: "b2043e916bb40b1b",
    StepName.TRAIN: "b27d6834a178f477",
    StepName.WINDOW: "be3741ec7f29d065",
    StepName.CHOICE: "c8d2498ad4abe432",
    StepName.RANKER: "d7fdc4277194b352",
    StepName.EMBED: "e6dfbf4eead1d070",
    StepName.EVALUATE: "46ba2c7d78216b43",
    StepName.SHARD: "d1750e4b2ceb9257",
    StepName.PUBLISH: "47a3607e3765a49f",
    StepName.SCORE: "ee09d1553ef2899d",
    StepName.REPORT: "123118cc3f928d69",
}


@pytest.mark.parametrize("step", list(StepName))
def test_golden_ids(step: StepName) -> None:
    config = tiny_config(Path("lake"))
    source = SOURCE if STEPS[step].grain is Grain.SOURCE else ""
    found = artifact_id(step, config, AS_OF, Region("east"), {"input": "x"}, source)
    assert found == GOLDEN.get(step)


POLYGONS = {"polygons": "areas.geojson", "name": "NAME"}


@pytest.mark.parametrize(
    "change",
    [
        {"time": {"half_life_days": 30}},
        {"time": {"freshness": {}}},
        {"time": {"freshness": {"drop_frac": 0.2}}},
        {"time": {"freshness": {"bucket_days": 7}}},
        {"region": {"areas": {"cells": 3}, "place": "coordinates"}},
        {"region": {"areas": {"cells": 4}, "place": "coordinates"}},
        {"region": {"areas": POLYGONS, "place": "coordinates"}},
        {"region": {"split": {"us": "state"}}},
        {"region": {"merge": {"us": ["ca"]}}},
        {"region": {"tiny": {"below": 10, "into": "us"}}},
        {"region": {"tiny": {"below": 11, "into": "us"}}},
        {"region": {"border": "drop"}},
        {"edges": {"weight": "mean"}},
        {"edges": {"weight": "max"}},
        {"edges": {"weight": "last"}},
        {"edges": {"features": {"price": "last"}}},
        {"edges": {"features": {"price": "mean"}}},
    ],
    ids=str,
)
def test_every_setting_of_the_views_changes_the_snapshots_id(
    change: dict[str, dict[str, Any]],
) -> None:
    assert _snapshot_id(change) not in {
        _snapshot_id({}),
        _snapshot_id({"time": {"freshness": {"bucket_days": 14}}}),
        _snapshot_id({"region": {"areas": {"cells": 5}, "place": "coordinates"}}),
        _snapshot_id({"region": {"tiny": {"below": 12, "into": "us"}}}),
    }


def test_settings_of_the_engine_do_not_change_the_snapshots_id() -> None:
    assert _snapshot_id({"snapshot": {"engine": "duckdb", "memory": "1g"}}) == _snapshot_id({})


@pytest.mark.parametrize("step", [StepName.SNAPSHOT, StepName.VALIDATE])
def test_the_format_that_a_file_is_read_in_is_in_the_id(step: StepName) -> None:
    """However it is given: by the path's suffix or by `format`; where a file lies is not."""

    def id_of(**table: str) -> str:
        data = tiny_config(Path("lake")).model_dump(mode="json")
        data["source"]["tables"]["users"] = table
        config = PipelineConfig.model_validate(data)
        return artifact_id(step, config, AS_OF, ALL_REGIONS, {})

    parquet = id_of(path="users.parquet")
    assert id_of(path="users.csv") != parquet
    assert id_of(path="users", format="csv") == id_of(path="users.csv")
    assert id_of(path="users.parquet", format="parquet") == parquet
    columns = {"user": "string", "film": "string"}
    turned = dict(reversed(columns.items()))
    # A file without a header has its columns in their order: turned, it has other rows.
    assert id_of(path="users.csv", columns=columns) != id_of(path="users.csv", columns=turned)
    assert id_of(path="moved/users.parquet") == parquet
    assert id_of(catalog="users") not in {parquet, id_of(path="users.csv")}


def _snapshot_id(change: dict[str, dict[str, Any]]) -> str:
    data = tiny_config(Path("lake")).model_dump(mode="json")
    data["region"] = {"user": "from_events", "place": "column", **change.get("region", {})}
    data["time"] |= change.get("time", {})
    data["source"]["edges"]["visited"] |= change.get("edges", {})
    data["snapshot"] |= change.get("snapshot", {})
    config = PipelineConfig.model_validate(data)
    return artifact_id(StepName.SNAPSHOT, config, AS_OF, ALL_REGIONS, {})


OF_SOURCES = (StepName.EMBED, StepName.WINDOW, StepName.CHOICE, StepName.RANKER)


@pytest.mark.parametrize("step", OF_SOURCES)
def test_a_scorers_version_is_in_the_id_of_what_it_proposes_to(
    step: StepName, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(Path("lake"), recommender={"model": "popularity"})
    source = "popularity" if step is StepName.EMBED else ""
    before = artifact_id(step, config, AS_OF, ALL_REGIONS, {}, source)
    monkeypatch.setattr(PopularityConfig, "version", 2)
    assert artifact_id(step, config, AS_OF, ALL_REGIONS, {}, source) != before


def test_whatever_holds_sources_is_tried_with_another_version_of_a_scorer() -> None:
    held = {OWN_SETTINGS, "recommender", "recommender.sources"}
    found = {step for step, spec in STEPS.items() if held & set(spec.settings)}
    assert found - {StepName.TRAIN} == set(OF_SOURCES)  # train-model trains encoders alone


@pytest.mark.parametrize("code", [StepName.WINDOW, StepName.RANKER, StepName.EVALUATE])
def test_a_choice_is_another_one_where_the_code_that_it_runs_is(
    code: StepName, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(Path("lake"))
    ids = {step: artifact_id(step, config, AS_OF, ALL_REGIONS, {}, SOURCE) for step in STEPS}
    monkeypatch.setitem(STEPS, code, replace(STEPS[code], version=99))
    changed = {
        step
        for step in STEPS
        if artifact_id(step, config, AS_OF, ALL_REGIONS, {}, SOURCE) != ids[step]
    }
    assert changed == {code, StepName.CHOICE}


@pytest.mark.parametrize("key", ["cold_start_max_degree", "low_degree_max"])
def test_what_no_contender_is_scored_by_is_in_no_choice(key: str) -> None:
    config = tiny_config(Path("lake"))
    other = tiny_config(Path("lake"), evaluation={key: 1})
    assert getattr(other.evaluation, key) != getattr(config.evaluation, key)
    for step, is_equal in ((StepName.CHOICE, True), (StepName.EVALUATE, False)):
        ids = {artifact_id(step, one, AS_OF, ALL_REGIONS, {}) for one in (config, other)}
        assert (len(ids) == 1) == is_equal


def test_every_step_is_in_the_table() -> None:
    assert set(STEPS) == set(StepName)


@pytest.mark.parametrize("step", list(StepName))
def test_declared_sections_exist(step: StepName) -> None:
    assert set(declared_config(tiny_config(Path("lake")), step, SOURCE)) == set(
        STEPS[step].settings
    )


def test_no_step_declares_where_or_how_it_runs() -> None:
    """Storage, schedule and engine change nothing in a result, so they may not enter an id."""
    for step, spec in STEPS.items():
        roots = {key.partition(".")[0] for key in spec.settings}
        assert not roots & {"lake", "schedule", "snapshot"}, step


def test_every_other_section_is_declared_by_a_step() -> None:
    """A section that nobody declares could change results without changing an id."""
    declared = {key.partition(".")[0] for spec in STEPS.values() for key in spec.settings}
    free = {"pipeline", "lake", "schedule", "snapshot"}
    assert declared == set(PipelineConfig.model_fields) - free


def test_every_setting_of_the_gate_is_in_the_id_of_the_step_that_applies_it() -> None:
    """A new one is in the evaluation's until it says that another step applies it."""
    more = {StepName.PUBLISH, StepName.SCORE}  # the whole section; the baselines beside
    steps = [step for step in StepName if step not in more]
    found = {key: step for step in steps for key in STEPS[step].settings if key[:5] == "gate."}
    expected = dict.fromkeys(
        (f"gate.{name}" for name in GateConfig.model_fields), StepName.EVALUATE
    )
    del expected["gate.undecided"]
    expected["gate.min_ann_recall"] = StepName.SHARD
    expected["gate.min_refit_overlap"] = StepName.EMBED
    assert found == expected
