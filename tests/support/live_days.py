"""A market whose first day is live, as fixtures."""

from pathlib import Path

import pytest

from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.ledger.release import Release
from tests.support.days import BOTH, run_day
from tests.support.snapshots import AS_OF, tiny_config
from tests.support.steps import train


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    """Few queries are enough to judge here."""
    return tiny_config(
        tmp_path,
        gate={"min_queries": 20},
        evaluation={"k": 5, "depth": 20},
        training={"num_epochs": 1},
    )


@pytest.fixture
def first_day(config: PipelineConfig) -> Release:
    """The first day, live in both regions."""
    return run_day(config)


@pytest.fixture
def champions(config: PipelineConfig, first_day: Release) -> Release:
    """The same, its models trained, so that the next day can judge itself against them."""
    for region in BOTH:
        train(Day(config, AS_OF), region)
    return first_day
