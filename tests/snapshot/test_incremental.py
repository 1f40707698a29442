"""Days built on earlier days: the rows of a full build, and never on a history that changed."""

import itertools
import json
import logging
import re
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from logging.handlers import BufferingHandler
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.engine import engine as engine_module
from graphrec_core.engine import load_query
from graphrec_core.errors import LeakageError
from graphrec_core.lake import Manifest
from graphrec_core.lake.layout import PART
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.snapshot.reuse import Earlier, earlier_snapshots, with_equal_history
from graphrec_core.types import format_instant
from tests.snapshot.changing import BOXES, REGIONS, at, history, pipeline, write_tables
from tests.support.fuzzing import examples, fuzz

pytestmark = pytest.mark.pipeline

NUM_DAYS = min(examples(6), 24)
FIRST, LAST = 21, 20 + NUM_DAYS
"""The first and the last day; on each of them all kinds of changes meet."""
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
    return produce_snapshot(Day(config, at(day))).manifest


def full(raw: Path, lake: Path, day: int, **settings: dict[str, Any]) -> Manifest:
    """Builds a day on nothing."""
    snapshot = {**settings.pop("snapshot", {}), "reuse": False}
    return build(pipeline(raw, lake, snapshot=snapshot, **settings), day)


def differences(found: Manifest, expected: Manifest) -> list[str]:
    """Files and counts of two snapshots that differ."""
    names = sorted(found.files.keys() | expected.files.keys())
    files = [name for name in names if found.files.get(name) != expected.files.get(name)]
    return files + [key for key in expected.stats if found.stats[key] != expected.stats[key]]


@dataclass(frozen=True)
class ManyDays:
    """Days in a lake, each built on those before it, and the same days built on nothing."""

    lake: Path
    full: list[Manifest]
    text: str
    """What was logged while they were built on one another."""


@pytest.fixture(scope="module")
def many_days(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> ManyDays:
    root = Path(tmp_path_factory.mktemp("many"))
    days = range(FIRST, LAST + 1)
    logger, handler = logging.getLogger("graphrec_core"), BufferingHandler(10_000)
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    for day in days:
        build(pipeline(raw, root / "lake"), day)
    logger.removeHandler(handler)
    logger.setLevel(level)
    text = "\n".join(record.getMessage() for record in handler.buffer)
    return ManyDays(root / "lake", [full(raw, root / "full", day) for day in days], text)


def copied(lake: Path, to: Path, *days: int) -> Path:
    """Copies the snapshots of some days into a lake of their own."""
    for day in days:
        folder = f"changing/snapshots/as_of={format_instant(at(day))}"
        shutil.copytree(lake / folder, to / folder)
    return to


@fuzz
def test_days_built_on_one_another_equal_full_builds(many_days: ManyDays, raw: Path) -> None:
    config = pipeline(raw, many_days.lake)
    assert many_days.text.count(ON_CUT) == len(many_days.full) - config.time.horizon_days
    assert many_days.text.count(ON_CUT.replace("train", "fit")) == many_days.text.count(ON_CUT)
    assert many_days.text.count(ON_DAY_BEFORE) == len(many_days.full) - 1
    for day, expected in enumerate(many_days.full, FIRST):
        found = build(config, day)  # it is there already
        assert (found.id, differences(found, expected)) == (expected.id, []), f"day {day}"
    skipped = {len(manifest.stats["empty_regions"]) for manifest in many_days.full}
    assert skipped == {0, 1}  # the isle comes and goes


def test_the_history_changes_every_day(many_days: ManyDays) -> None:
    """Else equal files would say little."""
    for before, after in itertools.pairwise(many_days.full):
        for region in REGIONS:
            for table in ("edges/visited", "edges/knows", "nodes/user", "nodes/place"):
                name = f"view=serve/{table}/region={region}/{PART}"
                assert before.files[name] != after.files[name]


VARIANTS: dict[str, Settings] = {
    "stale events and borders dropped": {
        "time": {"freshness": {"bucket_days": 3, "drop_frac": 0.3}, "lateness_hours": 0},
        "region": {"border": "drop"},
    },
    "homes from events in cells": {
        "region": {"user": "from_events", "place": "coordinates", "areas": {"cells": 1}}
    },
    "places everywhere, regions merged": {
        "region": {"place": "everywhere", "merge": {"east": ["west", "isle"]}}
    },
}


@dataclass
class Variants:
    """Day 25, and day 26 built on nothing, of each variant; made when asked for."""

    raw: Path
    root: Path
    made: dict[str, Manifest] = field(default_factory=dict)

    def days(self, variant: str) -> tuple[Path, Manifest]:
        lake, settings = self.root / variant, self.settings(variant)
        if variant not in self.made:
            full(self.raw, lake, 25, **settings)
            self.made[variant] = full(self.raw, self.root / "full", 26, **settings)
        return lake, self.made[variant]

    @staticmethod
    def settings(variant: str) -> Settings:
        """With this horizon, the day before is the cut too."""
        settings = VARIANTS[variant]
        return {**settings, "time": {"horizon_days": 1, **settings.get("time", {})}}


@pytest.fixture(scope="module")
def variants(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Variants:
    return Variants(raw, Path(tmp_path_factory.mktemp("variants")))


@pytest.mark.parametrize("variant", VARIANTS)
def test_under_every_rule_a_day_on_the_day_before_equals_a_full_build(
    raw: Path, tmp_path: Path, log: Log, variants: Variants, variant: str
) -> None:
    lake, expected = variants.days(variant)
    log.take()
    copy = copied(lake, tmp_path / "lake", 25)
    found = build(pipeline(raw, copy, **variants.settings(variant)), 26)
    assert log.reused() == (True, True)
    assert differences(found, expected) == []
    assert len(found.stats["regions"]) > 1


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
    raw: Path, tmp_path: Path, log: Log, many_days: ManyDays
) -> None:
    config = pipeline(raw, tmp_path / "lake")
    reused = {23: (False, False), 21: (False, False), 22: (False, True)}
    for day, parts in reused.items():
        found = build(config, day)
        assert log.reused() == parts
        assert differences(found, many_days.full[day - FIRST]) == []


# The guards: on a history that changed nothing is built.


def with_visit(raw: Path, root: Path, day: float, known_at: datetime | None) -> None:
    """Writes the tables with one more visit of the past."""
    shutil.copytree(raw, root)
    visits = pd.read_parquet(root / "visits.parquet")
    visits.loc[len(visits)] = ["u2", "p2", at(day), None, known_at, False, 1.0]
    visits.to_parquet(root / "visits.parquet", coerce_timestamps="us")


@pytest.mark.parametrize(
    ("day", "known_at", "reused"),
    [
        (20.5, None, (False, False)),
        (24.5, None, (True, False)),  # after the cut, 23
        (24.5, at(25.5), (True, True)),
    ],
)
def test_a_late_row_that_does_not_say_so_is_a_changed_history(
    raw: Path,
    tmp_path: Path,
    log: Log,
    many_days: ManyDays,
    day: float,
    known_at: datetime | None,
    reused: tuple[bool, bool],
) -> None:
    copied(many_days.lake, tmp_path / "lake", 23, 25)
    with_visit(raw, tmp_path / "raw", day, known_at)
    log.take()
    found = build(pipeline(tmp_path / "raw", tmp_path / "lake"), 26)
    text = log.take()
    assert (ON_CUT in text, ON_DAY_BEFORE in text) == reused
    for earlier, is_built_on in zip((23, 25), reused, strict=True):
        said = f"of {format_instant(at(earlier))} was built: edges/visited; it is not built on"
        assert (said in text) != is_built_on
    assert text.count(CHANGED) == reused.count(False)
    expected = full(tmp_path / "raw", tmp_path / "full", 26)
    assert differences(found, expected) == []
    assert differences(many_days.full[26 - FIRST], expected)  # the visit does count


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


@pytest.fixture(scope="module")
def with_areas(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Settings]:
    """Day 25 of a pipeline whose regions are polygons: the folder of its tables and its lake."""
    root = Path(tmp_path_factory.mktemp("areas"))
    shutil.copytree(raw, root / "raw")
    areas = {"polygons": "areas.geojson", "name": "NAME"}
    settings: Settings = {
        "time": {"horizon_days": 1},
        "region": {"place": "coordinates", "areas": areas},
    }
    write_areas(root / "raw", 5)
    full(root / "raw", root / "lake", 25, **settings)
    return root, settings


@pytest.mark.parametrize("width", [5, 2.5], ids=["as they were", "moved"])
def test_moved_borders_are_a_changed_history(
    with_areas: tuple[Path, Settings], tmp_path: Path, log: Log, width: float
) -> None:
    root, settings = with_areas
    copied(root / "lake", tmp_path / "lake", 25)
    write_areas(root / "raw", width)
    log.take()
    found = build(pipeline(root / "raw", tmp_path / "lake", **settings), 26)
    text = log.take()
    assert ("region.areas; it is not built on" in text) == (width != 5)
    assert (ON_CUT in text and ON_DAY_BEFORE in text) == (width == 5)
    assert differences(found, full(root / "raw", tmp_path / "full", 26, **settings)) == []


def test_another_engines_snapshot_is_not_built_on(raw: Path, many_days: ManyDays) -> None:
    config = pipeline(raw, many_days.lake)
    found = earlier_snapshots(config, at(24))
    manifests = [artifact.manifest for artifact in (found.cut, found.day_before) if artifact]
    assert [manifest.as_of for manifest in manifests] == [format_instant(at(d)) for d in (21, 23)]
    digests = [manifest.figures(SnapshotFigures).row_digests for manifest in manifests]
    label = manifests[0].stats["digest_engine"]
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

STALE, EVERYWHERE = "stale events and borders dropped", "places everywhere, regions merged"
WRONG: dict[str, tuple[str, str, str, str]] = {
    # what is forgotten: query, its text as a pattern, what stands there instead, variant
    "known late": ("affected_pairs", r"event_rows\.known_at >= :old_known_before", "false", ""),
    "other sources": ("affected_pairs", r"or other_src\.node_id is not null", "", ""),
    "left": ("affected_pairs", r"or \(event_rows\.event_time >= :old_start[^\n]*\)", "", ""),
    "entered": ("affected_pairs", r"or \(event_rows\.event_time >= :old_end[^\n]*\)", "", ""),
    "aged": ("affected_pairs", r":bucket_days > 0", ":bucket_days < 0", STALE),
    "siblings": ("affected_pairs", r"union\nselect[\s\S]*", "", ""),
    "nodes that came": ("changed_nodes", r"old\.node_id is null", "false", EVERYWHERE),
    "nodes that went": ("changed_nodes", r"or new_homes\.node_id is null", "", EVERYWHERE),
    "nodes that moved": ("changed_nodes", r"or old\.home_region is distinct[^\n]*", "", ""),
    "moved source": ("affected_pairs", r"union\s+select node_id from changed_src", "", ""),
    "moved destination": ("affected_pairs", r"union\s+select node_id from changed_dst", "", ""),
    "affected": ("affected_rows", r"\Z", "and false", ""),
    "other rows": ("whole_events", r"where event_id is not null\n\)", "where false)", ""),
}  # fmt: skip


@pytest.mark.parametrize("forgotten", WRONG)
def test_a_forgotten_reason_is_seen(
    raw: Path,
    tmp_path: Path,
    many_days: ManyDays,
    variants: Variants,
    monkeypatch: pytest.MonkeyPatch,
    log: Log,
    forgotten: str,
) -> None:
    query, pattern, instead, variant = WRONG[forgotten]
    if variant:
        lake, expected = variants.days(variant)
        settings = variants.settings(variant)
    else:
        lake, expected, settings = many_days.lake, many_days.full[26 - FIRST], {}
    config = pipeline(raw, copied(lake, tmp_path / "lake", 25), **settings)
    text, num = re.subn(pattern, instead, load_query(query))
    assert num == 1

    def load(name: str) -> str:
        return text if name == query else load_query(name)

    monkeypatch.setattr(engine_module, "load_query", load)
    log.take()
    try:
        found = build(config, 26)
        seen = [
            name for name in differences(found, expected) if name.startswith("view=serve/edges/")
        ]
    except LeakageError as error:  # the audit was faster
        seen = [str(error)]
    assert log.reused()[1]
    assert seen
