"""One day's artefacts: names, places and inputs follow from the table of steps."""

from dataclasses import replace
from pathlib import Path

import pytest

from graphrec_core.config import STEPS, Grain, PipelineConfig, StepName, is_part_of
from graphrec_core.config.steps import StepInput, StepSpec
from graphrec_core.day import Day
from graphrec_core.errors import AbsentError, LakeError
from graphrec_core.lake import Attempt, artifact_id
from graphrec_core.lake.records import ModelFigures
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.support.figures import MODEL_FIGURES
from tests.support.snapshots import AS_OF, SOURCE, tiny_config

EAST = Region("east")
STORED = [step for step in STEPS if step not in (StepName.WAIT, StepName.REPORT)]


@pytest.fixture
def day(tmp_path: Path) -> Day:
    return Day(tiny_config(tmp_path / "lake"), AS_OF)


def view_of(step: StepName) -> View | None:
    return View.SERVE if STEPS[step].has_views else None


def source_of(step: StepName) -> str:
    return SOURCE if STEPS[step].grain is Grain.SOURCE else ""


def role_of(one: StepInput, spec: StepSpec) -> str:
    is_each = STEPS[one.step].grain is Grain.SOURCE and spec.grain is not Grain.SOURCE
    return f"{one.role}.{SOURCE}" if is_each else one.role


@pytest.mark.parametrize("step", STORED)
@pytest.mark.parametrize("scope", ["region", "global"])
def test_an_id_is_the_hash_of_exactly_the_inputs_that_the_table_names(
    tmp_path: Path, step: StepName, scope: str
) -> None:
    source = {"model": "lightgcn", "scope": scope, "ranker": {"model": "lightgbm"}}
    config = tiny_config(tmp_path, recommender=source)
    day, spec = Day(config, AS_OF), STEPS[step]
    ref = day.ref(step, EAST, view_of(step), source_of(step))
    one_of_all = spec.grain is Grain.DAY or (spec.grain is Grain.SOURCE and scope == "global")
    assert ref.region == (ALL_REGIONS if one_of_all else EAST)
    inputs = {
        role_of(one, spec): str(day.ref(one.step, EAST, one.view, source_of(one.step)).id)
        for one in spec.inputs
        if is_part_of(one.step, config.recommender)
    }
    if step is StepName.RANKER:  # the window of the day itself; no other day has a snapshot
        inputs["window.20260101T000000Z"] = day.ref(StepName.WINDOW).id
    assert ref.inputs == inputs | ({"view": "serve"} if spec.has_views else {})
    assert ref.id == artifact_id(step, config, AS_OF, ref.region, ref.inputs, ref.source)
    assert ref.id in ref.folder


def test_a_step_reads_what_each_source_says(tmp_path: Path) -> None:
    sources = {"taste": {"model": "lightgcn"}, "walks": {"model": "covisitation"}}
    day = Day(tiny_config(tmp_path, recommender={"sources": sources}), AS_OF)
    embedded = {name: day.ref(StepName.EMBED, EAST, View.SERVE, name) for name in sources}
    assert day.ref(StepName.SHARD, EAST).inputs == {
        "snapshot": day.ref(StepName.SNAPSHOT).id,
        "embedding.taste": embedded["taste"].id,
        "embedding.walks": embedded["walks"].id,
    }
    assert set(embedded["taste"].inputs) == {"snapshot", "model", "view"}
    assert set(embedded["walks"].inputs) == {"snapshot", "view"}  # a scorer has no model


def test_no_two_results_of_a_day_share_a_name_or_a_place(day: Day) -> None:
    refs = [
        day.ref(step, region, view, source_of(step))
        for step in STORED
        for region in (EAST, Region("west"))
        for view in (View if STEPS[step].has_views else [None])
    ]
    different = {(ref.step, ref.region, ref.inputs.get("view")) for ref in refs}
    assert len({ref.id for ref in refs}) == len({ref.folder for ref in refs}) == len(different)


def test_the_inputs_of_a_step_come_before_it_in_the_table() -> None:
    before: set[StepName] = set()
    for step, spec in STEPS.items():
        assert {one.step for one in spec.inputs} <= before
        before.add(step)


def test_a_revision_renames_all_that_is_made_from_the_snapshot(day: Day) -> None:
    revised = day.at_revision(1)
    for step in STORED:
        is_below = step is StepName.SNAPSHOT or bool(STEPS[step].inputs)
        where = EAST, view_of(step), source_of(step)
        changed = revised.ref(step, *where) != day.ref(step, *where)
        assert changed is is_below, step


def write(trial: Attempt) -> ModelFigures:
    trial.write("weights.bin", b"1")
    return MODEL_FIGURES


def test_what_is_produced_is_found_and_not_made_again(day: Day) -> None:
    ref = day.ref(StepName.TRAIN, EAST, source=SOURCE)
    assert day.find(ref) is None
    made = day.produce(ref, write)
    assert (made.manifest.id, made.manifest.inputs) == (ref.id, dict(ref.inputs))
    assert made.manifest.stats == MODEL_FIGURES.to_json()

    def fail(_: Attempt) -> ModelFigures:
        raise AssertionError("it is there")

    assert day.produce(ref, fail).manifest == day.open(ref).manifest == made.manifest


def test_what_fails_leaves_nothing(day: Day) -> None:
    ref = day.ref(StepName.TRAIN, EAST, source=SOURCE)

    def fail(trial: Attempt) -> ModelFigures:
        write(trial)
        raise LakeError(must="It must work.", found="it did not", fix="Nothing.")

    with pytest.raises(LakeError, match="It must work"):
        day.produce(ref, fail)
    assert not list(day.lake.storage.files(""))
    with pytest.raises(AbsentError, match="earlier steps"):
        day.open(ref)


@pytest.mark.parametrize("wrong", ["inputs", "region", "as_of"])
def test_a_result_is_committed_under_no_other_id_than_its_inputs_give(
    day: Day, config_of_tomorrow: Day, wrong: str
) -> None:
    ref = day.ref(StepName.TRAIN, EAST, source=SOURCE)
    changed = {
        "inputs": replace(ref, inputs={"snapshot": "another"}),
        "region": replace(ref, region=Region("west")),
        "as_of": ref,
    }[wrong]
    owner = config_of_tomorrow if wrong == "as_of" else day
    with pytest.raises(LakeError, match="under the id of its inputs"):
        owner.produce(changed, write)
    assert day.find(ref) is None


@pytest.fixture
def config_of_tomorrow(day: Day) -> Day:
    config: PipelineConfig = day.config
    return Day(config, AS_OF.replace(year=AS_OF.year + 1))
