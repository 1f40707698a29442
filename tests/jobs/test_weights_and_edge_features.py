"""Columns of events from the SELECT to a model's vectors: weights, decay, days of the week."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.embedding import load_model
from graphrec_core.errors import ExpectationError, SchemaError
from graphrec_core.graph import load_graph
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, vectors_file
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.types import Region, View
from tests.support.market import AS_OF, market_tables, write_market
from tests.support.steps import embed, only_source, train

pytestmark = pytest.mark.pipeline

EAST = Region("east")
SELECT = (
    "select user as src, place as dst, at as event_time, weekday(at) >= 5 as is_weekend, "
    "hour(at) as hour, spent, 'x' as note from visits"
)
FEATURES = {"is_weekend": "mean", "hour": "max", "spent": "last"}
TRAINING = {"num_threads": 1, "num_epochs": 2}


def visits() -> pd.DataFrame:
    """The market's visits; who comes later spends more, and now and then nobody counts it."""
    table = market_tables()["visits"]
    spent = np.arange(len(table), dtype=float)
    return table.assign(spent=np.where(np.arange(len(table)) % 7 == 0, np.nan, spent))


def market(root: Path, model: dict[str, Any], **changes: Any) -> PipelineConfig:
    data = write_market(root / "lake", visits=visits()).model_dump(mode="json")
    edges = {"select": SELECT, "features": FEATURES, **changes.pop("edges", {})}
    data["source"]["edges"]["visited"] |= edges
    data["training"] |= TRAINING
    for section, settings in changes.items():
        data[section] |= settings
    return PipelineConfig.model_validate({**data, "recommender": {"embedding_dim": 8, **model}})


def opened(config: PipelineConfig, step: StepName, view: View | None = None) -> Artifact:
    day = Day(config, AS_OF)
    if step is StepName.SNAPSHOT:
        return day.open(day.ref(step))
    return day.open(day.ref(step, EAST, view, only_source(config)))


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of lakes: models of equal tables find the snapshot that the first of them built."""
    return Path(tmp_path_factory.mktemp("lakes"))


def vectors(root: Path, model: dict[str, Any], **changes: Any) -> np.ndarray:
    """The users' vectors of the train view; makes the day as far as that."""
    config = market(root, model, **changes)
    day = Day(config, AS_OF)
    produce_snapshot(day)
    train(day, EAST)
    embed(day, EAST, View.TRAIN)
    stored = opened(config, StepName.EMBED, View.TRAIN)
    table = stored.read_table(vectors_file(View.TRAIN, EAST, "user")).sort_by("node_id")
    return np.stack(table["vector"].to_numpy())


def test_edges_hold_what_their_events_say(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = market(tmp_path, {"model": "lightgcn"})
    produce_snapshot(Day(config, AS_OF))
    assert "source.edges.visited: left out, since its `features` do not name them: note" in (
        caplog.text
    )
    snapshot = opened(config, StepName.SNAPSHOT)
    assert snapshot.manifest.stats["edge_features"] == {"visited": ["hour", "is_weekend", "spent"]}
    before = visits()[lambda table: table["at"] < AS_OF - timedelta(days=7)]
    rows = snapshot.read_table(edges_file(View.TRAIN, "visited", EAST)).to_pylist()
    assert rows
    for row in rows:
        events = before[(before["user"] == row["src"]) & (before["place"] == row["dst"])]
        known = events[events["spent"].notna()]
        assert row["weight"] == row["num_events"] == len(events)
        assert row["hour"] == 1
        assert row["is_weekend"] == pytest.approx((events["at"].dt.weekday >= 5).mean())
        assert row["spent"] == (known["spent"].iloc[-1] if len(known) else None)


def test_a_graph_has_the_columns_of_its_edges(tmp_path: Path) -> None:
    config = market(tmp_path, {"model": "lightgcn"})
    produce_snapshot(Day(config, AS_OF))
    snapshot = opened(config, StepName.SNAPSHOT)
    graph = load_graph(snapshot, View.SERVE, EAST)
    edges, names = graph.edges["visited"], graph.node_ids("place").to_pylist()
    names += graph.node_ids("user").to_pylist()
    rows = snapshot.read_table(edges_file(View.SERVE, "visited", EAST)).to_pylist()
    expected = {(row["src"], row["dst"]): row for row in rows}
    assert len(edges) == len(rows)
    for place, (src, dst) in enumerate(zip(edges.src.tolist(), edges.dst.tolist(), strict=True)):
        row = expected[names[src], names[dst]]
        assert float(edges.weight[place]) == row["weight"]
        assert float(edges.features["is_weekend"][place]) == row["is_weekend"]
        assert np.isnan(float(edges.features["spent"][place])) == (row["spent"] is None)


def test_a_model_hears_the_days_of_the_week_if_it_is_asked(
    lakes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    sage = {"model": "graphsage", "hidden_dim": 8, "fanouts": [-1, -1]}
    heard = vectors(lakes / "days", {**sage, "edge_features": True})
    assert "edges/visited: constant, so left out: hour" in caplog.text
    deaf = vectors(lakes / "days", sage)
    by_day = "weekday(at) >= 5 as is_weekend"
    always = {"select": SELECT.replace(by_day, "weekday(at) >= 2 as is_weekend")}
    other = vectors(lakes / "other days", {**sage, "edge_features": True}, edges=always)
    assert heard.shape == deaf.shape == other.shape
    assert not np.allclose(heard, deaf, atol=1e-3)
    assert not np.allclose(heard, other, atol=1e-3)
    np.testing.assert_array_equal(vectors(lakes / "other days", sage, edges=always), deaf)
    model = opened(market(lakes / "days", {**sage, "edge_features": True}), StepName.TRAIN)
    columns = model.read_json("config.json")["features"]["edges/visited"]
    assert [column["name"] for column in columns] == ["is_weekend", "spent"]
    assert model.manifest.stats["dropped_features"]["edges/visited"] == ["hour"]
    graph = load_graph(opened(market(lakes / "days", sage), StepName.SNAPSHOT), View.TRAIN, EAST)
    inputs = load_model(model).inputs_of(graph, torch.device("meta"))
    assert inputs.edge_features_EF.is_meta  # they are joined on the CPU, for any device


@pytest.mark.parametrize("model", [{"model": "lightgcn"}, {"model": "graphsage", "hidden_dim": 8}])
def test_weights_and_their_decay_count_if_they_are_asked_for(
    lakes: Path, model: dict[str, Any]
) -> None:
    found = {
        (weighted, days): vectors(
            lakes / f"half-life {days}",
            {**model, "weighted": weighted},
            time={"half_life_days": days},
        )
        for weighted in (False, True)
        for days in (0, 3)
    }
    np.testing.assert_array_equal(found[False, 0], found[False, 3])
    assert not np.allclose(found[True, 0], found[False, 0], atol=1e-4)
    assert not np.allclose(found[True, 0], found[True, 3], atol=1e-4)


def test_an_edge_feature_in_another_unit_is_refused(tmp_path: Path) -> None:
    """From the cut on, everything is paid in cents: the latest sums are another column."""
    late = f"at >= timestamp '{AS_OF - timedelta(days=7):%Y-%m-%d}'"
    unit = {"select": SELECT.replace("spent,", f"if({late}, spent * 100, spent) as spent,")}
    sage = {"model": "graphsage", "hidden_dim": 8, "edge_features": True}
    config = market(tmp_path, sage, edges=unit, quality={"min_count": 5})
    produce_snapshot(Day(config, AS_OF))
    with pytest.raises(ExpectationError, match="distributed") as refused:
        train(Day(config, AS_OF), EAST)
    assert "edges/visited.spent" in refused.value.found


def test_a_named_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    config = market(tmp_path, {"model": "lightgcn"}, edges={"features": {"rating": "last"}})
    with pytest.raises(SchemaError, match="must have the column `rating`"):
        produce_snapshot(Day(config, AS_OF))
