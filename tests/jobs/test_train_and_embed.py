import numpy as np
import pyarrow.parquet as pq
import pytest

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.embedding import encode_graph, load_model
from graphrec_core.errors import ExpectationError, LakeError, RefusedError
from graphrec_core.graph import load_graph
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.lake.layout import vectors_file
from graphrec_core.training import day_model
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.support.snapshots import AS_OF, SOURCE, tiny_config, write_tiny_snapshot
from tests.support.steps import embed, train

EAST, WEST = Region("east"), Region("west")


def test_a_regional_day(tmp_path):
    config = tiny_config(tmp_path, training={"num_threads": 1, "num_epochs": 8})
    write_tiny_snapshot(config)

    model = train(Day(config, AS_OF), EAST)
    embedding = embed(Day(config, AS_OF), EAST, View.SERVE)

    assert (model.region, model.id) == (
        EAST,
        Day(config, AS_OF).ref(StepName.TRAIN, EAST, source=SOURCE).id,
    )
    assert set(model.files) == {
        "config.json",
        "ids/place.parquet",
        "ids/user.parquet",
        "ids_fit/place.parquet",
        "ids_fit/user.parquet",
        "ids_refit/place.parquet",
        "ids_refit/user.parquet",
        "metrics.json",
        "weights.safetensors",
        "weights_fit.safetensors",
        "weights_refit.safetensors",
    }
    assert model.stats["supervision_edges"].startswith("exempt: LightGCN")
    assert model.stats["num_parameters"] == (41 + 59) * 16
    assert 0 <= model.stats["validation_value"] <= 1
    assert model.stats["validation_metric"] == "recall@20"
    assert embedding.inputs["model"] == model.id
    assert embedding.stats["num_without_trained_row"] == {"place": 0, "user": 0}
    assert embedding.stats["refit"][EAST]["served"] == "refitted"
    lake = Lake(config)
    stored = open_artifact(lake.storage, lake.layout.embedding(embedding.id))
    users = stored.read_table(vectors_file(View.SERVE, EAST, "user"))
    assert users.num_rows == 60
    assert np.isfinite(np.stack(users["vector"].to_numpy())).all()
    metrics = open_artifact(lake.storage, lake.layout.model(EAST, model.id)).read_json(
        "metrics.json"
    )
    assert metrics["best_epoch"] == model.stats["best_epoch"]
    assert set(metrics["history"][0]) == {"epoch", "loss", "value"}


@pytest.mark.parametrize("name", ["lightgcn", "graphsage"])
def test_the_same_day_twice_gives_the_same_bytes(tmp_path, name):
    model = {"model": name, "embedding_dim": 8, "num_layers": 2}
    manifests = []
    for root in ("one", "two"):
        config = tiny_config(
            tmp_path / root, recommender=model, training={"num_threads": 1, "num_epochs": 3}
        )
        write_tiny_snapshot(config)
        manifests.append(
            (
                train(Day(config, AS_OF), EAST),
                embed(Day(config, AS_OF), EAST, View.TRAIN),
            )
        )

    assert manifests[0] == manifests[1]


def test_a_global_day_with_refit(tmp_path):
    config = tiny_config(
        tmp_path,
        recommender={"model": "lightgcn", "scope": "global", "embedding_dim": 8},
        training={"num_threads": 1, "num_epochs": 3, "refit": True},
    )
    write_tiny_snapshot(config)

    model = train(Day(config, AS_OF), ALL_REGIONS)
    embedding = embed(Day(config, AS_OF), ALL_REGIONS, View.SERVE)

    assert model.region == embedding.region == ALL_REGIONS
    assert "weights_refit.safetensors" in model.files
    assert embedding.stats["num_without_trained_row"] == {"place": 0, "user": 0}
    assert set(embedding.files) == {
        vectors_file(View.SERVE, region, ntype)
        for region in (EAST, WEST)
        for ntype in ("place", "user")
    }


def test_the_judged_weights_serve_where_the_gate_asks_for_more_overlap(tmp_path):
    training = {"num_threads": 1, "num_epochs": 3}
    config = tiny_config(tmp_path, training=training, gate={"min_refit_overlap": 1.0})
    write_tiny_snapshot(config)
    train(Day(config, AS_OF), EAST)
    embedding = embed(Day(config, AS_OF), EAST, View.SERVE)
    assert embedding.stats["refit"][EAST]["served"] == "judged"
    assert embedding.stats["origin"]["trained_on"] == "train"
    assert embedding.stats["num_without_trained_row"] == {"place": 0, "user": 1}


def test_features_that_changed_are_refused_before_a_model_that_reads_them(tmp_path):
    def config_of(name: str) -> PipelineConfig:
        return tiny_config(
            tmp_path,
            recommender={"model": name, "embedding_dim": 8, "num_layers": 2},
            training={"num_threads": 1, "num_epochs": 1},
            quality={"min_count": 10},
        )

    write_tiny_snapshot(config_of("graphsage"), serve_kinds="ABCD")
    with pytest.raises(ExpectationError, match=r"found: user\.kind") as refusal:
        train(Day(config_of("graphsage"), AS_OF), EAST)
    assert refusal.value.exit_code == 3
    assert train(Day(config_of("lightgcn"), AS_OF), EAST).stats["feature_drift"] == {}


@pytest.mark.parametrize("name", ["graphsage", "lightgcn"])
@pytest.mark.parametrize("refit", [True, False])
def test_each_view_is_loaded_once_and_only_if_it_is_needed(tmp_path, monkeypatch, name, refit):
    loaded = []

    def load_and_count(snapshot, view, region):
        loaded.append(view)
        return load_graph(snapshot, view, region)

    monkeypatch.setattr(day_model, "load_graph", load_and_count)
    config = tiny_config(
        tmp_path,
        recommender={"model": name, "embedding_dim": 8, "num_layers": 2},
        training={"num_threads": 1, "num_epochs": 1, "refit": refit},
    )
    write_tiny_snapshot(config)
    train(Day(config, AS_OF), EAST)
    needs_serve = refit or name == "graphsage"
    assert sorted(loaded) == sorted([View.FIT, View.TRAIN, View.SERVE][: 2 + needs_serve])


def test_vectors_of_the_fit_view_are_by_the_weights_fitted_on_it(tmp_path):
    config = tiny_config(
        tmp_path,
        recommender={"model": "graphsage", "embedding_dim": 8, "num_layers": 2},
        training={"num_threads": 1, "num_epochs": 3},
    )
    snapshot = write_tiny_snapshot(config)
    train(Day(config, AS_OF), EAST)
    embedding = embed(Day(config, AS_OF), EAST, View.FIT)
    assert embedding.stats["origin"]["view"] == embedding.stats["origin"]["trained_on"] == "fit"
    assert embedding.stats["num_without_trained_row"] == {"place": 0, "user": 0}
    lake = Lake(config)
    stored = open_artifact(lake.storage, lake.layout.model(EAST, embedding.inputs["model"]))
    loaded = load_model(stored, View.FIT)
    graph = load_graph(snapshot, View.FIT, EAST)
    expected = encode_graph(loaded, graph, 1000).numpy()[graph.slice_of("user")]
    written = open_artifact(lake.storage, lake.layout.embedding(embedding.id))
    found = written.read_table(vectors_file(View.FIT, EAST, "user"))["vector"].to_numpy()
    np.testing.assert_allclose(np.stack(found), expected, rtol=1e-5, atol=1e-6)
    other = encode_graph(load_model(stored), graph, 1000).numpy()[graph.slice_of("user")]
    assert not np.allclose(np.stack(found), other, rtol=1e-2)


def test_without_weights_of_the_fit_view_its_vectors_are_refused(tmp_path):
    config = tiny_config(tmp_path, training={"num_threads": 1, "num_epochs": 1})
    write_tiny_snapshot(config, has_fit=False)
    train(Day(config, AS_OF), EAST)
    with pytest.raises(RefusedError, match="the fit view holds nothing to learn from") as refusal:
        embed(Day(config, AS_OF), EAST, View.FIT)
    assert refusal.value.exit_code == 3


def test_zero_epochs_store_random_weights(tmp_path):
    config = tiny_config(tmp_path, training={"num_threads": 1, "num_epochs": 0})
    write_tiny_snapshot(config)

    model = train(Day(config, AS_OF), EAST)

    assert model.stats["best_epoch"] == model.stats["num_epochs"] == 0
    assert (model.stats["validation_metric"], model.stats["validation_value"]) == (None, None)


def test_a_second_run_finds_the_first(tmp_path):
    config = tiny_config(tmp_path, training={"num_threads": 1, "num_epochs": 1})
    write_tiny_snapshot(config)
    first = train(Day(config, AS_OF), EAST)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}

    assert train(Day(config, AS_OF), EAST) == first
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()} == before


def test_a_missing_step_is_named_and_leaves_nothing(tmp_path):
    config: PipelineConfig = tiny_config(tmp_path, training={"num_threads": 1, "num_epochs": 1})
    with pytest.raises(LakeError, match="Run the earlier steps"):
        train(Day(config, AS_OF), EAST)
    write_tiny_snapshot(config)
    with pytest.raises(LakeError, match="Run the earlier steps"):
        embed(Day(config, AS_OF), EAST, View.TRAIN)

    assert not list(tmp_path.rglob("models/**/*.parquet"))
    assert not [path for path in tmp_path.rglob("embeddings/**/*") if path.is_file()]


def test_ids_name_the_rows_of_the_table(tmp_path):
    config = tiny_config(tmp_path, training={"num_threads": 1, "num_epochs": 1})
    write_tiny_snapshot(config)

    train(Day(config, AS_OF), EAST)

    rows = []
    for name in ("place", "user"):
        table = pq.read_table(next(tmp_path.rglob(f"ids/{name}.parquet"))).to_pydict()
        assert table["node_id"] == sorted(table["node_id"])
        rows += table["row"]
    assert rows == list(range(100))
