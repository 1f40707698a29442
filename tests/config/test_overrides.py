"""Overrides on the command line: every setting but whose lake it is and what may be overridden."""

from pathlib import Path

import pytest

from graphrec_core.config import load_pipeline
from graphrec_core.config.overrides import Override
from graphrec_core.errors import ConfigError
from tests.dags.pipelines import write_pipeline


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("pipeline=other", "pipeline"),
        ("pipeline=tiny", "pipeline"),
        (" pipeline =other", "pipeline"),
        ("pipeline.x=other", "pipeline"),
        ("schedule.overridable=[lake.*]", "schedule.overridable"),
        ("schedule.overridable.0=lake.*", "schedule.overridable"),
        ("schedule={start: 2026-01-01, overridable: []}", "schedule.overridable"),
        ("schedule={<<: {overridable: []}}", "schedule.overridable"),
    ],
)
def test_what_nobody_overrides(tmp_path: Path, override: str, key: str) -> None:
    with pytest.raises(ConfigError, match=f"{key} can never be overridden") as refusal:
        load_pipeline(write_pipeline(tmp_path, "tiny"), [override])
    assert refusal.value.exit_code == 2


def test_the_command_line_overrides_everything_else(tmp_path: Path) -> None:
    overrides = ["lake.root=/x", "gate.min_recall=0.5", "schedule={start: 2026-02-01}"]
    config = load_pipeline(write_pipeline(tmp_path, "tiny"), overrides)
    assert (config.lake.root, config.gate.min_recall) == ("/x", 0.5)
    assert config.schedule.start.isoformat() == "2026-02-01"


@pytest.mark.parametrize(
    "entry", ["training", "*", "trainings.*", "training.epochs", "region.user", "pipeline.*", ".*"]
)
def test_the_list_names_settings(tmp_path: Path, entry: str) -> None:
    schedule = {"start": "2026-01-01", "overridable": [entry]}
    with pytest.raises(ConfigError, match=r"schedule\.overridable"):
        load_pipeline(write_pipeline(tmp_path, "tiny", schedule=schedule))


@pytest.mark.parametrize("entry", ["publish.*", "publish.mode", "schedule.overridable"])
def test_the_list_cannot_name_itself_or_publishing(tmp_path: Path, entry: str) -> None:
    schedule = {"start": "2026-01-01", "overridable": [entry]}
    with pytest.raises(ConfigError, match=r"schedule\.overridable may not name"):
        load_pipeline(write_pipeline(tmp_path, "tiny", schedule=schedule))


@pytest.mark.parametrize(
    ("path", "allowed", "expected"),
    [
        (("training", "seed"), ["training.*"], True),
        (("training",), ["training.*"], False),
        (("trainings", "seed"), ["training.*"], False),
        (("evaluation", "k"), ["evaluation.k"], True),
        (("evaluation", "k", "x"), ["evaluation.k"], True),
        (("evaluation", "ks"), ["evaluation.k"], False),
        (("evaluation",), ["evaluation.k"], False),
        (("source", "nodes", "user"), ["source.nodes.*"], True),
        (("source", "nodes"), ["source.nodes.*"], False),
    ],
)
def test_a_key_is_among_those_of_a_list(
    path: tuple[str, ...], allowed: list[str], *, expected: bool
) -> None:
    assert Override(path, None).is_among(allowed) is expected
