"""status, write-report and show-config as commands use them."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from graphrec_core.config import PipelineConfig
from graphrec_core.lake import Lake
from graphrec_core.types import Region
from jobs import show_config, status, write_report
from tests.support import example_day
from tests.support.snapshots import AS_OF, tiny_config


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    return tiny_config(tmp_path)


def test_status_before_anything_is_live(config: PipelineConfig) -> None:
    assert status.run(config, None) == {
        "pipeline": "tiny",
        "high_water": "",
        "release_id": None,
        "regions": {},
    }


def test_status_of_what_is_live(config: PipelineConfig) -> None:
    release = example_day.write_example_day(config)
    data = json.loads(json.dumps(status.run(config, None)))
    assert data["high_water"] == "20260101T000000Z"
    assert data["release_id"] == release.id
    east, west = data["regions"]["east"], data["regions"]["west"]
    assert east["shard_id"] == release.regions[Region("east")].shard_id
    assert (east["serves"], east["gate"]) == ("model", "passed")
    assert (west["serves"], west["gate"]) == ("popular", "refused")
    assert east["as_of"] == "20260101T000000Z"
    assert east["release_id"] == release.id
    assert east["ann_recall"] == 0.99
    assert east["metrics"]["model"]["recall"] == 0.3
    assert set(east["metrics"]) == {"model", "popularity", "covisitation"}
    assert "run" not in data


def test_status_of_a_day(config: PipelineConfig) -> None:
    example_day.write_example_day(config)
    run = status.run(config, AS_OF)["run"]
    assert run["as_of"] == "20260101T000000Z"
    assert [row["gate"] for row in run["regions"]] == ["passed", "refused"]
    other = status.run(config, AS_OF + timedelta(days=1))
    assert other["run"]["regions"] == []
    assert other["regions"]["east"]["gate"] == "passed"


def test_status_draws_tables(config: PipelineConfig, capsys: pytest.CaptureFixture[str]) -> None:
    example_day.write_example_day(config)
    status.show(config, AS_OF)
    text = capsys.readouterr().out
    assert "1 of 2 regions went live." in text
    assert "live, release" in text


def test_status_survives_a_release_whose_evaluation_is_gone(config: PipelineConfig) -> None:
    release = example_day.write_example_day(config)
    lake = Lake(config)
    lake.storage.remove("tiny/evaluations")
    lake.storage.remove(lake.layout.release(release.id))
    east = status.run(config, None)["regions"]["east"]
    assert (east["gate"], east["metrics"]) == ("missing", None)


def test_a_report_is_written_where_the_layout_says(config: PipelineConfig) -> None:
    uri = write_report.run(config, AS_OF)
    lake = Lake(config)
    path = f"{lake.layout.report(AS_OF)}/index.html"
    assert uri == lake.storage.uri(path)
    before = lake.storage.read(path)
    example_day.write_example_day(config)
    assert write_report.run(config, AS_OF) == uri
    assert lake.storage.read(path) != before  # a view, written anew
    assert lake.storage.files(lake.layout.report(AS_OF)) == [path]


def test_a_report_changes_nothing_else(config: PipelineConfig) -> None:
    example_day.write_example_day(config)
    lake = Lake(config)
    before = {name: lake.storage.read(name) for name in lake.storage.files("tiny")}
    write_report.run(config, AS_OF)
    after = {name: lake.storage.read(name) for name in lake.storage.files("tiny")}
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {f"{lake.layout.report(AS_OF)}/index.html"}


@pytest.mark.parametrize("model", ["lightgcn", "graphsage"])
def test_show_config_loads_again(tmp_path: Path, model: str) -> None:
    source = {
        "town": {},
        "tables": {"a": {"path": "a.csv", "columns": {"x": "int"}, "options": {"sep": "\t"}}},
        "nodes": {"user": "select *\nfrom a -- 'x'\nwhere y = \"z\"\n", "place": "select 1"},
        "edges": {"visited": {"select": "select 1"}},
        "features": {"user": "select 'é: #1'"},
    }
    config = tiny_config(tmp_path, source=source, model={"name": model})
    text = show_config.run(config)
    assert PipelineConfig.model_validate(yaml.safe_load(text)) == config


def test_show_config_explains_every_key(tmp_path: Path) -> None:
    lines = show_config.run(tiny_config(tmp_path)).splitlines()
    at = lines.index("  num_epochs: 8")
    assert lines[at - 1] == "  # Most passes over the positives; 0: untrained. (default: 60)"
    assert "# Name of the pipeline: its DAG and its folder in the lake. (required)" in lines
    assert max(map(len, lines)) <= 120
    for section in ("gate", "evaluation", "index", "publish", "time", "snapshot"):
        at = lines.index(f"{section}:")
        assert lines[at - 1].startswith("# ")


def test_show_config_comments_every_setting(tmp_path: Path) -> None:
    lines = show_config.run(tiny_config(tmp_path)).splitlines()
    start = lines.index("gate:")
    settings = [
        index
        for index, line in enumerate(lines[start + 1 :], start + 1)
        if line.startswith("  ") and not line.lstrip().startswith(("#", "-"))
    ]
    assert len(settings) >= 18
    for index in settings:
        assert lines[index - 1].lstrip().startswith("#"), lines[index]
