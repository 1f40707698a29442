"""The windows of several days that a ranker is fitted to, whoever makes them first."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from graphrec.jobs import build_window, fit_ranker, train_model
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import region_file
from graphrec_core.lake.records import WindowFigures
from graphrec_core.types import View, format_instant
from tests.judging.test_fit_ranker import EAST, SCORERS, TASTE, WEST, fit, make_config
from tests.support.snapshots import AS_OF, write_tiny_snapshot, write_verdict


def days_before(config: PipelineConfig, num: int) -> list[datetime]:
    return [AS_OF - age * config.time.horizon for age in range(1, num + 1)]


def test_it_is_fitted_to_the_windows_of_earlier_days_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = make_config(tmp_path, num_windows=4)
    write_tiny_snapshot(config)
    before, older = days_before(config, 2)
    write_tiny_snapshot(config, before, seed=1)
    write_tiny_snapshot(config, older, ("east",), seed=2)
    alone = {as_of: window_of(Day(config, as_of)) for as_of in (AS_OF, before, older)}
    figures, _ = fit(config)
    ends = [format_instant(as_of - 2 * config.time.horizon) for as_of in alone]
    assert sorted(figures.windows) == sorted(ends)
    for end, window in zip(ends, alone.values(), strict=True):
        wanted = window.manifest.figures(WindowFigures).regions
        assert figures.windows[end].num_pairs == sum(one.num_pairs for one in wanted.values())
    assert figures.num_clicks == sum(one.num_clicks for one in figures.windows.values()) > 200
    assert "no window of 20251211T000000Z" in caplog.text
    # A day that is broken now, or that the window does not know, adds nothing of its own.
    assert list(alone[older].manifest.figures(WindowFigures).regions) == [EAST]


def test_each_number_of_windows_gives_a_ranker_of_its_own(tmp_path: Path) -> None:
    found = set()
    for num in (1, 2, 3):
        config = make_config(tmp_path, num_windows=num)
        for as_of in (AS_OF, *days_before(config, 2)):
            if num == 1:
                write_tiny_snapshot(config, as_of, seed=as_of.day)
        figures, trees = fit(config)
        assert len(figures.windows) == num
        found.add(trees)
    assert len(found) == 3


def test_whoever_comes_first_makes_a_window_and_the_others_find_it(tmp_path: Path) -> None:
    """Days forwards and backwards leave the same windows and rankers."""
    stored = []
    for name in ("forwards", "backwards"):
        config = make_config(tmp_path / name, num_windows=3)
        days = [AS_OF, *days_before(config, 3)]
        for as_of in days:
            write_tiny_snapshot(config, as_of, seed=as_of.day)
        for as_of in reversed(days) if name == "forwards" else days:
            fit_ranker.run(Day(config, as_of))
        there = [Day(config, as_of).open(Day(config, as_of).ref(step)).manifest
                 for as_of in days for step in (StepName.WINDOW, StepName.RANKER)]  # fmt: skip
        stored.append([(one.id, one.files) for one in there])
    assert stored[0] == stored[1]


def test_no_window_has_seen_what_the_ranker_is_judged_by(tmp_path: Path) -> None:
    day = Day(make_config(tmp_path, num_windows=9), AS_OF)
    judged_from = day.config.time.end_of(AS_OF, View.TRAIN)
    last = [day.config.time.end_of(one.as_of, View.TRAIN) for one in day.earlier_window_days]
    assert len(last) == 8
    assert max(last) < judged_from


def test_the_windows_end_where_the_data_cannot_begin(tmp_path: Path) -> None:
    config = make_config(tmp_path, num_windows=52)
    long = config.time.model_copy(update={"horizon_days": 3650})
    day = Day(config.model_copy(update={"time": long}), AS_OF)
    assert len(day.earlier_window_days) == 5  # source.earliest_time is 1970


def test_a_region_that_is_broken_today_is_in_no_window(tmp_path: Path) -> None:
    config = make_config(tmp_path, num_windows=2)
    write_tiny_snapshot(config)
    write_tiny_snapshot(config, days_before(config, 1)[0], seed=1)
    day = Day(config, AS_OF)
    shutil.rmtree(day.lake.storage.uri(day.ref(StepName.CHECK).folder).removeprefix("file://"))
    write_verdict(config, AS_OF, (EAST,), {WEST: "half its users are gone"})
    figures, _ = fit(config)
    assert (figures.regions, len(figures.windows)) == ((EAST,), 2)


def window_of(day: Day) -> Artifact:
    build_window.run(day)
    return day.open(day.ref(StepName.WINDOW))


def test_what_comes_later_of_an_earlier_day_changes_no_ranker(tmp_path: Path) -> None:
    """A region that is trained later, and a history that is accepted later, are not looked at."""
    config = make_config(tmp_path, {**SCORERS, **TASTE}, num_windows=2)
    write_tiny_snapshot(config, regions=("east",))
    (before,) = days_before(config, 1)
    write_tiny_snapshot(config, before, seed=1)
    sources = list(config.recommender.sources)
    train_model.run(Day(config, AS_OF), EAST, sources)
    figures, trees = fit(config)
    wanted = Day(config, AS_OF).ref(StepName.RANKER)
    train_model.run(Day(config, before), WEST, sources)
    assert Day(config, AS_OF).ref(StepName.RANKER).id == wanted.id
    first = Day(config, before).first_snapshot_id
    path = Day(config, before).lake.layout.revision(before, first, 1)
    Day(config, before).lake.storage.write(path, b"{}")
    assert Day(config, before).revision == 1
    assert Day(config, AS_OF).ref(StepName.RANKER).id == wanted.id
    assert (figures.num_pairs > 0, len(figures.windows), bool(trees)) == (True, 2, True)


def test_a_regions_sample_does_not_depend_on_the_others(tmp_path: Path) -> None:
    found = []
    for name, trained in (("alone", (WEST,)), ("both", (EAST, WEST))):
        config = make_config(tmp_path / name, {**SCORERS, **TASTE})
        write_tiny_snapshot(config)
        for region in trained:
            train_model.run(Day(config, AS_OF), region, list(config.recommender.sources))
        found.append(window_of(Day(config, AS_OF)).read(region_file(WEST)))
    assert found[0] == found[1]
