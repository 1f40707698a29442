"""The suites over a snapshot: each finds the fault that it is for, in the region that has it."""

import math
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.quality import QualityConfig
from graphrec_core.day import Day
from graphrec_core.errors import ExpectationError, LakeError
from graphrec_core.lake import Artifact, Lake, attempt
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.ledger.verdict import Verdict, verdict_of
from graphrec_core.quality import snapshot_suites
from graphrec_core.quality.drift import stability_index
from graphrec_core.quality.snapshot_suites import check_snapshot
from graphrec_core.types import ALL_REGIONS, View, format_instant
from tests.support.page import Page
from tests.support.snapshots import AS_OF, tiny_config

DAY = timedelta(days=1)
Stats = dict[str, Any]


def stored_verdict(config: PipelineConfig) -> Verdict:
    day = Day(config, AS_OF)
    return verdict_of(day.open(day.ref(StepName.CHECK)))


def figures(scale: float = 1.0) -> Stats:
    """A region's figures in a snapshot's manifest."""
    view = {
        "num_nodes": {"user": int(420 * scale), "place": int(240 * scale)},
        "num_home_nodes": {"user": int(400 * scale), "place": int(200 * scale)},
        "num_halo_nodes": {"user": int(20 * scale), "place": int(40 * scale)},
        "num_edges": {"visited": int(1000 * scale)},
        "num_halo_edges": {"visited": int(100 * scale)},
        "num_candidates": int(180 * scale),
        "degree_histogram": {
            "user": [int(count * scale) for count in (0, 200, 120, 60, 20)],
            "place": [int(count * scale) for count in (20, 20, 60, 100)],
        },
    }
    holdout = {"num_pairs": int(150 * scale), "num_queries": int(110 * scale)}
    views = {str(each): deepcopy(view) for each in View}
    return {**views, "holdout": holdout, "fit_holdout": deepcopy(holdout)}


def commit(
    config: PipelineConfig, as_of: datetime, regions: Mapping[str, Stats], **stats: Any
) -> Artifact:
    """Commits a snapshot that has figures only."""
    lake, name = Lake(config), Day(config, as_of).ref(StepName.SNAPSHOT).id
    with attempt(lake.storage, lake.layout.snapshot(as_of, name), name) as trial:
        told = SnapshotFigures.model_validate({"regions": regions, **stats})
        return trial.commit(StepName.SNAPSHOT, config, as_of, ALL_REGIONS, {}, told)


def lake_of(
    root: Path, num_days: int = 3, past: Stats | None = None, **quality: Any
) -> PipelineConfig:
    """A pipeline whose last days look like ``past``, or like ``figures()``, in both regions."""
    config = tiny_config(root, quality=quality)
    for number in range(1, num_days + 1):
        both = {"east": past or figures(), "west": past or figures()}
        commit(config, AS_OF - number * DAY, both)
    return config


def judged(config: PipelineConfig, east: Stats, **stats: Any) -> Stats:
    """Judges a day whose west is as ever, and returns the verdict's stats."""
    snapshot = commit(config, AS_OF, {"east": east, "west": figures()}, **stats)
    return check_snapshot(Day(config, AS_OF), snapshot).manifest.stats


def test_a_day_like_the_last_ones_goes_on(tmp_path: Path) -> None:
    config = lake_of(tmp_path)
    stats = judged(config, figures(1.2))
    assert stats["kept_regions"] == ["east", "west"]
    assert stats["broken_regions"] == {}
    assert stats["notes"] == []
    assert stats["history"] == {
        format_instant(day): Day(config, day).ref(StepName.SNAPSHOT).id
        for day in (AS_OF - 3 * DAY, AS_OF - 2 * DAY, AS_OF - DAY)
    }
    docs = tmp_path / "tiny" / "snapshot_docs" / f"as_of={format_instant(AS_OF)}"
    page = Page((docs / "index.html").read_text())
    for words in ("Every count is less than 50% below", "Degrees are distributed as on the last"):
        assert words in page.text
    assert "At most 90% of a region" in page.text
    assert "All 3 suites passed." in page.text


def halve(stats: Stats) -> None:
    stats["serve"]["num_edges"]["visited"] = 500


def halve_fit(stats: Stats) -> None:
    stats["fit"]["num_edges"]["visited"] = 500


def double(stats: Stats) -> None:
    stats["holdout"]["num_queries"] = 220


def lose_places(stats: Stats) -> None:
    stats["train"]["num_home_nodes"]["place"] = 0


def lose_candidates(stats: Stats) -> None:
    stats["train"]["num_candidates"] = 89


def drift(stats: Stats) -> None:
    stats["train"]["degree_histogram"]["user"] = [0, 20, 60, 120, 200]


def cross(stats: Stats) -> None:
    stats["serve"]["num_halo_edges"]["visited"] = 901


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (halve, "serve num_edges visited: Every count is less than 50% below the least and less"),
        (
            halve_fit,
            "fit num_edges visited: Every count is less than 50% below the least and less",
        ),
        (double, "holdout num_queries: Every count is less than 50% below the least and less"),
        (lose_places, "Found: change_frac = -1"),
        (lose_candidates, "train num_candidates: Every count is less than 50%"),
        (drift, "train user: Degrees are distributed as on the last 3 days"),
        (
            cross,
            "At most 90% of a region's visited edges cross its border. Found: halo_frac = 0.901",
        ),
    ],
)
def test_a_broken_region_is_named_with_its_reason_and_the_others_go_on(
    tmp_path: Path, change: Any, why: str
) -> None:
    east = figures()
    change(east)
    stats = judged(lake_of(tmp_path), east)
    assert stats["kept_regions"] == ["west"]
    assert list(stats["broken_regions"]) == ["east"]
    assert why in stats["broken_regions"]["east"]
    assert ";" not in stats["broken_regions"]["east"]


def test_what_is_just_within_the_limits_goes_on(tmp_path: Path) -> None:
    east = figures()
    east["serve"]["num_edges"]["visited"] = 501
    east["train"]["num_edges"]["visited"] = 1499
    east["serve"]["num_halo_edges"]["visited"] = 450
    assert judged(lake_of(tmp_path), east)["broken_regions"] == {}


def befriend(stats: Stats) -> Stats:
    """Adds friendships, nearly all of them with people elsewhere."""
    for view in View:
        stats[view]["num_halo_edges"]["visited"] = 200
        stats[view]["num_edges"]["knows"] = 1000
        stats[view]["num_halo_edges"]["knows"] = 970
    return stats


def config_with_friends(config: PipelineConfig, limit: object) -> PipelineConfig:
    data = config.model_dump(mode="json")
    data["source"]["edges"]["knows"] = {"select": "select 1", "src": "user", "dst": "user"}
    data["quality"]["max_halo_frac"] = limit
    return PipelineConfig.model_validate(data)


@pytest.mark.parametrize(
    ("limit", "broken"),
    [
        (0.9, ()),
        ({"visited": 0.9, "knows": 0.97}, ()),
        ({"knows": 0.96}, ("knows",)),
        (0.15, ("visited",)),
        ({"visited": 0.15, "knows": 0.96}, ("knows", "visited")),
    ],
    ids=str,
)
def test_borders_are_limited_per_edge_type_and_by_default_for_the_tasks(
    tmp_path: Path, limit: object, broken: tuple[str, ...]
) -> None:
    config = config_with_friends(lake_of(tmp_path, num_days=0), limit)
    east = judged(config, befriend(figures()))["broken_regions"].get("east", "")
    found = {etype for etype in ("visited", "knows") if f"{etype} edges cross its border" in east}
    assert found == {*broken}


def test_a_type_without_a_limit_is_pointed_out_with_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Libraries that set up logging in this process switch off the loggers that they find.
    monkeypatch.setattr(snapshot_suites.logger, "disabled", False)
    config = config_with_friends(lake_of(tmp_path, num_days=0), 0.9)
    *_, note = judged(config, befriend(figures()))["notes"]
    assert note.startswith("Up to 97% of the knows edges of east cross a border.")
    assert "quality.max_halo_frac: {knows: 0.9}" in note
    assert note in [
        record.getMessage() for record in caplog.records if record.levelname == "WARNING"
    ]
    limited = config_with_friends(config, {"knows": 0.97})
    assert not [n for n in judged(limited, befriend(figures()))["notes"] if "knows" in n]


def test_a_limit_of_an_unknown_edge_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"max_halo_frac names likes; source\.edges has knows"):
        config_with_friends(lake_of(tmp_path, num_days=0), {"likes": 0.5})


@pytest.mark.parametrize("gone", [{}, {"empty_regions": {"east": "no visited edges"}}])
def test_a_region_that_is_gone_or_empty_is_broken(tmp_path: Path, gone: Stats) -> None:
    config = lake_of(tmp_path)
    snapshot = commit(config, AS_OF, {"west": figures()}, **gone)
    stats = check_snapshot(Day(config, AS_OF), snapshot).manifest.stats
    assert list(stats["broken_regions"]) == ["east"]
    assert "Found: change_frac = -1" in stats["broken_regions"]["east"]


def test_a_region_that_a_rule_merged_today_is_not_gone(tmp_path: Path) -> None:
    config = lake_of(tmp_path)
    snapshot = commit(config, AS_OF, {"west": figures()}, merged_regions={"east": "west"})
    assert check_snapshot(Day(config, AS_OF), snapshot).manifest.stats["broken_regions"] == {}


@pytest.mark.parametrize("num_days", [0, 2])
def test_too_short_a_history_is_not_judged_and_said_so(tmp_path: Path, num_days: int) -> None:
    east = figures(0.4)
    cross(east)
    stats = judged(lake_of(tmp_path, num_days), east)
    assert stats["notes"] == [
        "Counts and degrees of east, west were not compared: fewer than 3 of the last 7 days "
        "have a snapshot of them."
    ]
    assert stats["broken_regions"]["east"].count("Found:") == 1
    assert "halo_frac" in stats["broken_regions"]["east"]


def test_a_new_region_has_no_history_and_goes_on(tmp_path: Path) -> None:
    config = lake_of(tmp_path)
    regions = {"east": figures(), "west": figures(), "north": figures(0.3)}
    stats = check_snapshot(Day(config, AS_OF), commit(config, AS_OF, regions)).manifest.stats
    assert stats["kept_regions"] == ["east", "north", "west"]
    assert stats["notes"][0].startswith("Counts and degrees of north were not compared")


def test_small_counts_are_not_judged(tmp_path: Path) -> None:
    """Of 40 nodes 15 may stay away, and three edges of three may cross a border."""
    past, today = figures(0.09), figures(0.03)
    cross(today)
    today["serve"]["num_halo_edges"]["visited"] = 30
    regions = {"east": today, "west": past}
    for name, least, broken in (("lenient", 100, []), ("strict", 1, ["east"])):
        config = lake_of(tmp_path / name, past=past, min_count=least)
        stats = check_snapshot(Day(config, AS_OF), commit(config, AS_OF, regions)).manifest.stats
        assert list(stats["broken_regions"]) == broken


def test_days_outside_the_history_and_other_pipelines_are_not_looked_at(tmp_path: Path) -> None:
    config = lake_of(tmp_path, 2, history_days=2, min_history=1)
    for day in (AS_OF - 3 * DAY, AS_OF + DAY):
        commit(config, day, {"east": figures(9)})
    other = config.model_copy(update={"time": config.time.model_copy(update={"window_days": 9})})
    commit(other, AS_OF - DAY, {"east": figures(9)})
    stats = judged(config, figures())
    assert sorted(stats["history"].values()) == sorted(
        Day(config, AS_OF - number * DAY).ref(StepName.SNAPSHOT).id for number in (1, 2)
    )
    assert stats["broken_regions"] == {}


def test_no_day_is_compared_with_a_broken_one(tmp_path: Path) -> None:
    """A region broken yesterday and in the same way today is broken today as well."""
    config = lake_of(tmp_path, 4)
    tomorrow = AS_OF + DAY
    east = figures()
    halve(east)
    assert "east" in judged(config, east)["broken_regions"]
    snapshot = commit(config, tomorrow, {"east": east, "west": figures()})
    stats = check_snapshot(Day(config, tomorrow), snapshot).manifest.stats
    assert list(stats["broken_regions"]) == ["east"]


def test_a_fault_that_lasts_does_not_become_what_is_usual(tmp_path: Path) -> None:
    config, east = lake_of(tmp_path, 7), figures()
    halve(east)
    for number in range(10):
        day = AS_OF + number * DAY
        snapshot = commit(config, day, {"east": east, "west": figures()})
        stats = check_snapshot(Day(config, day), snapshot).manifest.stats
        assert list(stats["broken_regions"]) == ["east"], day
        assert stats["notes"] == []


def test_a_region_that_is_gone_is_broken_whatever_growth_is_allowed(tmp_path: Path) -> None:
    config = lake_of(tmp_path, max_count_change_frac=2)
    snapshot = commit(config, AS_OF, {"west": figures(2.9)})
    stats = check_snapshot(Day(config, AS_OF), snapshot).manifest.stats
    assert list(stats["broken_regions"]) == ["east"]


@pytest.mark.parametrize("is_merged_today", [True, False])
def test_a_region_is_compared_with_days_on_which_it_took_the_same_ones(
    tmp_path: Path, *, is_merged_today: bool
) -> None:
    """Beside the north that it took, or lost, the east is of another size; so it is not judged."""
    config, merged = lake_of(tmp_path, 0), {"north": "east"}
    for number in range(1, 4):
        regions = {"east": figures(), "west": figures()}
        past = {} if is_merged_today else merged
        commit(config, AS_OF - number * DAY, regions, merged_regions=past)
    today = merged if is_merged_today else {}
    stats = judged(config, figures(1.8 if is_merged_today else 0.3), merged_regions=today)
    assert stats["broken_regions"] == {}
    assert stats["notes"][0].startswith("Counts and degrees of east were not compared")


def test_a_verdict_is_replayed_whatever_was_backfilled_since(tmp_path: Path) -> None:
    config, east = lake_of(tmp_path, 0), figures()
    snapshot = commit(config, AS_OF, {"east": east, "west": figures()})
    first = check_snapshot(Day(config, AS_OF), snapshot)
    for number in range(1, 5):
        commit(config, AS_OF - number * DAY, {"east": figures(9), "west": figures(9)})
    again = check_snapshot(Day(config, AS_OF), snapshot)
    assert again.manifest == first.manifest
    assert first.manifest.stats["history"] == {}


def test_other_limits_judge_anew(tmp_path: Path) -> None:
    config, east = lake_of(tmp_path), figures()
    halve(east)
    assert "east" in judged(config, east)["broken_regions"]
    loose = QualityConfig(max_count_change_frac=0.6)
    config = config.model_copy(update={"quality": loose})
    with pytest.raises(LakeError, match="Run the earlier steps"):
        stored_verdict(config)
    assert judged(config, east)["broken_regions"] == {}
    assert stored_verdict(config).kept == ("east", "west")


def test_stop_refuses_the_day_and_keeps_what_was_found(tmp_path: Path) -> None:
    config, east = lake_of(tmp_path, on_broken_region="stop"), figures()
    halve(east)
    with pytest.raises(ExpectationError, match="east: serve num_edges visited"):
        judged(config, east)
    assert list(stored_verdict(config).broken) == ["east"]
    with pytest.raises(ExpectationError):  # replayed
        judged(config, east)


def test_a_day_without_a_region_left_is_refused(tmp_path: Path) -> None:
    config = lake_of(tmp_path)
    snapshot = commit(config, AS_OF, {"east": figures(0.4), "west": figures(0.4)})
    with pytest.raises(ExpectationError, match=r"(?s)east: .* \| west: "):
        check_snapshot(Day(config, AS_OF), snapshot)


def test_a_snapshot_without_histograms_has_no_drift(tmp_path: Path) -> None:
    past = figures()
    for view in View:
        del past[view]["degree_histogram"]
    assert judged(lake_of(tmp_path, past=past), figures())["broken_regions"] == {}


def test_the_stability_index_by_hand() -> None:
    """Shares .5, .5 against .25, .75 with half a node more per bin: (9.5, 9.5) and (4.5, 14.5)."""
    p, q = 9.5 / 19, 4.5 / 19
    expected = (p - q) * math.log(p / q) + (q - p) * math.log((1 - p) / (1 - q))
    assert stability_index([9, 9], [[4, 14]]) == pytest.approx(expected)
    assert stability_index([9, 9], [[9, 9], [9, 9]]) == 0
    assert stability_index([9], [[9, 0, 0]]) == 0
    assert stability_index([0, 0, 50], [[50]]) > 5
