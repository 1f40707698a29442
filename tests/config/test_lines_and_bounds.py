"""A wrong setting is named with its line, and no number can overflow what reckons with it."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from graphrec_core.config import PipelineConfig, load_pipeline
from graphrec_core.config.base import MAX_NUMBER, Section
from graphrec_core.config.recommenders import models
from graphrec_core.errors import ConfigError
from graphrec_core.types import FIRST_YEAR, LAST_YEAR, parse_instant
from tests.dags.pipelines import write_pipeline

TEXT = """pipeline: tiny
source:
  tables:
    users: {path: users.parquet}
  nodes: {user: select 1, place: select 1}
  edges:
    visited: select 1
task:
  query: user
  candidate: place
  edge: visited
region:
  user: from_events
  place: column
schedule:
  start: 2026-01-01
"""


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("time:\n  window_days: 999999999", "time.window_days: .* \\(line 18\\)"),
        ("time:\n  windw_days: 1", "unknown key time.windw_days \\(line 18\\)"),
        ("time: 5", "time: .* \\(line 17\\)"),
        ("recommender:\n  model: lightgcn\n  num_layers: 0", "num_layers: .* \\(line 19\\)"),
        ("gate:\n  min_queries: yes", "gate.min_queries: .* \\(line 18\\)"),
        ("gate:\n  min_recall: .nan", "gate.min_recall: .* \\(line 18\\)"),
        ("gate:\n  tolerance_frac: .inf", "gate.tolerance_frac: .* \\(line 18\\)"),
        ("gate:\n  tolerance_frac: 1e999", "gate.tolerance_frac: .* \\(line 18\\)"),
        ("evaluation:\n  k: 20\n  depth: 5", "evaluation.depth must .* \\(line 19\\)"),
        ("publish:\n  mode: force", "publish.mode force needs .* \\(line 18\\)"),
        ("lake:\n  root: ''", "lake.root: .* \\(line 18\\)"),
        ('lake:\n  root: "a\\0b"', "lake.root: .* control characters \\(line 18\\)"),
        ("quality:\n\n\n  min_count: 0", "quality.min_count: .* \\(line 20\\)"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(tmp_path: Path, more: str, found: str) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(f"{TEXT}{more}\n")
    with pytest.raises(ConfigError, match=found) as error:
        load_pipeline(path)
    assert str(path) in error.value.must


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("edge: visited", "edge: liked", "task.edge must be one of .* \\(line 11\\)"),
        ("visited: select 1", "visited: {select: 1}", "visited.select: .* \\(line 7\\)"),
        ("place: column", "place: colum", "'place' must be one of .* \\(line 12\\)"),
        ("start: 2026-01-01", "start: 9999-01-01", "schedule.start: .* \\(line 16\\)"),
        ("start: 2026-01-01", "start: 0001-01-01", "schedule.start: .* \\(line 16\\)"),
        ("start: 2026-01-01", "start: 20260101", "schedule.start: .*date.* \\(line 16\\)"),
        ("pipeline: tiny", f"pipeline: {'x' * 65}", "pipeline: .*64 .* \\(line 1\\)"),
    ],
)
def test_a_wrong_line_of_the_file_is_named(tmp_path: Path, old: str, new: str, found: str) -> None:
    path = tmp_path / "tiny.yaml"
    assert old in TEXT
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(ConfigError, match=found):
        load_pipeline(path)


def test_an_override_is_told_from_a_line(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(f"{TEXT}time:\n  window_days: 10\n")
    with pytest.raises(ConfigError, match=r"time.window_days: .* \(an override\)"):
        load_pipeline(path, ["time.window_days=0"])
    with pytest.raises(ConfigError, match=r"unknown key time.x \(an override\)"):
        load_pipeline(path, ["time={x: 0}"])


def sections() -> Iterator[tuple[str, type[Section]]]:
    """Every class of settings, by its dotted place."""

    def below(name: str, model: type[BaseModel]) -> Iterator[tuple[str, type[Section]]]:
        assert issubclass(model, Section)
        yield name, model
        for key, field in model.model_fields.items():
            for kind in (field.annotation, *get_args(field.annotation)):
                if isinstance(kind, type) and issubclass(kind, BaseModel):
                    yield from below(f"{name}.{key}".lstrip("."), kind)

    yield from below("", PipelineConfig)
    for one in models():
        yield f"recommender.sources.{one.name}", one.settings


NUMBERS = sorted(
    {
        f"{name}.{key}"
        for name, model in sections()
        for key, field in model.model_fields.items()
        if {int, float} & {field.annotation, *get_args(field.annotation)}
    }
)


def test_numbers_are_found() -> None:
    assert len(NUMBERS) > 60
    assert {"time.window_days", "source.town.num_users", "region.tiny.below"} <= set(NUMBERS)
    assert "recommender.sources.popularity.window_days" in NUMBERS


@pytest.mark.parametrize("key", NUMBERS)
def test_no_number_is_without_bounds(tmp_path: Path, key: str) -> None:
    """A new setting has the bounds of its base class; a tighter one has its own."""
    path = write_pipeline(tmp_path, "tiny")
    for value in (MAX_NUMBER + 1, -MAX_NUMBER - 1, f"1{'0' * 400}.0", ".inf", ".nan", "yes"):
        _, _, name, *_ = [*key.split("."), "", ""]
        model = [f"recommender.sources.{name}.model={name}"] if "sources" in key else []
        with pytest.raises(ConfigError, match=key.rpartition(".")[2]) as error:
            load_pipeline(path, [*model, f"{key}={value}"])
        assert error.value.exit_code == 2


def test_the_longest_spans_fit_the_first_and_the_last_instant(tmp_path: Path) -> None:
    """The bounds hold together: every instant that steps reckon with exists."""
    longest = ["time.window_days=36525", "time.horizon_days=36524", "time.lateness_hours=8784"]
    time = load_pipeline(write_pipeline(tmp_path, "tiny"), longest).time
    for as_of in (f"{FIRST_YEAR}-01-01", f"{LAST_YEAR}-12-31T23:59:59"):
        instant = parse_instant(as_of)
        assert (instant - time.window - 2 * time.horizon).year >= 1600
        assert (instant + time.lateness + time.horizon).year < 9999
    with pytest.raises(ConfigError, match="window_days"):
        load_pipeline(write_pipeline(tmp_path, "tiny"), ["time.window_days=36526"])


@pytest.mark.parametrize(
    "text", ["0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31T23:59:59-14:00", "2026-02-30",
             "0001-01-01T00:00:00+14:00", "", "now", "2026-01-01T25:00:00"],
)  # fmt: skip
def test_an_instant_out_of_reach_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="1900 to 2999"):
        parse_instant(text)


def test_an_instant_without_an_offset_is_utc(tmp_path: Path) -> None:
    path = write_pipeline(tmp_path, "tiny")
    for text in ("2020-01-01", "2020-01-01T00:00:00Z", "'2020-01-01T02:00:00+02:00'"):
        found = load_pipeline(path, [f"source.earliest_time={text}"]).source.earliest_time
        assert found == datetime(2020, 1, 1, tzinfo=UTC)
        assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize("value", ["0", "86400", "1767225600", "'20260101'", "1.5"])
def test_a_number_is_no_date(tmp_path: Path, value: str) -> None:
    path = write_pipeline(tmp_path, "tiny")
    for key in ("schedule.end", "source.earliest_time", "source.town.end"):
        with pytest.raises(ConfigError, match="not a number"):
            load_pipeline(path, [f"{key}={value}"])


def test_a_schedule_has_a_day(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"schedule\.end must not lie before"):
        load_pipeline(write_pipeline(tmp_path, "tiny"), ["schedule.end=2025-12-31"])


@pytest.mark.parametrize("memory", ["0m", "2", "2t", "12345g", "99999999m", "1g\n", " 1g", "1.5g"])
def test_no_memory_that_no_machine_has(tmp_path: Path, memory: str) -> None:
    with pytest.raises(ConfigError, match=r"snapshot\.memory"):
        load_pipeline(write_pipeline(tmp_path, "tiny"), [f"snapshot.memory={memory!r}"])


@pytest.mark.parametrize(("by", "why"), itertools.product(["", " "], ["", "\t", "late"]))
def test_forcing_needs_a_name_and_a_reason(tmp_path: Path, by: str, why: str) -> None:
    settings = ["publish.mode=force", f"publish.forced_by={by!r}", f"publish.forced_why={why!r}"]
    with pytest.raises(ConfigError, match=r"publish\.forced_by"):
        load_pipeline(write_pipeline(tmp_path, "tiny"), settings)
