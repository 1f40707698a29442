"""A day's model: epochs found on the fit view, the later views trained for as many."""

from pathlib import Path

import pytest
import safetensors.torch
import torch

from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.graph import FeatureEncoder, load_graph
from graphrec_core.lake import Artifact
from graphrec_core.training import Training, train_for
from graphrec_core.training.region_model import encoder_of, produce_model
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.support.snapshots import AS_OF, SOURCE, tiny_config, write_tiny_snapshot

EAST = Region("east")
FILES = {
    View.FIT: "weights_fit.safetensors",
    View.TRAIN: "weights.safetensors",
    View.SERVE: "weights_refit.safetensors",
}


def config_of(root: Path, name: str = "lightgcn", **training: object) -> PipelineConfig:
    model = {"model": name, "embedding_dim": 8, "num_layers": 2}
    values = {"num_epochs": 12, "batch_size": 128, "learning_rate": 0.05, "eval_every": 1}
    return tiny_config(
        root,
        recommender={"sources": {SOURCE: model}},
        training={**values, "patience": 2, **training},
    )


def trained_for(config: PipelineConfig, snapshot: Artifact, view: View, num: int) -> Training:
    """Trains on a view from scratch, with what a model of the day reads."""
    graph = load_graph(snapshot, view, EAST)
    of = load_graph(snapshot, View.FIT if view is View.FIT else View.TRAIN, EAST)
    features = FeatureEncoder.fit(of, snapshot.manifest.stats["features"]).encode(graph)
    model = encoder_of(config, SOURCE)
    return train_for(graph, features, model, config.training, num, task=config.task)


def weights(model: Artifact, view: View) -> dict[str, torch.Tensor]:
    return safetensors.torch.load(model.read(FILES[view]))


def num_batches(snapshot: Artifact) -> int:
    """Batches of an epoch on the fit view."""
    return -(-len(load_graph(snapshot, View.FIT, EAST).task_pairs) // 128)


@pytest.mark.parametrize("name", ["lightgcn", "graphsage"])
def test_every_view_is_trained_for_the_epochs_that_the_fit_view_found(
    tmp_path: Path, name: str
) -> None:
    config = config_of(tmp_path, name)
    snapshot = write_tiny_snapshot(config)
    model = produce_model(Day(config, AS_OF), EAST, SOURCE)
    stats, history = model.manifest.stats, model.read_json("metrics.json")["history"]
    best = max(history, key=lambda look: look["value"])
    assert 0 < best["epoch"] == stats["best_epoch"]
    assert (stats["validation_value"], stats["why_fixed"]) == (best["value"], None)
    assert history[-1]["epoch"] == stats["num_epochs"]
    expected = (stats["num_epochs"] - best["epoch"]) * num_batches(snapshot)
    for view in View:
        again = trained_for(config, snapshot, view, best["epoch"])
        for key, value in weights(model, view).items():
            assert torch.equal(value, again.encoder.state_dict()[key]), (view, key)
        expected += again.audited.num_batches
    audited = stats["supervision_audit"]
    assert audited["num_batches"] == expected
    assert audited["num_audited"] == (expected if name == "graphsage" else 0)


@pytest.mark.parametrize(
    ("training", "has_fit", "why"),
    [
        ({"min_queries": 60}, True, "the fit holdout judges 59, training.min_queries is 60"),
        ({"min_queries": 1}, False, "the fit view holds nothing to learn from"),
    ],
)
@pytest.mark.parametrize(("num_epochs", "expected"), [(12, 3), (2, 2), (0, 0)])
def test_without_enough_past_a_fixed_number_of_epochs_is_run(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    training: dict[str, int],
    why: str,
    num_epochs: int,
    expected: int,
    *,
    has_fit: bool,
) -> None:
    config = config_of(tmp_path, fixed_epochs=3, num_epochs=num_epochs, **training)
    snapshot = write_tiny_snapshot(config, has_fit=has_fit)
    model = produce_model(Day(config, AS_OF), EAST, SOURCE)
    stats = model.manifest.stats
    assert (stats["best_epoch"], stats["why_fixed"]) == (expected, why)
    assert (stats["num_epochs"], stats["validation_metric"]) == (expected, None)
    assert f"east: {why}: training for {expected} epochs" in caplog.text
    assert not model.has(FILES[View.FIT])
    for view in (View.TRAIN, View.SERVE):
        again = trained_for(config, snapshot, view, expected)
        assert torch.equal(weights(model, view)["ids_RH"], again.encoder.ids_RH), view


def test_a_global_model_is_fitted_on_all_regions(tmp_path: Path) -> None:
    """Sixty queries are enough for both, and for neither alone."""
    data = config_of(tmp_path, min_queries=60).model_dump(mode="json")
    data["recommender"]["sources"][SOURCE]["scope"] = "global"
    config = PipelineConfig.model_validate(data)
    write_tiny_snapshot(config)
    model = produce_model(Day(config, AS_OF), ALL_REGIONS, SOURCE)
    assert model.manifest.stats["why_fixed"] is None
    assert weights(model, View.FIT)["ids_RH"].shape == (2 * (59 + 40), 8)
