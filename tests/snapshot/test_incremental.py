"""Days built on earlier days: the rows of a full build, and never on a history that changed."""

import json
import logging
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import engine as engine_module
from graphrec_core.engine import load_query
from graphrec_core.lake import Lake, Manifest
from graphrec_core.snapshot.reuse import Earlier, earlier_snapshots, with_equal_history
from graphrec_core.types import ALL_REGIONS
from jobs import build_snapshot as job
from tests.snapshot.changing import BOXES, at, history, pipeline, write_tables

FIRST, LAST = 15, 44
"""The first and the last of thirty days."""
ON_CUT = "train view taken over from the snapshot of the cut"
ON_DAY_BEFORE = "serve view written on the snapshot of the day before"
CHANGED = "history changed since snapshot"
Settings = dict[str, dict[str, Any]]


class Log:
    """What the builds said since it was last asked."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "graphrec_core")
        self._caplog = caplog

    def reused(self) -> tuple[bool, bool]:
        """Whether a build stood on the snapshot of its cut, and on that of the day before."""
        text = self.take()
        return ON_CUT in text, ON_DAY_BEFORE in text

    def take(self) -> str:
        text = self._caplog.text
        self._caplog.clear()
        return text


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Log:
    return Log(caplog)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(tmp_path_factory.mktemp("raw"))
    write_tables(root, history())
    return root


def build(config: PipelineConfig, day: int) -> Manifest:
    return job.run(config, at(day), ALL_REGIONS)


def full(raw: Path, lake: Path, day: int, **settings: dict[str, Any]) -> Manifest:
    """Builds a day on nothing."""
    snapshot = {**settings.pop("snapshot", {}), "reuse": False}
    return build(pipeline(raw, lake, snapshot=snapshot, **settings), day)


def differences(found: Manifest, expected: Manifest) -> list[str]:
    """Files and counts of two snapshots that differ."""
    names = sorted(found.files.keys() | expected.files.keys())
    files = [name for name in names if found.files.get(name) != expected.files.get(name)]
    return files + [key for key in expected.stats if found.stats[key] != expected.stats[key]]


@pytest.fixture(scope="module")
def thirty_days(
    raw: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Manifest]]:
    """A lake with thirty days, each built on those before it, and the days built on nothing."""
    root = Path(tmp_path_factory.mktemp("thirty"))
    days = range(FIRST, LAST + 1)
    for day in days:
        build(pipeline(raw, root / "lake"), day)
    return root / "lake", [full(raw, root / "full", day) for day in days]


def test_thirty_days_built_on_one_another_equal_full_builds(
    thirty_days: tuple[Path, list[Manifest]], raw: Path
) -> None:
    lake, expected = thirty_days
    config = pipeline(raw, lake)
    for day, manifest in zip(range(FIRST, LAST + 1), expected, strict=True):
        found = build(config, day)  # it is there already
        assert (found.id, differences(found, manifest)) == (manifest.id, []), f"day {day}"
        assert all(counts["serve"]["num_edges"]["visited"] > 5
                   for counts in found.stats["regions"].values())  # fmt: skip
    skipped = {len(manifest.stats["empty_regions"]) for manifest in expected}
    assert skipped == {0, 1}  # the isle comes and goes


def test_the_history_changes_every_day(thirty_days: tuple[Path, list[Manifest]]) -> None:
    """Else equal files would say little."""
    _, manifests = thirty_days
    for before, after in zip(manifests, manifests[1:], strict=False):
        for name in before.files.keys() & after.files.keys():
            if name.startswith("view=serve/") and "isle" not in name:
                assert before.files[name] != after.files[name]


VARIANTS: dict[str, Settings] = {
    "freshness": {"time": {"freshness": {"bucket_days": 3, "drop_frac": 0.3}}},
    "border dropped": {"region": {"border": "drop"}},
    "homes from events": {"region": {"user": "from_events"}},
    "places everywhere": {"region": {"place": "everywhere"}},
    "merged and split": {"region": {"merge": {"east": ["north", "isle"]}}},
    "cells": {"region": {"place": "coordinates", "areas": {"cells": 1}}},
    "no lateness": {"time": {"lateness_hours": 0, "window_days": 5}},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_under_every_rule_a_day_on_the_day_before_equals_a_full_build(
    raw: Path, tmp_path: Path, log: Log, variant: str
) -> None:
    settings = VARIANTS[variant]
    settings = {**settings, "time": {"horizon_days": 1, **settings.get("time", {})}}
    config = pipeline(raw, tmp_path / "lake", **settings)
    build(config, 25)
    assert log.reused() == (False, False)
    found = build(config, 26)
    assert log.reused() == (True, True)  # with this horizon, the day before is the cut too
    assert differences(found, full(raw, tmp_path / "full", 26, **settings)) == []


def test_with_a_half_life_only_the_train_view_is_taken_over(
    raw: Path, tmp_path: Path, log: Log
) -> None:
    settings: Settings = {"time": {"horizon_days": 1, "half_life_days": 3}}
    config = pipeline(raw, tmp_path / "lake", **settings)
    build(config, 25)
    log.take()
    found = build(config, 26)
    assert log.reused() == (True, False)
    assert differences(found, full(raw, tmp_path / "full", 26, **settings)) == []


def test_where_tiny_regions_are_merged_nothing_is_built_on(
    raw: Path, tmp_path: Path, log: Log
) -> None:
    rule = {"tiny": {"below": 20, "into": "rest"}}
    config = pipeline(raw, tmp_path / "lake", time={"horizon_days": 1}, region=rule)
    for day in (25, 26):
        build(config, day)
        assert log.reused() == (False, False)


def test_days_built_backwards_or_mixed_equal_days_built_forwards(
    raw: Path, tmp_path: Path, log: Log, thirty_days: tuple[Path, list[Manifest]]
) -> None:
    _, expected = thirty_days
    config = pipeline(raw, tmp_path / "lake")
    reused = {19: (False, False), 18: (False, False), 16: (False, False), 17: (False, True)}
    for day, parts in reused.items():
        found = build(config, day)
        assert log.reused() == parts
        assert differences(found, expected[day - FIRST]) == []


# The guards: on a history that changed nothing is built.


def with_visit(raw: Path, root: Path, known_at: Any) -> None:
    """Writes the tables with one more visit of the past."""
    shutil.copytree(raw, root)
    visits = pd.read_parquet(root / "visits.parquet")
    visits.loc[len(visits)] = ["u2", "p2", at(24.5), None, known_at, False, 1.0]
    visits.to_parquet(root / "visits.parquet", coerce_timestamps="us")


@pytest.mark.parametrize("says_when", [False, True], ids=["unsaid", "said"])
def test_a_late_row_that_does_not_say_so_is_a_changed_history(
    raw: Path,
    tmp_path: Path,
    log: Log,
    says_when: bool,  # noqa: FBT001
) -> None:
    settings: Settings = {"time": {"horizon_days": 1}}
    build(pipeline(raw, tmp_path / "lake", **settings), 25)
    with_visit(raw, tmp_path / "later", at(25.5) if says_when else None)
    log.take()
    found = build(pipeline(tmp_path / "later", tmp_path / "lake", **settings), 26)
    text = log.take()
    assert (CHANGED in text, ON_CUT in text, ON_DAY_BEFORE in text) == (
        (False, True, True) if says_when else (True, False, False)
    )
    assert ("of 2026-01-26T00:00:00Z was built: edges/visited; it is not" in text) != says_when
    expected = full(tmp_path / "later", tmp_path / "full", 26, **settings)
    assert differences(found, expected) == []
    before = full(raw, tmp_path / "before", 26, **settings)
    assert differences(before, expected)  # the visit does count


def test_only_the_earlier_days_that_changed_are_not_built_on(
    raw: Path, tmp_path: Path, log: Log
) -> None:
    """The row lies after the cut of 26 and before the day before it."""
    build(pipeline(raw, tmp_path / "lake"), 23)
    build(pipeline(raw, tmp_path / "lake"), 25)
    with_visit(raw, tmp_path / "later", None)
    log.take()
    found = build(pipeline(tmp_path / "later", tmp_path / "lake"), 26)
    assert log.reused() == (True, False)
    assert differences(found, full(tmp_path / "later", tmp_path / "full", 26)) == []


def write_areas(root: Path, width: float) -> None:
    """Writes the regions' polygons; a narrow one leaves out places in its east."""
    features = []
    for name, west in BOXES.items():
        east = west + width
        ring = [[west, 0], [east, 0], [east, 5], [west, 5], [west, 0]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {"NAME": name}, "geometry": geometry})
    text = json.dumps({"type": "FeatureCollection", "features": features})
    (root / "areas.geojson").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("width", [5, 2.5], ids=["as they were", "moved"])
def test_moved_borders_are_a_changed_history(
    raw: Path, tmp_path: Path, log: Log, width: float
) -> None:
    root = tmp_path / "raw"
    shutil.copytree(raw, root)
    areas = {"polygons": "areas.geojson", "name": "NAME"}
    settings: Settings = {
        "time": {"horizon_days": 1},
        "region": {"place": "coordinates", "areas": areas},
    }
    write_areas(root, 5)
    build(pipeline(root, tmp_path / "lake", **settings), 25)
    write_areas(root, width)
    log.take()
    found = build(pipeline(root, tmp_path / "lake", **settings), 26)
    text = log.take()
    assert ("region.areas; it is not built on" in text) == (width != 5)
    assert (ON_CUT in text and ON_DAY_BEFORE in text) == (width == 5)
    assert differences(found, full(root, tmp_path / "full", 26, **settings)) == []


def test_another_engines_snapshot_is_not_built_on(
    raw: Path, thirty_days: tuple[Path, list[Manifest]]
) -> None:
    config = pipeline(raw, thirty_days[0])
    found = earlier_snapshots(config, Lake(config), at(20))
    digests = []
    for artifact, day in ((found.cut, 17), (found.day_before, 19)):
        assert artifact is not None
        assert artifact.manifest.as_of == f"{at(day):%Y-%m-%dT%H:%M:%SZ}"
        digests.append(artifact.manifest.stats["row_digests"])
    label = found.cut.manifest.stats["digest_engine"]
    assert with_equal_history(found, label, digests) == found
    assert with_equal_history(found, "spark-4.0.0", digests) == Earlier()


@pytest.mark.spark
def test_spark_builds_on_its_own_days_alone(raw: Path, tmp_path: Path, log: Log) -> None:
    settings: Settings = {"time": {"horizon_days": 1}}
    spark = pipeline(raw, tmp_path / "lake", snapshot={"engine": "spark"}, **settings)
    build(pipeline(raw, tmp_path / "lake", **settings), 24)
    log.take()
    built_on_duckdb = build(spark, 25)
    text = log.take()
    assert "is another engine's: it is not built on" in text
    assert ON_CUT not in text
    assert ON_DAY_BEFORE not in text
    built_on_spark = build(spark, 26)
    assert log.reused() == (True, True)
    for day, found in ((25, built_on_duckdb), (26, built_on_spark)):
        assert found.files == full(raw, tmp_path / "full", day, **settings).files


# Wrong reuse is seen: a query without one of its reasons gives other rows than a full build.

FRESHNESS: Settings = {"time": {"freshness": {"bucket_days": 3, "drop_frac": 0.3}}}
WRONG: dict[str, tuple[str, str, str, Settings]] = {
    # what is forgotten: query, its text as a pattern, what stands there instead, settings
    "known late": ("affected_pairs", r"event_rows\.known_at >= :old_known_before", "false", {}),
    "late source": ("affected_pairs", r"or late_src\.node_id is not null", "", {}),
    "left": ("affected_pairs", r"or \(event_rows\.event_time >= :old_start[^\n]*\)", "", {}),
    "entered": ("affected_pairs", r"or \(event_rows\.event_time >= :old_end[^\n]*\)", "", {}),
    "aged": ("affected_pairs", r":bucket_days > 0", ":bucket_days < 0", FRESHNESS),
    "siblings": ("affected_pairs", r"union\nselect[\s\S]*", "", {}),
    "nodes that came": ("changed_nodes", r"old\.node_id is null", "false", {}),
    "nodes that went": ("changed_nodes", r"or new_homes\.node_id is null", "", {}),
    "nodes that moved": ("changed_nodes", r"or old\.home_region is distinct[^\n]*", "", {}),
    "moved source": ("touched_rows", r"or changed_src\.node_id is not null", "", {}),
    "moved destination": ("touched_rows", r"or changed_dst\.node_id is not null", "", {}),
    "affected": ("touched_rows", r"affected_pairs\.src is not null", "false", {}),
    "other rows": ("whole_events", r"select distinct event_id from[^\n]*", "select 'x' event_id", {}),
}  # fmt: skip


@pytest.fixture(scope="module")
def fresh_days(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """Day 25 and full day 26 under the freshness rule."""
    root = Path(tmp_path_factory.mktemp("fresh"))
    full(raw, root / "lake", 25, **FRESHNESS)
    return root / "lake", full(raw, root / "full", 26, **FRESHNESS)


@pytest.mark.parametrize("forgotten", WRONG)
def test_a_forgotten_reason_is_seen(
    raw: Path,
    tmp_path: Path,
    thirty_days: tuple[Path, list[Manifest]],
    fresh_days: tuple[Path, Manifest],
    monkeypatch: pytest.MonkeyPatch,
    log: Log,
    forgotten: str,
) -> None:
    query, pattern, instead, settings = WRONG[forgotten]
    lake, expected = fresh_days if settings else (thirty_days[0], thirty_days[1][26 - FIRST])
    days = "changing/snapshots/as_of=20260126T000000Z"
    shutil.copytree(lake / days, tmp_path / "lake" / days)
    text, num = re.subn(pattern, instead, load_query(query))
    assert num == 1

    def load(name: str) -> str:
        return text if name == query else load_query(name)

    monkeypatch.setattr(engine_module, "load_query", load)
    found = build(pipeline(raw, tmp_path / "lake", **settings), 26)
    assert log.reused() == (False, True)
    assert any(name.startswith("view=serve/edges/") for name in differences(found, expected))
