"""A change of what a scorer proposes cannot hide behind an unchanged version."""

import json

import numpy as np
import pytest

from graphrec_core.config.model import ScorerConfig
from graphrec_core.models import scorer
from tests.pinned.scorers import PINNED, SCORERS, pin

TOLERANCE = 1e-4
FIX = (
    "Undo the change, or, if it is meant, raise `version` of its settings (config/model.py) and "
    "pin the new scores with `python -m tests.pinned.scorers`."
)
KNOWN = json.loads(PINNED.read_text(encoding="utf-8"))


def is_as_pinned(name: str) -> bool:
    found = pin(SCORERS[name])["scores"]
    return np.allclose(found, KNOWN[name]["scores"], rtol=TOLERANCE, atol=TOLERANCE)


def test_every_scorer_is_pinned() -> None:
    assert list(KNOWN) == list(SCORERS)


@pytest.mark.parametrize("name", SCORERS)
def test_a_version_has_the_scores_that_are_pinned_for_it(name: str) -> None:
    settings = SCORERS[name].settings
    assert issubclass(settings, ScorerConfig)
    assert settings.version == KNOWN[name]["version"], f"{name} has a new version. {FIX}"
    assert is_as_pinned(name), f"What {name} says changed. {FIX}"


def test_degrees_that_are_scaled_a_little_more_are_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scale = scorer.degree_scale
    for module in ("spectral", "neighbours"):
        monkeypatch.setattr(
            f"graphrec_core.models.{module}.degree_scale",
            lambda degrees, exponent: scale(degrees, exponent * 1.05),
        )
    assert not is_as_pinned("spectral")
    assert not is_as_pinned("neighbours")
    assert is_as_pinned("ease")
