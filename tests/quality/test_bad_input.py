"""Bad input: one clear error naming table, column and remedy, and nothing half-written."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from graphrec.jobs import validate_source
from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.errors import (
    BadRowsError,
    EmptyTableError,
    GraphrecError,
    SchemaError,
    UnreadableSourceError,
)
from graphrec_core.lake import Lake
from graphrec_core.lake.layout import PART
from graphrec_core.snapshot import produce_snapshot
from tests.support.market import AS_OF, market_data, market_tables, write_market

pytestmark = pytest.mark.pipeline


def manifests(lake: Path) -> list[Path]:
    return sorted(lake.rglob("manifest.json"))


def refused(lake: Path, error: type[GraphrecError], **tables: pd.DataFrame) -> str:
    """Validates a market that must be refused, and returns the message."""
    config = write_market(lake, **tables)
    with pytest.raises(error) as caught:
        validate_source.run(Day(config, AS_OF))
    return str(caught.value)


def with_rows(name: str, *rows: dict[str, Any]) -> dict[str, pd.DataFrame]:
    table = market_tables()[name]
    extra = pd.DataFrame([{**table.iloc[0].to_dict(), **row} for row in rows])
    return {name: pd.concat([table, extra], ignore_index=True)}


def test_a_good_market_passes_and_is_documented(tmp_path: Path) -> None:
    config = write_market(tmp_path / "lake")
    manifest = validate_source.run(Day(config, AS_OF))
    assert {name: entry["num_rejected"] for name, entry in manifest.stats["tables"].items()} == {
        "nodes/user": 0,
        "nodes/place": 0,
        "edges/visited": 0,
    }
    lake = Lake(config)
    assert lake.storage.exists(f"{lake.layout.data_docs(AS_OF)}/index.html")
    assert lake.storage.files(lake.layout.scratch) == []


def test_a_missing_column_of_a_table(tmp_path: Path) -> None:
    visits = market_tables()["visits"].drop(columns="at")
    message = refused(tmp_path / "lake", SchemaError, visits=visits)
    assert "source.edges.visited" in message
    assert "`at`" in message
    assert manifests(tmp_path) == []


def test_a_missing_canonical_column(tmp_path: Path) -> None:
    write_market(tmp_path / "lake")
    data = market_data(tmp_path / "lake")
    data["source"]["edges"]["visited"] = "select user as src, place as dst from visits"
    with pytest.raises(SchemaError, match=r"edges/visited must have the column `event_time`"):
        validate_source.run(Day(PipelineConfig.model_validate(data), AS_OF))


@pytest.mark.parametrize(
    ("region", "column"),
    [("column", "region"), ("coordinates", "latitude")],
)
def test_a_rule_for_homes_needs_its_columns(tmp_path: Path, region: str, column: str) -> None:
    write_market(tmp_path / "lake")
    data = market_data(tmp_path / "lake")
    data["source"]["nodes"]["place"] = "select place as node_id, opened as valid_from from places"
    data["region"] = {"user": "from_events", "place": region}
    data["region"] |= {"areas": {"cells": 3}} if region == "coordinates" else {}
    wanted = rf"nodes/place must have the column `{column}`, since `region` finds its homes by"
    with pytest.raises(SchemaError, match=wanted):
        validate_source.run(Day(PipelineConfig.model_validate(data), AS_OF))


def test_every_select_that_does_not_fit_is_named_at_once(tmp_path: Path) -> None:
    write_market(tmp_path / "lake")
    data = market_data(tmp_path / "lake")
    data["source"]["nodes"]["user"] = "select user as node_id from users"
    data["source"]["edges"]["visited"] = "select user as src, at as event_time from visits"
    with pytest.raises(SchemaError) as caught:
        validate_source.run(Day(PipelineConfig.model_validate(data), AS_OF))
    assert "nodes/user must have the column `valid_from`" in caught.value.found
    assert "edges/visited must have the column `dst`" in caught.value.found


def test_a_timestamp_in_text(tmp_path: Path) -> None:
    visits = market_tables()["visits"].assign(at="2026-01-05 10:00")
    message = refused(tmp_path / "lake", SchemaError, visits=visits)
    assert "edges/visited column `event_time`" in message
    assert "type string" in message
    assert "try_to_timestamp" in message
    assert manifests(tmp_path) == []


def test_an_empty_table(tmp_path: Path) -> None:
    visits = market_tables()["visits"].astype({"user": "string", "place": "string"}).iloc[:0]
    message = refused(tmp_path / "lake", EmptyTableError, visits=visits)
    assert "edges/visited must hold at least one good row" in message


def test_an_unreadable_uri(tmp_path: Path) -> None:
    config = write_market(tmp_path / "lake")
    (tmp_path / "raw" / "visits.parquet").unlink()
    with pytest.raises(UnreadableSourceError, match=r"source\.tables\.visits must be readable"):
        validate_source.run(Day(config, AS_OF))
    assert manifests(tmp_path) == []


@pytest.mark.parametrize(
    ("table", "row", "name", "reason"),
    [
        ("users", {"user": None}, "nodes/user", "node_id is null"),
        ("users", {}, "nodes/user", "duplicate version (node_id, valid_from, known_at)"),
        ("visits", {"user": None}, "edges/visited", "src is null"),
        ("visits", {"place": "nowhere"}, "edges/visited", "dst is an unknown node"),
    ],
)
def test_too_many_bad_rows_are_refused_and_findable(
    tmp_path: Path, table: str, row: dict[str, Any], name: str, reason: str
) -> None:
    rows = [row] * (2 if table == "users" else 20)
    message = refused(tmp_path / "lake", BadRowsError, **with_rows(table, *rows))
    assert name in message
    assert reason in message
    quarantine = Path(message.split("the bad rows are in file://")[1].rstrip("."))
    stored = pd.read_parquet(quarantine)
    assert set(stored["reject_reason"]) == {reason}
    assert len(stored) == len(rows)


def test_the_cause_is_named_before_what_follows_from_it(tmp_path: Path) -> None:
    """1900-01-01 stands for always: all places are bad, so all visits name unknown ones."""
    places = market_tables()["places"].assign(opened=pd.Timestamp("1900-01-01", tz="UTC"))
    message = refused(tmp_path / "lake", BadRowsError, places=places)
    cause = "nodes/place: 6 of 6: 6 x valid_from is before source.earliest_time"
    effect = "edges/visited: 120 of 120: 120 x dst is an unknown node (since nodes/place has bad"
    assert message.index(cause) < message.index(effect)
    assert "set source.earliest_time to an older day" in message
    assert "the bad rows are in file://" in message
    assert "nodes/place." in message


def test_a_snapshot_built_by_hand_names_the_cause_too(tmp_path: Path) -> None:
    places = market_tables()["places"].assign(opened=pd.Timestamp("1900-01-01", tz="UTC"))
    config = write_market(tmp_path / "lake", places=places)
    with pytest.raises(EmptyTableError, match="none in nodes/place") as caught:
        produce_snapshot(Day(config, AS_OF))
    assert "validate-source" in caught.value.fix


def test_unknown_nodes_of_good_tables_are_a_cause_of_their_own(tmp_path: Path) -> None:
    """The twin: no other table is blamed for rows that name nobody."""
    message = refused(
        tmp_path / "lake", BadRowsError, **with_rows("visits", *[{"place": "x"}] * 20)
    )
    assert "(since" not in message
    assert "Check that the SELECTs in source.nodes yield every id" in message


def test_bad_rows_within_the_share_are_quarantined_and_the_snapshot_leaves_them_out(
    tmp_path: Path,
) -> None:
    config = write_market(tmp_path / "lake", **with_rows("visits", {"place": "nowhere"}))
    manifest = validate_source.run(Day(config, AS_OF))
    assert manifest.stats["tables"]["edges/visited"]["reasons"] == {"dst is an unknown node": 1}
    snapshot = produce_snapshot(Day(config, AS_OF)).manifest
    clean = produce_snapshot(Day(write_market(tmp_path / "clean" / "lake"), AS_OF)).manifest
    assert snapshot.files == clean.files


def test_the_same_rows_are_judged_once_and_corrected_rows_again(tmp_path: Path) -> None:
    config = write_market(tmp_path / "lake")
    first = validate_source.run(Day(config, AS_OF))
    assert validate_source.run(Day(config, AS_OF)).id == first.id
    config = write_market(tmp_path / "lake", **with_rows("visits", {}))
    assert validate_source.run(Day(config, AS_OF)).id != first.id


def test_another_rule_for_homes_judges_the_same_rows_anew(tmp_path: Path) -> None:
    """A place without a region is good where its home comes from its coordinates."""
    places = market_tables()["places"].assign(region=["east"] * 3 + ["west"] * 2 + [None])
    by_column = write_market(tmp_path / "lake", places=places)
    data = by_column.model_dump(mode="json")
    data["region"] = {"user": "from_events", "place": "coordinates", "areas": {"cells": 3}}
    data["source"]["nodes"]["place"] = data["source"]["nodes"]["place"].replace(
        "region,", "region, 60.0 as latitude, 10.0 as longitude,"
    )
    by_coordinates = PipelineConfig.model_validate(data)
    validate_source.run(Day(by_coordinates, AS_OF))
    with pytest.raises(BadRowsError, match="dst is an unknown node"):
        validate_source.run(Day(by_column, AS_OF))


def test_an_empty_window_is_refused(tmp_path: Path) -> None:
    config = write_market(tmp_path / "lake")
    with pytest.raises(EmptyTableError, match="The holdout must hold events"):
        produce_snapshot(Day(config, AS_OF.replace(month=3, day=1)))
    assert manifests(tmp_path) == []


def test_an_empty_region_is_reported_and_skipped(tmp_path: Path) -> None:
    lonely = {"place": "p9", "region": "north"}
    config = write_market(tmp_path / "lake", **with_rows("places", lonely))
    manifest = produce_snapshot(Day(config, AS_OF)).manifest
    assert sorted(manifest.stats["regions"]) == ["east", "west"]
    assert manifest.stats["empty_regions"] == {"north": "no visited edges in the train view"}
    # What was found of it stays for the next day; no file is made up for it.
    north = [name for name in manifest.files if "region=north" in name]
    assert north == [
        f"view={view}/nodes/place/region=north/{PART}" for view in ("fit", "serve", "train")
    ]
