"""A day that is a mistake: refused before it is over, and a named way out where it went live."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from graphrec.jobs.cli import app
from graphrec_core.config import PipelineConfig
from graphrec_core.errors import ConfigError
from tests.support import example_day
from tests.support.snapshots import AS_OF, tiny_config

pytestmark = pytest.mark.pipeline


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    """A lake in which a day five days ahead went live over today's."""
    config = tiny_config(tmp_path / "lake")
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")))
    for day in (0, 5):
        example_day.write_example_day(config, AS_OF + timedelta(days=day))
    return config


def run(tmp_path: Path, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [command, "--config", str(tmp_path / "tiny.yaml"), *arguments])


LOWER = ("--lower-high-water", "--by", "ada", "--reason", "a typing error")


def test_the_mark_is_lowered_by_a_named_person(config: PipelineConfig, tmp_path: Path) -> None:
    assert isinstance(run(tmp_path, "rollback-release", *LOWER).exception, ConfigError)
    assert run(tmp_path, "rollback-release").exit_code == 0
    for wrong in (("--by", "ada"), ("--lower-high-water",), (*LOWER, "--to", "0" * 16)):
        assert isinstance(run(tmp_path, "rollback-release", *wrong).exception, ConfigError)
    done = run(tmp_path, "rollback-release", *LOWER)
    assert done.exit_code == 0
    live = json.loads(done.stdout.splitlines()[-1])["live"]
    assert live["high_water"] == "20260101T000000Z"
    assert live["lowered"] == [
        {
            "by": "ada",
            "why": "a typing error",
            "from_as_of": "20260106T000000Z",
            "to_as_of": "20260101T000000Z",
        }
    ]


def test_a_day_that_is_not_over_is_not_published(config: PipelineConfig, tmp_path: Path) -> None:
    done = run(tmp_path, "publish-release", "--as-of", "2999-01-01")
    assert isinstance(done.exception, ConfigError)
    assert "not before 2999-01-01" in str(done.exception)
    stored = run(
        tmp_path, "publish-release", "--as-of", "2999-01-01", "--set", "publish.mode=never"
    )
    assert "not before" not in str(stored.exception)
