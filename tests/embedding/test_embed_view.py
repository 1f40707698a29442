import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import safetensors.torch
import torch

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.recommenders import encoders
from graphrec_core.embedding import (
    count_nodes,
    embed_view,
    encode_graph,
    has_weights,
    load_model,
    write_settings,
    write_weights,
)
from graphrec_core.errors import LakeError, RefusedError
from graphrec_core.graph import FeatureEncoder, load_graph
from graphrec_core.lake import Artifact, Lake, attempt
from graphrec_core.lake.identity import artifact_id
from graphrec_core.lake.layout import nodes_file
from graphrec_core.models.registry import build_encoder
from graphrec_core.training.region_model import encoder_of
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.support.figures import MODEL_FIGURES
from tests.support.recommit import replace_file
from tests.support.snapshots import AS_OF, SOURCE, tiny_config, write_tiny_snapshot

EAST, WEST = Region("east"), Region("west")


def write_model(
    config: PipelineConfig,
    snapshot: Artifact,
    region: Region,
    name: str,
    *,
    refit: bool = False,
    bias: float = 0.0,
    refit_bias: float = 0.0,
) -> Artifact:
    """Commits a randomly initialised model; a bias is added to one trained row."""
    lake = Lake(config)
    graph = load_graph(snapshot, View.TRAIN, region)
    features = FeatureEncoder.fit(graph, snapshot.manifest.stats["features"])
    widths = {ntype: features.width(ntype) for ntype in graph.ntypes}
    inputs = {"snapshot": snapshot.manifest.id, "test": name}
    model_id = artifact_id(StepName.TRAIN, config, AS_OF, region, inputs, SOURCE)
    with attempt(lake.storage, f"models/{model_id}", model_id) as trial:
        encoder = build_encoder(encoder_of(config, SOURCE), graph.num_nodes, widths)
        encoder.reset(torch.Generator().manual_seed(0))
        with torch.no_grad():
            encoder.ids_RH[3] += bias
        write_weights(trial, encoder, graph, View.TRAIN)
        write_settings(trial, config, encoder_of(config, SOURCE), graph, features)
        if refit:
            serve = load_graph(snapshot, View.SERVE, region)
            other = build_encoder(encoder_of(config, SOURCE), serve.num_nodes, widths)
            other.reset(torch.Generator().manual_seed(1))
            with torch.no_grad():
                other.ids_RH[3] += refit_bias
            write_weights(trial, other, serve, View.SERVE)
        return trial.commit(StepName.TRAIN, config, AS_OF, region, inputs, MODEL_FIGURES, SOURCE)


@pytest.fixture(scope="module", params=sorted(one.name for one in encoders()))
def config(request: pytest.FixtureRequest, tmp_path_factory) -> PipelineConfig:
    model = {"model": request.param, "embedding_dim": 8, "num_layers": 2}
    root = tmp_path_factory.mktemp("lake")
    return tiny_config(root, recommender={"sources": {SOURCE: model}})


@pytest.fixture(scope="module")
def snapshot(config) -> Artifact:
    return write_tiny_snapshot(config)


def test_all_nodes_of_the_view_by_original_id(config, snapshot):
    model = write_model(config, snapshot, EAST, "plain")

    tables = embed_view(snapshot, View.SERVE, EAST, model, block_size=13)

    assert list(tables) == [EAST]
    for ntype, table in tables[EAST].items():
        nodes = snapshot.read_table(nodes_file(View.SERVE, ntype, EAST))
        assert table["node_id"].to_pylist() == nodes["node_id"].to_pylist()
        assert table.schema.field("vector").type == pa.list_(pa.float32(), 8)
    whole = embed_view(snapshot, View.SERVE, EAST, model)
    left, right = (np.stack(part[EAST]["user"]["vector"].to_numpy()) for part in (tables, whole))
    np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-6)


def test_a_node_that_training_did_not_know_gets_a_vector(config, snapshot):
    """The last user is new in the serve view; here it hears one place, as a new user would."""
    model = write_model(config, snapshot, EAST, "known")

    tables = embed_view(snapshot, View.SERVE, EAST, model)

    counted = count_nodes(tables, model)
    assert counted == {
        "num_nodes": {"place": 41, "user": 60},
        "num_without_trained_row": {"place": 0, "user": 1},
    }
    other = embed_view(snapshot, View.TRAIN, WEST, model)
    assert count_nodes(other, model)["num_without_trained_row"]["user"] == 59
    # West's places are unknown to east's model, but for the border one: its visitor hears it.
    visitor = other[WEST]["user"]["node_id"].to_pylist().index("west-u0")
    assert np.linalg.norm(other[WEST]["user"]["vector"][visitor].as_py()) > 0


def test_a_global_model_shards_the_vectors_of_one_union(config, snapshot):
    model = write_model(config, snapshot, ALL_REGIONS, "global")

    tables = embed_view(snapshot, View.TRAIN, ALL_REGIONS, model)
    alone = embed_view(snapshot, View.TRAIN, EAST, model)

    assert list(tables) == [EAST, WEST]
    assert list(alone) == [EAST]
    assert alone[EAST]["place"].equals(tables[EAST]["place"])
    border = {
        region: dict(zip(part["node_id"].to_pylist(), part["vector"].to_pylist(), strict=True))
        for region, part in ((r, tables[r]["place"]) for r in (EAST, WEST))
    }
    assert border[EAST]["west-p0"] == border[WEST]["west-p0"]
    assert count_nodes(tables, model)["num_nodes"] == {"place": 80, "user": 118}


def test_refitted_weights_are_read_where_they_are_asked_for(config, snapshot):
    plain = write_model(config, snapshot, EAST, "without")
    refitted = write_model(config, snapshot, EAST, "with", refit=True)

    def users(model: Artifact, trained_on: View = View.TRAIN) -> pa.Table:
        tables = embed_view(snapshot, View.SERVE, EAST, model, trained_on=trained_on)
        return tables[EAST]["user"]

    assert has_weights(refitted, View.SERVE)
    assert not has_weights(plain, View.SERVE)
    assert users(refitted).equals(users(plain))
    assert not users(refitted, View.SERVE).equals(users(plain))
    tables = embed_view(snapshot, View.SERVE, EAST, refitted, trained_on=View.SERVE)
    counted = count_nodes(tables, refitted)
    assert counted["num_without_trained_row"] == {"place": 0, "user": 0}


@pytest.mark.parametrize("bias", [float("nan"), float("inf")])
def test_vectors_that_are_not_finite_are_refused(config, snapshot, bias):
    model = write_model(config, snapshot, EAST, f"bad-{bias}", bias=bias)

    with pytest.raises(RefusedError, match="must be finite"):
        embed_view(snapshot, View.TRAIN, EAST, model)


def test_weights_that_do_not_fit_are_refused(config, snapshot):
    lake = Lake(config)
    graph = load_graph(snapshot, View.TRAIN, EAST)
    features = FeatureEncoder.fit(graph, {})
    torn = artifact_id(StepName.TRAIN, config, AS_OF, EAST, {}, SOURCE)
    with attempt(lake.storage, f"models/{torn}", torn) as trial:
        encoder = build_encoder(
            encoder_of(config, SOURCE), graph.num_nodes, {"place": 2, "user": 2}
        )
        write_weights(trial, encoder, graph, View.TRAIN)
        write_settings(trial, config, encoder_of(config, SOURCE), graph, features)
        trial.write("weights.safetensors", safetensors.torch.save({"x": torch.zeros(1)}))
        model = trial.commit(StepName.TRAIN, config, AS_OF, EAST, {}, MODEL_FIGURES, SOURCE)

    with pytest.raises(LakeError, match="must fit"):
        load_model(model)


def test_settings_of_another_version_are_refused(config, snapshot):
    plain = write_model(config, snapshot, EAST, "newer")
    settings = plain.read_json("config.json")
    settings["model"]["of_tomorrow"] = 1
    data = json.dumps(settings).encode()
    newer = replace_file(Lake(config).storage, plain, "config.json", data)

    with pytest.raises(LakeError, match="of_tomorrow"):
        load_model(newer)


def test_only_a_model_that_reads_features_needs_them(config, snapshot):
    model = write_model(config, snapshot, EAST, "features")
    loaded = load_model(model)
    graph = load_graph(snapshot, View.TRAIN, EAST)
    bare = {ntype: table.drop_columns(["kind"]) for ntype, table in graph.nodes.items()}
    graph = replace(graph, nodes=bare)

    if loaded.encoder.reads_features:
        with pytest.raises(LakeError, match="kind"):
            encode_graph(loaded, graph, 100)
    else:
        assert torch.isfinite(encode_graph(loaded, graph, 100)).all()
    assert loaded.encoder.reads_features == (
        config.recommender.sources[SOURCE].model == "graphsage"
    )
