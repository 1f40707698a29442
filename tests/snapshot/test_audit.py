"""The audit reads written files: a leak of every kind, planted in one row, is named."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.engine import Engine
from graphrec_core.errors import LeakageError
from graphrec_core.lake import Artifact, Lake, open_artifact
from graphrec_core.lake.layout import edges_file, holdout_file, nodes_file
from graphrec_core.snapshot import audit, produce_snapshot
from graphrec_core.types import Region, View
from tests.support.market import AS_OF, write_market

EAST, WEST = Region("east"), Region("west")
CUT = AS_OF - timedelta(days=7)
FIT_CUT = AS_OF - timedelta(days=14)
LATER = timedelta(microseconds=1)
LEAKS = [
    # file, column, planted value, leak
    (edges_file(View.FIT, "visited", EAST), "last_event_time", FIT_CUT, "an event at or after"),
    (edges_file(View.FIT, "visited", WEST), "last_known_at", FIT_CUT, "row known too late"),
    (nodes_file(View.FIT, "user", EAST), "last_event_time", FIT_CUT, "aggregate fed by an event"),
    (nodes_file(View.FIT, "place", WEST), "valid_from", FIT_CUT + LATER, "from the future"),
    (holdout_file(EAST, View.FIT), "last_event_time", CUT, "an event at or after"),
    (holdout_file(WEST, View.FIT), "first_event_time", FIT_CUT - LATER, "older than its window"),
    (edges_file(View.TRAIN, "visited", EAST), "last_event_time", CUT, "an event at or after"),
    (edges_file(View.SERVE, "visited", EAST), "last_event_time", AS_OF, "an event at or after"),
    (edges_file(View.TRAIN, "visited", WEST), "last_known_at", CUT, "fed by a row known too late"),
    (
        edges_file(View.SERVE, "visited", WEST),
        "first_event_time",
        AS_OF - timedelta(days=365) - LATER,
        "older than its window",
    ),
    (
        edges_file(View.TRAIN, "visited", EAST),
        "first_event_time",
        CUT - LATER,
        "first event is after its last",
    ),
    (nodes_file(View.TRAIN, "place", WEST), "valid_from", CUT + LATER, "version from the future"),
    (nodes_file(View.SERVE, "place", EAST), "known_at", AS_OF, "version known too late"),
    (nodes_file(View.SERVE, "user", EAST), "last_event_time", AS_OF, "aggregate fed by an event"),
    (
        nodes_file(View.TRAIN, "user", WEST),
        "features_effective_at",
        CUT + LATER,
        "feature effective later",
    ),
    (nodes_file(View.TRAIN, "user", EAST), "features_known_at", CUT, "feature known too late"),
    (holdout_file(EAST), "last_event_time", AS_OF, "an event at or after"),
    (holdout_file(WEST), "last_event_time", CUT - LATER, "older than its window"),
    (holdout_file(EAST), "first_event_time", CUT - LATER, "older than its window"),
]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> PipelineConfig:
    config = write_market(Path(tmp_path_factory.mktemp("market")) / "lake")
    produce_snapshot(Day(config, AS_OF))
    return config


def copied(market: PipelineConfig, root: Path) -> tuple[PipelineConfig, Artifact]:
    """A copy of the market's lake, to be spoilt."""
    shutil.copytree(market.lake.root, root / "lake")
    data = market.model_dump(mode="json")
    data["lake"]["root"] = str(root / "lake")
    config = PipelineConfig.model_validate(data)
    lake = Lake(config)
    folder = lake.layout.snapshot(AS_OF, Day(config, AS_OF).ref(StepName.SNAPSHOT).id)
    return config, open_artifact(lake.storage, folder)


def uri_of(config: PipelineConfig, built: Artifact) -> Callable[[str], str]:
    """Names the files as they are, spoilt: a reader of the artefact would refuse them."""
    return lambda table: Lake(config).storage.uri(f"{built.base}/{table}")


def plant(path: Path, column: str, value: datetime) -> str:
    """Writes a value into the second row of a file and returns what names that row."""
    table = pq.ParquetFile(path).read()
    index = table.schema.get_field_index(column)
    values = table[column].to_pylist()
    values[1] = value
    planted = pa.array(values, table.schema.field(column).type)
    pq.write_table(table.set_column(index, table.schema.field(column), planted), path)
    row = table.slice(1, 1).to_pylist()[0]
    ends = ("src", "dst") if "src" in row else ("query_id", "candidate_id")
    return row["node_id"] if "node_id" in row else " -> ".join(row[end] for end in ends)


def test_nothing_leaks_before_it_is_planted(
    market: PipelineConfig, duckdb: Engine, tmp_path: Path
) -> None:
    config, built = copied(market, tmp_path)
    audit(duckdb, config, AS_OF, uri_of(config, built))


@pytest.mark.parametrize(("file", "column", "value", "leak"), LEAKS)
def test_a_planted_leak_is_named_with_its_row(
    market: PipelineConfig,
    duckdb: Engine,
    tmp_path: Path,
    file: str,
    column: str,
    value: datetime,
    leak: str,
) -> None:
    config, built = copied(market, tmp_path)
    name = plant(tmp_path / "lake" / built.base / file, column, value)
    with pytest.raises(LeakageError, match=leak) as caught:
        audit(duckdb, config, AS_OF, uri_of(config, built))
    region = EAST if "region=east" in file else WEST
    assert f"{name} in {region}: " in str(caught.value)
    assert str(caught.value).count(" in east: ") + str(caught.value).count(" in west: ") == 1


@pytest.mark.spark
def test_spark_finds_the_leaks_that_duckdb_finds(
    market: PipelineConfig, spark: Engine, duckdb: Engine, tmp_path: Path
) -> None:
    config, built = copied(market, tmp_path)
    audit(spark, config, AS_OF, uri_of(config, built))
    for file, column, value, _ in LEAKS[2:8:2]:
        plant(tmp_path / "lake" / built.base / file, column, value)
    told = []
    for engine in (spark, duckdb):
        with pytest.raises(LeakageError) as caught:
            audit(engine, config, AS_OF, uri_of(config, built))
        told.append(str(caught.value))
    assert told[0] == told[1]
    assert told[0].count("; ") == 2


@pytest.mark.parametrize(
    ("file", "column", "value"),
    [
        (edges_file(View.FIT, "visited", EAST), "last_event_time", FIT_CUT - LATER),
        (holdout_file(EAST, View.FIT), "last_event_time", CUT - LATER),
        (edges_file(View.TRAIN, "visited", EAST), "last_event_time", CUT - LATER),
        (
            edges_file(View.TRAIN, "visited", EAST),
            "first_event_time",
            CUT - timedelta(days=365),
        ),
        (nodes_file(View.TRAIN, "place", WEST), "valid_from", CUT),
        (nodes_file(View.TRAIN, "user", WEST), "features_effective_at", CUT),
        (holdout_file(WEST), "first_event_time", CUT),
    ],
)
def test_the_last_instant_that_is_allowed_is_no_leak(
    market: PipelineConfig,
    duckdb: Engine,
    tmp_path: Path,
    file: str,
    column: str,
    value: datetime,
) -> None:
    config, built = copied(market, tmp_path)
    plant(tmp_path / "lake" / built.base / file, column, value)
    audit(duckdb, config, AS_OF, uri_of(config, built))
