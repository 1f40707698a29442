"""A day's report says what the release of a horizon ago was worth."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from graphrec.jobs import backtest, build_shard, evaluate_model, score_release, write_report
from graphrec_core.day import Day, released_before, score_ref
from graphrec_core.errors import AbsentError
from graphrec_core.lake import Lake
from graphrec_core.lake.records import ScoreFigures
from graphrec_core.ledger.past import read_past
from graphrec_core.publishing.publish import publish
from graphrec_core.types import format_instant
from tests.jobs.test_backtest import WEEK, make_config
from tests.support.days import BOTH, EAST, WEST, prepare_day, run_day
from tests.support.snapshots import AS_OF, write_tiny_snapshot

pytestmark = pytest.mark.pipeline


def report(day: Day) -> str:
    """Writes the page of a day and reads it."""
    uri = write_report.run(day)["report"]
    return Path(uri.removeprefix("file://")).read_text(encoding="utf-8")


def test_what_came_stands_beside_what_was_promised(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    run_day(config)
    assert "No release has been scored" in report(Day(config, AS_OF))
    write_tiny_snapshot(config, AS_OF + WEEK, seed=1)  # visits that have nothing to do with it
    later = Day(config, AS_OF + WEEK)
    page = report(later)
    assert "2026-01-01: less came than the holdout had promised (recall@5" in page
    assert "Of the release of 2026-01-01 less came" in page  # in the summary, too
    assert "Not scored" not in page
    score = later.open(score_ref(later, read_past(later.lake))).manifest
    figures = score.figures(ScoreFigures)
    assert (figures.released, list(figures.regions)) == (format_instant(AS_OF), [EAST, WEST])
    # The same is found, not made again, by whoever asks later.
    assert score_release.run(Day(config, AS_OF + WEEK)) == score
    found = backtest.run(config, AS_OF, AS_OF)
    assert found["num_queries"] == sum(one.num_queries for one in figures.regions.values())
    assert report(Day(config, AS_OF + WEEK)) == page


def test_releases_of_other_days_are_scored_where_their_snapshot_is(tmp_path: Path) -> None:
    config, day = make_config(tmp_path), timedelta(days=1)
    for as_of in (AS_OF, AS_OF + day):
        run_day(config, as_of)
    write_tiny_snapshot(config, AS_OF + WEEK, seed=1)
    write_tiny_snapshot(config, AS_OF + WEEK + 2 * day, seed=1)
    report(Day(config, AS_OF + WEEK))
    page = report(Day(config, AS_OF + WEEK + 2 * day))
    assert "The release of 2026-01-01, what it served" in page
    assert "Not scored: 2026-01-02." in page
    # Nothing of a later day is looked at, nor of a release whose horizon is not over.
    section = report(Day(config, AS_OF + WEEK)).partition('id="forward"')[2]
    assert "2026-01-02" not in section.partition('id="gate"')[0]


def test_a_shard_that_is_gone_costs_the_score_and_not_the_page(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = make_config(tmp_path)
    release = run_day(config)
    write_tiny_snapshot(config, AS_OF + WEEK, seed=1)
    lake, shard_id = Lake(config), release.regions[EAST].shard_id
    assert shard_id is not None
    shutil.rmtree(lake.storage.uri(lake.layout.shard(EAST, shard_id)).removeprefix("file://"))
    assert "Not scored: 2026-01-01." in report(Day(config, AS_OF + WEEK))
    assert "the release of a horizon ago is not scored" in caplog.text


def test_without_a_release_a_horizon_before_there_is_nothing_to_score(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    write_tiny_snapshot(config)
    with pytest.raises(AbsentError, match="must have served people"):
        score_release.run(Day(config, AS_OF))


def test_another_release_of_the_day_has_another_score(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    prepare_day(config)
    for region in BOTH:
        build_shard.run(Day(config, AS_OF), region)
        evaluate_model.run(Day(config, AS_OF), region)
    later, found = Day(config, AS_OF + WEEK), []
    for region in BOTH:
        publish(Day(config, AS_OF), (region,))
        past = read_past(later.lake)
        found.append((list(released_before(later, past)), score_ref(later, past).id))
    (first, first_id), (both, both_id) = found
    assert (first, both) == ([EAST], [EAST, WEST])
    assert first_id != both_id
