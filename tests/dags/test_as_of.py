"""Every row of the table of dates: what Airflow hands over for each way to start a run."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from graphrec.dags.as_of import resolve_as_of
from graphrec_core.errors import ConfigError

DAY = datetime(2026, 11, 20, tzinfo=UTC)
NEXT = datetime(2026, 11, 21, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("run_type", "logical_date", "run_after", "expected"),
    [
        pytest.param("scheduled", DAY, NEXT, NEXT, id="scheduled"),
        pytest.param("backfill", DAY, NEXT, NEXT, id="backfill"),
        pytest.param("manual", DAY, LATER, NEXT, id="dags test DATE"),
        pytest.param(
            "manual", DAY - timedelta(days=10), LATER, NEXT - timedelta(days=10),
            id="dags trigger -l: the interval is inferred from today, the date is not",
        ),
        pytest.param(
            "manual", None, LATER, datetime(2026, 11, 22, tzinfo=UTC), id="manual, no date"
        ),
        pytest.param("manual", DAY.replace(hour=5, minute=30), LATER, NEXT, id="hour is cut"),
        pytest.param("manual", datetime(2026, 11, 20), LATER, NEXT, id="naive means UTC"),  # noqa: DTZ001
        pytest.param(
            "manual", datetime(2026, 11, 21, 1, tzinfo=timezone(timedelta(hours=2))), LATER, NEXT,
            id="another zone: the UTC day counts",
        ),
        pytest.param("asset_triggered", None, NEXT, NEXT, id="triggered by an asset"),
    ],
)  # fmt: skip
def test_table_of_dates(
    run_type: str, logical_date: datetime | None, run_after: datetime, expected: datetime
) -> None:
    assert resolve_as_of(None, run_type, logical_date, run_after) == expected


@pytest.mark.parametrize("run_type", ["scheduled", "manual"])
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("2010-09-01", datetime(2010, 9, 1, tzinfo=UTC)),
        ("2010-09-01T06:00:00", datetime(2010, 9, 1, 6, tzinfo=UTC)),
        ("2010-09-01T06:00:00+02:00", datetime(2010, 9, 1, 4, tzinfo=UTC)),
    ],
)
def test_the_parameter_wins(run_type: str, wanted: str, expected: datetime) -> None:
    assert resolve_as_of(wanted, run_type, DAY, LATER) == expected


def test_the_parameter_is_refused_in_a_backfill() -> None:
    with pytest.raises(ConfigError, match="backfill"):
        resolve_as_of("2010-09-01", "backfill", DAY, NEXT)


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="ISO"):
        resolve_as_of("1 September", "manual", DAY, NEXT)
