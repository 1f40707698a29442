"""Regions whose names no folder can hold: the day goes on, and readers find the whole name."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.lake import Lake, Manifest
from graphrec_core.lake.layout import nodes_file, region_folder, region_of_folder
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.types import Region, View
from tests.support.engines import BOTH
from tests.support.market import AS_OF, market_tables, write_market

pytestmark = pytest.mark.pipeline

LONG = {
    "east": Region("Αποκεντρωμένη Διοίκηση Πελοποννήσου, Δυτικής Ελλάδας και Ιονίου"),
    "west": Region('it\'s \\ "far" ' + "西" * 300),
}


def market(root: Path, engine: str, **region: object) -> PipelineConfig:
    places = market_tables()["places"]
    config = write_market(root / "lake", places=places.replace({"region": LONG}))
    data = config.model_dump(mode="json")
    snapshot = {**data["snapshot"], "engine": engine}
    times = {**data["time"], "horizon_days": 1}
    data |= {"snapshot": snapshot, "time": times, "region": {**data["region"], **region}}
    return PipelineConfig.model_validate(data)


def build(config: PipelineConfig, days_back: int = 0) -> Manifest:
    return produce_snapshot(Day(config, AS_OF - timedelta(days=days_back))).manifest


def rows_by_region(config: PipelineConfig, manifest: Manifest) -> dict[tuple[str, str], int]:
    """Rows of every file, by table and whole name of the region."""
    names = [Region(name) for name in manifest.stats["long_regions"]]
    found = {}
    for file, entry in manifest.files.items():
        table, _, folder = file.removesuffix("/part-00000.parquet").rpartition("/")
        found[table, region_of_folder(folder, names)] = entry.num_rows
    return found


@pytest.mark.parametrize("engine", BOTH)
def test_long_names_change_no_row(tmp_path: Path, engine: str) -> None:
    """Two days, the second built on the first: the files of DuckDB on nothing.

    With the same rows as under short names.
    """
    config = market(tmp_path, engine)
    build(config, days_back=1)
    manifest = build(config)
    assert sorted(manifest.stats["regions"]) == sorted(LONG.values())
    assert manifest.stats["long_regions"] == sorted(LONG.values())
    alone = build(market(tmp_path / "alone", "duckdb"))
    assert (manifest.id, manifest.files) == (alone.id, alone.files)
    short = write_market(tmp_path / "short" / "lake")
    short = short.model_copy(update={"time": config.time})
    expected = produce_snapshot(Day(short, AS_OF)).manifest
    assert "long_regions" not in expected.stats
    assert rows_by_region(config, manifest) == {
        (table, LONG[region.removeprefix("region=")]): entry.num_rows
        for file, entry in expected.files.items()
        for table, _, region in [file.removesuffix("/part-00000.parquet").rpartition("/")]
    }


def test_the_files_hold_the_nodes_of_the_region(tmp_path: Path) -> None:
    config = market(tmp_path, "duckdb")
    lake, manifest = Lake(config), build(config)
    base = lake.layout.snapshot(AS_OF, manifest.id)
    for short, region in LONG.items():
        name = nodes_file(View.SERVE, "place", region)
        (path,) = (f for f in lake.storage.files(base) if f.endswith(name))
        with lake.storage.open(path) as handle:
            nodes = pd.read_parquet(handle)
        home = nodes.loc[nodes["role"] == "home", "node_id"]
        places = market_tables()["places"]
        assert set(home) == set(places.loc[places["region"] == short, "place"])


def test_merged_and_tiny_regions_may_have_long_names(tmp_path: Path) -> None:
    everything = Region("Ἑ" * 200)
    config = market(tmp_path, "duckdb", merge={everything: [LONG["east"]]})
    tiny = {"below": 10, "count": "place", "into": everything}
    config = market(tmp_path, "duckdb", merge=config.region.merge, tiny=tiny)
    manifest = build(config)
    assert list(manifest.stats["regions"]) == [everything]
    assert any(region_folder(everything) in name for name in manifest.files)
