"""Both engines give equal rows on gowalla_cities and ml-100k: snapshots and queries.

Those of the town are held to each other by ``tests/pipeline/test_town.py``.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graphrec.jobs import validate_source
from graphrec_core.day import Day
from graphrec_core.engine import Engine, opening
from graphrec_core.engine.queries import SQL_FOLDER
from graphrec_core.snapshot import produce_snapshot
from tests.contract.built import FLOAT_TOLERANCE, built_day
from tests.contract.datasets import DAYS
from tests.contract.recording import Call, forget_calls

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("spark")]

QUERIES = sorted(path.stem for path in SQL_FOLDER.glob("*.sql"))
LAST = datetime(2010, 4, 1, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
MARCH = (  # settings under which these days run every query
    "time.window_days=31",
    "time.freshness={bucket_days: 10, drop_frac: 0.2}",
    "source.edges.visited={features: {hour: last, is_night: mean}, select: 'select "
    "cast(user as string) as src, cast(poi as string) as dst, hour(timestamp_seconds(ts_local)) "
    "as hour, hour(timestamp_seconds(ts_local)) < 6 as is_night, timestamp_seconds(ts_local) as "
    "event_time from events where ts_local >= 1267401600 and ts_local < 1270080000'}",
    # Each user's visits of a month, as they were known at its last visit.
    "source.features={user: 'select cast(user as string) as node_id, "
    "timestamp_seconds(max(ts_local)) as effective_at, count(*) as visits from events "
    "group by user, floor(ts_local / 2592000)'}",
)
MERGED = (
    "time.half_life_days=20",
    "region.tiny={below: 100, into: rest}",
    "region.merge={texas: [austin, dallas]}",
    "region.border=drop",
)


def in_order(table: pa.Table) -> pa.Table:
    """Sorts rows by all columns, floats last: they may differ in the last digit."""
    plain = [field for field in table.schema if not pa.types.is_nested(field.type)]
    names = sorted(plain, key=lambda field: pa.types.is_floating(field.type))
    return table.sort_by([(field.name, "ascending") for field in names])


def assert_equal_tables(found: pa.Table, expected: pa.Table) -> None:
    """Compares rows in order, floats within the tolerance; integers may be of another width."""
    assert found.column_names == expected.column_names
    assert found.num_rows == expected.num_rows
    for name in expected.column_names:
        one, other = found[name], expected[name]
        if pa.types.is_floating(other.type):
            assert pc.is_null(one).equals(pc.is_null(other)), name
            np.testing.assert_allclose(
                one.fill_null(0).to_numpy(),
                other.fill_null(0).to_numpy(),
                rtol=FLOAT_TOLERANCE,
                atol=FLOAT_TOLERANCE,
                err_msg=name,
            )
        else:
            assert one.cast(other.type).equals(other), name


@pytest.mark.parametrize("name", DAYS)
def test_both_engines_build_the_same_snapshot(name: str, tmp_path: Path) -> None:
    day = DAYS[name]
    by_spark, by_duckdb = (
        built_day(day.pipeline(tmp_path / engine, f"snapshot.engine={engine}"), day.as_of)
        for engine in ("spark", "duckdb")
    )
    assert set(by_spark.tables) == set(by_duckdb.tables)
    for file, table in by_duckdb.tables.items():
        assert_equal_tables(by_spark.tables[file], table)
    assert by_spark.counts() == by_duckdb.counts() != {}
    assert by_spark.hashes == by_duckdb.hashes


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """The largest runs of every query that validates and builds March in gowalla_cities."""
    day, lake = DAYS["gowalla_cities"], Path(tmp_path_factory.mktemp("recorded"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(opening.ENGINES, "duckdb", "tests.contract.recording:open_recording")
        for rules, days in ((MERGED, [LAST]), ((), [LAST - ONE_DAY, LAST])):
            config = day.pipeline(lake, "snapshot.engine=duckdb", *MARCH, *rules)
            validate_source.run(Day(config, LAST))
            for as_of in days:  # the second build stands on the first
                produce_snapshot(Day(config, as_of))
    return forget_calls()


@pytest.mark.parametrize("name", QUERIES)
def test_both_engines_answer_every_query_with_equal_rows(
    name: str, calls: list[Call], spark: Engine
) -> None:
    runs = [call for call in calls if call.name == name]
    assert runs, f"no day of the test runs sql/{name}.sql"
    for call in runs:
        reads = {table: spark.from_arrow(rows) for table, rows in call.reads.items()}
        found = spark.collect(name, spark.run(name, reads, **call.parameters))
        assert_equal_tables(in_order(found), in_order(call.result))


def test_the_recorded_queries_had_real_rows(calls: list[Call]) -> None:
    empty = {
        name for name in QUERIES if not any(c.result.num_rows for c in calls if c.name == name)
    }
    assert empty == {"audit_edges", "audit_nodes"}  # no leak
