"""Ids of the tiny pipeline's results, for tests that commit one alone."""

from pathlib import Path

from graphrec_core.config import STEPS, Grain, StepName
from graphrec_core.lake.identity import artifact_id
from graphrec_core.types import ArtifactId, Region
from tests.support.snapshots import AS_OF, SOURCE, tiny_config


def tiny_id(step: StepName, region: Region, **inputs: str) -> ArtifactId:
    """Returns the id of a result of the tiny pipeline's first day with these inputs, by role.

    It is the same in every lake.
    """
    source = SOURCE if STEPS[step].grain is Grain.SOURCE else ""
    return artifact_id(step, tiny_config(Path("lake")), AS_OF, region, inputs, source)
