"""Generated histories: both engines build what plain Python builds, row by row."""

import tempfile
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from graphrec_core.engine import open_engine, source_size
from graphrec_core.intake import check_source
from graphrec_core.lake import Lake
from tests.contract.built import (
    Built,
    assert_counted,
    assert_equal_rows,
    built_by,
    built_day,
)
from tests.contract.history_source import history_config, write_history
from tests.contract.naive import NaiveSnapshot, NoEventsError, naive_snapshot
from tests.contract.naive_rows import accept
from tests.support.fuzzing import examples, fuzz
from tests.support.histories import (
    History,
    Settings,
    histories,
    settings_of_views,
    settled,
    side_by_side,
)

pytestmark = pytest.mark.pipeline

QUIET = {
    "derandomize": True,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
FUTURE = timedelta(days=400)
some_histories = st.lists(histories(), min_size=2, max_size=6).map(side_by_side)
"""Several histories in one build, with ids of their own: a build has a fixed price."""


def expected_of(history: History, given_settings: Settings) -> NaiveSnapshot | None:
    try:
        return naive_snapshot(history, given_settings)
    except NoEventsError:
        return None


def assert_as_reference(built: Built, history: History, given_settings: Settings) -> None:
    expected = expected_of(history, given_settings)
    if expected is None or built.stats is None:
        assert (built.stats is None) == (expected is None)
        return
    assert_counted(built.stats, expected.stats)
    for key in ("left_out", "num_known_nodes"):
        assert built.stats[key] == expected.stats[key]
    for key in ("regions", "empty_regions", "merged_regions"):
        assert set(built.stats[key]) == set(expected.stats[key])
    found = built.rows()
    assert set(found) == {name for name, rows in expected.rows.items() if rows}
    for name, rows in found.items():
        assert_equal_rows(rows, expected.rows[name])


@fuzz
@settings(max_examples=examples(6), **QUIET)
@given(some_histories.map(settled), settings_of_views())
def test_duckdb_builds_what_plain_python_builds(history: History, given: Settings) -> None:
    assert_as_reference(built_by("duckdb", history, given), history, given)


@fuzz
@settings(max_examples=examples(6), **QUIET)
@given(some_histories.map(settled), settings_of_views())
def test_plain_python_rejects_as_many_rows(history: History, given: Settings) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_history(Path(folder), history)
        config = history_config(Path(folder), Path(folder) / "lake", given)
        lake = Lake(config)
        with open_engine(config, lake) as engine:
            found = {
                str(name): engine.collect("rejected", table.rejected).num_rows
                for name, table in check_source(engine, config, lake, given.as_of).items()
            }
    assert found == accept(history, given).num_rejected


def example_histories(num: int) -> list[History]:
    """Generated histories, the same ones in every run; the first ones are the plainest."""
    found: list[History] = []

    @settings(max_examples=num + 10, phases=[Phase.generate], **QUIET)
    @given(histories())
    def collect(history: History) -> None:
        found.append(history)

    collect()
    return found[-num:]


@pytest.mark.spark
@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize(
    ("given_settings", "small_bytes"),
    [
        (
            Settings(
                datetime(2026, 1, 13, tzinfo=UTC), 9, 3, lateness_hours=30, half_life_days=2,
                freshness=(3, 0.5), weight="last", merge=(("north", "east"),),
            ),
            0,  # as a large source is built
        ),
        (
            Settings(
                datetime(2026, 1, 11, tzinfo=UTC), 9, 2, border="drop", weight="max",
                user_home="column", place_home="everywhere", tiny_below=2,
            ),
            source_size.SMALL_BYTES,
        ),
    ],
    ids=["homes-from-events", "everywhere"],
)  # fmt: skip
def test_spark_builds_the_bytes_of_duckdb_and_the_rows_of_plain_python(
    given_settings: Settings, small_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of rows of one key and one ``known_at``, of which the design says not which counts.

    Plain Python knows no winner among those: it is asked about the others.
    """
    monkeypatch.setattr(source_size, "SMALL_BYTES", small_bytes)
    found = example_histories(80)
    conflicting = [history for history in found if history != settled(history)]
    assert len(conflicting) > 11
    plain = settled(side_by_side(found[-12:]))
    assert_as_reference(built_by("duckdb", plain, given_settings), plain, given_settings)
    history = side_by_side([*found[-12:], *conflicting[:12]])
    built = built_by("spark", history, given_settings)
    assert_same_files(built, built_by("duckdb", history, given_settings))
    assert built.hashes


@fuzz
@settings(max_examples=examples(2), **QUIET)
@given(some_histories, some_histories, settings_of_views())
def test_what_was_known_later_or_happened_later_changes_nothing(
    history: History, other: History, given: Settings
) -> None:
    late = History(
        *(
            tuple(replace(row, known_at=known_late(row.known_at, given)) for row in rows)
            for rows in tables_of(other)
        )
    )
    after = [replace(row, event_time=given.as_of, event_id=None) for row in other.visited]
    more = replace(beside(history, late), visited=(*history.visited, *late.visited, *after))
    assert_same_files(built_by("duckdb", more, given), built_by("duckdb", history, given))


def known_late(known_at: datetime | None, given_settings: Settings) -> datetime:
    cutoff = given_settings.as_of + timedelta(hours=given_settings.lateness_hours)
    return cutoff if known_at is None else max(known_at + FUTURE, cutoff)


def tables_of(history: History) -> list[tuple]:
    return [getattr(history, field.name) for field in fields(History)]


def beside(one: History, other: History) -> History:
    return History(*(a + b for a, b in zip(tables_of(one), tables_of(other), strict=True)))


def assert_same_files(one: Built, other: Built) -> None:
    assert one.hashes == other.hashes
    assert one.counts() == other.counts()


@fuzz
@settings(max_examples=examples(2), **QUIET)
@given(some_histories, settings_of_views(), st.integers(0, 2**32 - 1))
def test_neither_the_order_of_rows_nor_keeping_the_judged_ones_changes_anything(
    history: History, given: Settings, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    shuffled = History(
        *(tuple(rows[i] for i in rng.permutation(len(rows))) for rows in tables_of(history))
    )
    built = built_by("duckdb", history, given)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_size, "SMALL_BYTES", 0)  # as a large source is built
        assert_same_files(built_by("duckdb", shuffled, given), built)


@fuzz
@settings(max_examples=examples(2), **QUIET)
@given(some_histories, settings_of_views())
def test_the_fit_and_the_train_view_are_views_of_the_cuts_own_day(
    history: History, given: Settings
) -> None:
    """Also where rows arrived between the cut's cutoff and that of the day."""
    given = replace(given, tiny_below=0)  # the rule is decided in each build's train view
    day = built_by("duckdb", history, given)
    cut = replace(given, as_of=given.as_of - timedelta(days=given.horizon_days))
    before = built_by("duckdb", history, cut)
    both = day.stats is not None and before.stats is not None
    if both:
        assert files_of(day, "view=train/") == files_of(before, "view=serve/")
        assert files_of(day, "view=fit/") == files_of(before, "view=train/")
        assert files_of(day, "fit_holdout") == files_of(before, "holdout")


@fuzz
@settings(max_examples=examples(2), **QUIET)
@given(some_histories, settings_of_views(), st.sampled_from([(2, 1, 0), (1, 0), (4, 0)]))
def test_a_build_on_earlier_snapshots_writes_the_same_files(
    history: History, given: Settings, days: tuple[int, ...]
) -> None:
    given = replace(given, horizon_days=2)
    whole = built_by("duckdb", history, given)
    with tempfile.TemporaryDirectory() as folder:
        source, lake = Path(folder) / "raw", Path(folder) / "lake"
        write_history(source, history)
        for day in (given.as_of - timedelta(days=num) for num in days):
            again = built_day(history_config(source, lake, given), day)
    assert_same_files(again, whole)


def files_of(built: Built, prefix: str) -> dict[tuple[str, str], str]:
    """(table, region) -> sha256 of the files of one view, or one holdout."""
    return {
        (table.removeprefix(prefix), region): sha256
        for (table, region), sha256 in built.hashes.items()
        if table.startswith(prefix)
    }
