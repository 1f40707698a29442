"""Calendar columns of whole snapshots: by hand, absent when off, and equal on an earlier day."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.errors import SchemaError
from graphrec_core.intake.canonical import CALENDAR_FEATURES
from graphrec_core.lake import Artifact, Manifest
from graphrec_core.lake.layout import edges_file, holdout_file, nodes_file
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.types import Region, View
from jobs import validate_source
from tests.snapshot.changing import at, history, pipeline, write_tables
from tests.support.market import AS_OF, market_tables, write_market

REGIONS = (Region("east"), Region("west"))
HOLIDAYS = pd.DataFrame(
    [(date(2026, 1, 6), None, "Epiphany"), (date(2026, 1, 20), "west", "Founding of the west")],
    columns=["day", "region", "name"],
)
OFFSET = timedelta(hours=-2)
"""All visits are at one o'clock, so locally they are on the day before."""
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def market(root: Path, holidays: pd.DataFrame = HOLIDAYS, **source: Any) -> PipelineConfig:
    data = write_market(root / "lake").model_dump(mode="json")
    holidays.to_parquet(root / "raw" / "holidays.parquet")
    data["source"]["tables"]["holidays"] = {"path": "holidays.parquet"}
    data["source"]["holidays"] = "select day, region, name from holidays"
    data["source"] |= source
    data["time"]["calendar"] = {"utc_offset_hours": -2}
    return PipelineConfig.model_validate(data)


def run(config: PipelineConfig, as_of: datetime) -> Manifest:
    return produce_snapshot(Day(config, as_of)).manifest


def built(config: PipelineConfig, as_of: datetime = AS_OF) -> Artifact:
    run(config, as_of)
    day = Day(config, as_of)
    return day.open(day.ref(StepName.SNAPSHOT))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return built(market(Path(tmp_path_factory.mktemp("market"))))


def visits(start: datetime, end: datetime) -> list[tuple[str, str, date]]:
    """User, place and local day of the visits of a window, by time."""
    table = market_tables()["visits"]
    table = table[(table["at"] >= start) & (table["at"] < end)].sort_values("at")
    return [(row.user, row.place, (row.at + OFFSET).date()) for row in table.itertuples()]


def is_holiday(place: str, day: date) -> bool:
    is_west = place in ("p3", "p4", "p5")
    return day == date(2026, 1, 6) or (is_west and day == date(2026, 1, 20))


@pytest.mark.parametrize("view", list(View))
def test_edges_hold_the_days_of_their_events(snapshot: Artifact, view: View) -> None:
    end = AS_OF - timedelta(days=7) if view is View.TRAIN else AS_OF
    events = visits(datetime(2025, 1, 1, tzinfo=UTC), end)
    num_holidays = 0
    for region in REGIONS:
        for row in snapshot.read_table(edges_file(view, "visited", region)).to_pylist():
            days = [
                day for user, place, day in events if (user, place) == (row["src"], row["dst"])
            ]
            counts = Counter(day.isoweekday() for day in days)
            for number, name in enumerate(WEEK, 1):
                assert row[f"num_{name}_events"] == counts[number]
            assert row["num_weekend_events"] == counts[6] + counts[7]
            assert row["num_winter_events"] == row["num_events"] == len(days)
            assert (row["last_weekday"], row["last_season"]) == (days[-1].isoweekday(), "winter")
            assert row["is_last_on_holiday"] == is_holiday(row["dst"], days[-1])
            assert row["num_holiday_events"] == sum(is_holiday(row["dst"], day) for day in days)
            num_holidays += row["num_holiday_events"]
    assert num_holidays > 0


def test_the_holdout_says_when_each_query_first_asked(snapshot: Artifact) -> None:
    events = visits(AS_OF - timedelta(days=7), AS_OF)
    for region in REGIONS:
        for row in snapshot.read_table(holdout_file(region)).to_pylist():
            pair = (row["query_id"], row["candidate_id"])
            first = next(day for user, place, day in events if (user, place) == pair)
            assert row["first_weekday"] == first.isoweekday()
            assert (row["first_season"], row["is_first_on_holiday"]) == ("winter", False)


@pytest.mark.parametrize("view", list(View))
@pytest.mark.parametrize(("ntype", "end"), [("user", 0), ("place", 1)])
def test_nodes_have_the_shares_of_the_views_events(
    snapshot: Artifact, view: View, ntype: str, end: int
) -> None:
    until = AS_OF - timedelta(days=7) if view is View.TRAIN else AS_OF
    events = visits(datetime(2025, 1, 1, tzinfo=UTC), until)
    for region in REGIONS:
        table = snapshot.read_table(nodes_file(view, ntype, region))
        assert not set(CALENDAR_FEATURES) - set(snapshot.manifest.stats["features"][ntype])
        for row in table.to_pylist():
            own = [event for event in events if event[end] == row["node_id"]]
            days = Counter(event[2].isoweekday() for event in own)
            num_events = max(len(own), 1)
            for number, name in enumerate(WEEK, 1):
                assert row[f"share_on_{name}"] == days[number] / num_events
            assert row["share_in_winter"] == (len(own) > 0)
            holidays = sum(is_holiday(place, day) for _, place, day in own)
            assert row["share_on_holiday"] == holidays / num_events


def test_without_it_no_file_has_its_columns(tmp_path: Path) -> None:
    snapshot = built(write_market(tmp_path / "lake"))
    region = REGIONS[0]
    names = {
        name
        for file in (
            edges_file(View.SERVE, "visited", region),
            nodes_file(View.SERVE, "user", region),
            holdout_file(region),
        )
        for name in snapshot.read_table(file).column_names
    }
    parts = ("share_", "weekday", "weekend", "season", "holiday")
    assert not [name for name in names if any(part in name for part in parts)]
    assert snapshot.manifest.stats["features"] == {"user": ["age"], "place": ["stars"]}


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ("select region from holidays", "holidays must have the column `day`"),
        ("select name as day from holidays", "holidays column `day` must be one of"),
        ("select nullif(day, date '2026-01-06') as day from holidays", "must have a day"),
    ],
)
def test_a_bad_table_of_holidays_is_refused_before_the_build(
    tmp_path: Path, select: str, message: str
) -> None:
    config = market(tmp_path, holidays=HOLIDAYS)
    data = config.model_dump(mode="json")
    data["source"]["holidays"] = select
    with pytest.raises(SchemaError, match=message):
        validate_source.run(Day(PipelineConfig.model_validate(data), AS_OF))


def test_a_blank_region_is_everywhere_and_an_unknown_one_is_warned_of(
    tmp_path: Path, snapshot: Artifact, caplog: pytest.LogCaptureFixture
) -> None:
    blank = HOLIDAYS.fillna({"region": " "})
    nowhere = pd.DataFrame([(date(2026, 1, 7), "wset", "a slip")], columns=HOLIDAYS.columns)
    again = built(market(tmp_path, holidays=pd.concat([blank, nowhere])))
    assert again.manifest.files == snapshot.manifest.files
    assert "source.holidays names regions that the snapshot does not have: wset" in caplog.text


def test_holidays_need_a_calendar(tmp_path: Path) -> None:
    data = market(tmp_path).model_dump(mode="json")
    data["time"]["calendar"] = False
    with pytest.raises(ValidationError, match=r"source\.holidays needs time\.calendar"):
        PipelineConfig.model_validate(data)


@pytest.mark.spark
def test_spark_writes_the_bytes_that_duckdb_writes(tmp_path: Path) -> None:
    found = []
    for engine in ("duckdb", "spark"):
        data = market(tmp_path).model_dump(mode="json")
        data["snapshot"]["engine"] = engine
        data["lake"]["root"] = str(tmp_path / engine)
        manifest = run(PipelineConfig.model_validate(data), AS_OF)
        found.append((manifest.id, manifest.files))
    assert found[0] == found[1]


# On the snapshot of the day before.


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The history that keeps changing, with places that change their hemisphere."""
    root = Path(tmp_path_factory.mktemp("raw"))
    tables, rng = history(), np.random.default_rng(0)
    tables["places"]["latitude"] = rng.uniform(-4, 4, len(tables["places"]))
    # The same homes in the same regions: without the hemisphere nothing would say that they moved.
    moved = tables["places"].iloc[20:60].copy()
    since = at(25.5)
    moved["valid_from"], moved["known_at"], moved["latitude"] = since, since, -moved["latitude"]
    tables["places"] = pd.concat([tables["places"], moved], ignore_index=True)
    write_tables(root, tables)
    days = [(date(2026, 1, day), None if day % 2 else "east") for day in range(1, 32, 2)]
    pd.DataFrame(days, columns=["day", "region"]).to_parquet(root / "holidays.parquet")
    return root


def calendar_pipeline(root: Path, lake: Path, **settings: Any) -> PipelineConfig:
    data = pipeline(root, lake, time={"horizon_days": 1}, **settings).model_dump(mode="json")
    places = data["source"]["nodes"]["place"].replace("size", "size, latitude")
    data["source"]["nodes"]["place"] = places
    data["source"]["tables"]["holidays"] = {"path": "holidays.parquet"}
    data["source"]["holidays"] = "select day, region from holidays"
    data["time"] |= {"calendar": True, "freshness": {"bucket_days": 3, "drop_frac": 0.3}}
    return PipelineConfig.model_validate(data)


def test_a_day_on_the_day_before_equals_a_full_build(
    changing: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "graphrec_core")
    config = calendar_pipeline(changing, tmp_path / "lake")
    run(config, at(25))
    found = run(config, at(26))
    assert "on the snapshot of the day before" in caplog.text
    full = run(calendar_pipeline(changing, tmp_path / "full", snapshot={"reuse": False}), at(26))
    assert (found.files, found.stats) == (full.files, full.stats)


@pytest.mark.parametrize(("day", "is_built_on"), [(21, False), (31, True)])
def test_a_new_holiday_of_the_past_is_a_changed_history(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    day: int,
    is_built_on: bool,  # noqa: FBT001
) -> None:
    caplog.set_level("INFO", "graphrec_core")
    data = market(tmp_path).model_dump(mode="json")
    data["time"]["horizon_days"] = 1
    config = PipelineConfig.model_validate(data)
    built(config, AS_OF - timedelta(days=1))
    more = HOLIDAYS.iloc[:1].assign(day=date(2026, 1, day))
    pd.concat([HOLIDAYS, more]).to_parquet(tmp_path / "raw" / "holidays.parquet")
    built(config, AS_OF)
    assert ("source.holidays; it is not built on" in caplog.text) != is_built_on
    assert ("on the snapshot of the day before" in caplog.text) == is_built_on
