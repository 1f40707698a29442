"""status, write-report and show-config as commands use them."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from graphrec.jobs import show_config, status, write_report
from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.ledger.release import Release
from graphrec_core.ledger.storing import store_release
from graphrec_core.publishing.going_live import lower_high_water, roll_back
from graphrec_core.types import Region
from tests.support import example_day
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    return tiny_config(tmp_path)


def write_day(
    config: PipelineConfig, mode: str = "auto", regions: tuple[str, ...] = example_day.REGIONS
) -> Release:
    """Commits and stores a whole day; it goes live only where ``mode`` is not `never`."""
    if mode != "never":
        return example_day.write_example_day(config, regions=regions)
    write_tiny_snapshot(config, regions=regions)
    for region in map(Region, regions):
        example_day.write_evaluation(config, AS_OF, region, example_day.MODEL_RECALL[region])
        example_day.write_shard(config, AS_OF, region)
    return store_release(Lake(config), example_day.make_release(config, AS_OF, regions, mode))


def test_status_before_anything_is_live(config: PipelineConfig) -> None:
    assert status.run(config, None) == {
        "pipeline": "tiny",
        "high_water": "",
        "release_id": None,
        "is_known": True,
        "notes": {},
        "regions": {},
        "warnings": [],
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


def test_status_says_what_is_damaged_and_what_is_stuck(
    config: PipelineConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    first = example_day.write_example_day(config)
    second = example_day.write_example_day(config, AS_OF + timedelta(days=1))
    lake = Lake(config)
    assert status.run(config, None)["warnings"] == []
    roll_back(lake)
    (stuck,) = status.run(config, None)["warnings"]
    assert stuck.startswith(f"nothing before {second.as_of} goes live")
    assert "--lower-high-water" in stuck
    (_, held) = status.run(config, AS_OF + timedelta(days=1))["warnings"]
    assert held.startswith(f"release {second.id} is not live: it was rolled back")
    lower_high_water(lake, "ada", "a typing error")
    lake.storage.write(lake.layout.release(second.id), b"{")
    shard_id = first.regions[Region("east")].shard_id
    assert shard_id is not None
    shard = open_artifact(lake.storage, lake.layout.shard(Region("east"), shard_id))
    lake.storage.write(f"{shard.base}/recall.json", b"{}")
    release, east = status.run(config, None)["warnings"]
    assert release.startswith(f"release {second.id} is damaged")
    assert east.startswith("east is served by a damaged shard: recall.json")
    status.show(config, None)
    assert "warning: east is served by a damaged shard" in capsys.readouterr().out


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


def test_status_names_a_region_that_nothing_serves(config: PipelineConfig) -> None:
    """A first day published with `never`: judged, refused in the west, and nothing serves."""
    write_day(config, mode="never")
    for data in (status.run(config, None), status.run(config, AS_OF)):
        west = json.loads(json.dumps(data))["regions"]["west"]
        assert [west[key] for key in ("shard_id", "as_of", "serves", "release_id")] == [None] * 4
        assert west["gate"] == "refused"
        assert [rule["reference"] for rule in west["refusals"]] == ["popularity"]
        assert west["metrics"]["model"]["recall"] == example_day.MODEL_RECALL["west"]
        assert west["ann_recall"] == 0.99
        east = data["regions"]["east"]
        assert (east["shard_id"], east["gate"], east["refusals"]) == (None, "passed", [])


def test_status_names_the_regions_of_the_day_and_of_what_is_live(config: PipelineConfig) -> None:
    example_day.write_example_day(config)
    tomorrow = AS_OF + timedelta(days=1)
    write_tiny_snapshot(config, tomorrow, regions=("east", "north"))
    example_day.write_evaluation(config, tomorrow, Region("north"), 0.01)
    regions = status.run(config, tomorrow)["regions"]
    assert list(regions) == ["east", "north", "west"]
    assert regions["east"]["as_of"] == "20260101T000000Z"
    assert (regions["north"]["shard_id"], regions["north"]["gate"]) == (None, "refused")
    assert [rule["metric"] for rule in regions["north"]["refusals"]] == ["recall", "recall"]
    assert regions["north"]["ann_recall"] is None
    assert list(status.run(config, None)["regions"]) == ["east", "west"]


@pytest.mark.parametrize("columns", ["40", "80", "160"])
def test_tables_keep_every_column_on_any_terminal(
    config: PipelineConfig,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: str,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    release = write_day(config, regions=("San Francisco", "newyork", "west"))
    status.show(config, AS_OF)
    text = capsys.readouterr().out
    for name in release.regions:
        rows = [line for line in text.splitlines() if line.startswith(f" {name} ")]
        assert len(rows) == 3  # the day, its costs, what is live
        assert re.search(r" (passed|refused)\b", rows[0])
        assert re.search(r" (passed|refused)\b", rows[2])
    assert text.count("Gate") == 2
    assert "recall@20 vs" in text
    assert "…" not in text


def test_a_table_says_that_nothing_serves_a_region(
    config: PipelineConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    write_day(config, mode="never")
    status.show(config, None)
    west = next(line for line in capsys.readouterr().out.splitlines() if "west" in line)
    assert west.split()[:5] == ["west", "none", "-", "nothing", "refused"]


def test_status_survives_a_release_whose_evaluation_is_gone(config: PipelineConfig) -> None:
    release = example_day.write_example_day(config)
    lake = Lake(config)
    lake.storage.remove("tiny/evaluations")
    lake.storage.remove(lake.layout.release(release.id))
    east = status.run(config, None)["regions"]["east"]
    assert (east["gate"], east["metrics"]) == ("missing", None)


def test_a_report_is_written_where_the_layout_says(config: PipelineConfig) -> None:
    uri = write_report.run(Day(config, AS_OF))["report"]
    lake = Lake(config)
    path = f"{lake.layout.report(AS_OF)}/index.html"
    assert uri == lake.storage.uri(path)
    before = lake.storage.read(path)
    example_day.write_example_day(config)
    assert write_report.run(Day(config, AS_OF)) == {"report": uri}
    assert lake.storage.read(path) != before  # a view, written anew
    assert lake.storage.files(lake.layout.report(AS_OF)) == [path]


def test_a_report_changes_nothing_else(config: PipelineConfig) -> None:
    example_day.write_example_day(config)
    lake = Lake(config)
    before = {name: lake.storage.read(name) for name in lake.storage.files("tiny")}
    write_report.run(Day(config, AS_OF))
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
    config = tiny_config(tmp_path, source=source, recommender={"model": model})
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
    assert len(settings) >= 17
    for index in settings:
        assert lines[index - 1].lstrip().startswith("#"), lines[index]
