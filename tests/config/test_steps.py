"""The table of steps: ids that no refactoring may change by accident.

A golden id changes when a step's VERSION or declared sections change, or a setting that it
declares is added, renamed or has another default. If that is meant, bump the VERSION of every step
whose result changes and write the new ids here.
"""

from pathlib import Path

import pytest

from graphrec_core.config import STEPS, PipelineConfig, StepName
from graphrec_core.lake import artifact_id
from graphrec_core.lake.identity import declared_config
from graphrec_core.types import Region
from tests.support.snapshots import AS_OF, tiny_config

GOLDEN = {
    StepName.WAIT: "b589991db27296a1",
    StepName.VALIDATE: "e52ea04e12090d0d",
    StepName.SNAPSHOT: "e3d9cfd9b8e2332d",
    StepName.TRAIN: "d855ca31dac907f1",
    StepName.EMBED: "841aafe908a44e44",
    StepName.EVALUATE: "f506f7857c6e84d2",
    StepName.SHARD: "368b82f223cd76e9",
    StepName.PUBLISH: "4694baad7938c2ae",
    StepName.REPORT: "5be2e0a95c1938eb",
}


@pytest.mark.parametrize("step", list(StepName))
def test_golden_ids(step: StepName) -> None:
    config = tiny_config(Path("lake"))
    assert artifact_id(step, config, AS_OF, Region("east"), {"input": "x"}) == GOLDEN[step]


def test_every_step_is_in_the_table() -> None:
    assert set(STEPS) == set(StepName)


@pytest.mark.parametrize("step", list(StepName))
def test_declared_sections_exist(step: StepName) -> None:
    assert set(declared_config(tiny_config(Path("lake")), step)) == set(STEPS[step].sections)


def test_no_step_declares_where_or_how_it_runs() -> None:
    """Storage, schedule and engine change nothing in a result, so they may not enter an id."""
    for step, spec in STEPS.items():
        roots = {key.partition(".")[0] for key in spec.sections}
        assert not roots & {"lake", "schedule", "snapshot"}, step


def test_every_other_section_is_declared_by_a_step() -> None:
    """A section that nobody declares could change results without changing an id."""
    declared = {key.partition(".")[0] for spec in STEPS.values() for key in spec.sections}
    free = {"pipeline", "lake", "schedule", "snapshot"}
    assert declared == set(PipelineConfig.model_fields) - free
