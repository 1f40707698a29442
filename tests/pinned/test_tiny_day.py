"""A change of a step's result cannot hide behind an unchanged version."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch.nn.functional as F  # noqa: N812  (torch's own abbreviation)
from torch import Tensor

from graphrec_core.config import STEPS, StepName
from graphrec_core.training import losses
from tests.pinned.tiny_day import PINNED, Results, run_tiny_day

pytestmark = pytest.mark.pipeline

TOLERANCE = 1e-4
"""Processors add in different orders; a change of the code is larger."""
FIX = (
    "Undo the change, or, if it is meant, bump the step's version in config/steps.py and "
    "pin the new results with `python -m tests.pinned.tiny_day`."
)


def pinned() -> Results:
    found: Results = json.loads(PINNED.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return as_json(run_tiny_day(tmp_path_factory.mktemp("tiny")))


def as_json(results: Results) -> Results:
    found: Results = json.loads(json.dumps(results))
    return found


def differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    """Names what of a step's results is another."""
    exact, near = expected["exact"], expected["near"]
    yield from (key for key in exact if found["exact"].get(key) != exact[key])
    yield from (key for key in near if not is_near(found["near"].get(key), near[key]))
    yield from {*found["exact"], *found["near"]} - {*exact, *near}


def is_near(found: object, expected: object) -> bool:
    if isinstance(expected, Mapping):
        same = isinstance(found, Mapping) and found.keys() == expected.keys()
        return same and all(is_near(found[key], expected[key]) for key in expected)
    left, right = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    return left.shape == right.shape and bool(
        np.allclose(left, right, rtol=TOLERANCE, atol=TOLERANCE)
    )


def test_every_step_with_a_result_is_pinned() -> None:
    assert set(pinned()) == set(STEPS) - {StepName.WAIT, StepName.REPORT}


@pytest.mark.parametrize("step", sorted(pinned()))
def test_a_version_has_the_results_that_are_pinned_for_it(step: str, results: Results) -> None:
    found, expected = results[step], pinned()[step]
    assert found["version"] == expected["version"], f"{step} has a new version. {FIX}"
    assert not list(differences(found, expected)), f"The results of {step} changed. {FIX}"


def test_a_loss_that_is_one_percent_steeper_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, results: Results
) -> None:
    def steeper(positive_B: Tensor, negative_B: Tensor) -> Tensor:
        return F.softplus(1.01 * (negative_B - positive_B)).mean()

    monkeypatch.setattr(losses, "bpr", steeper)
    found = as_json(run_tiny_day(tmp_path))
    changed = {step for step in found if list(differences(found[step], results[step]))}
    assert {StepName.TRAIN, StepName.EMBED} <= changed
    assert not changed & {StepName.VALIDATE, StepName.SNAPSHOT, StepName.CHECK}
