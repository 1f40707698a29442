"""The model of a region, or of all: found, or trained on the day's train view and committed."""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.embedding import write_settings, write_weights
from graphrec_core.graph import FeatureEncoder, RegionGraph, load_graph
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import ModelFigures, SnapshotFigures
from graphrec_core.models.encoder import choose_device
from graphrec_core.models.registry import reads_edge_features, reads_features
from graphrec_core.quality.feature_drift import feature_drift, refuse_drift
from graphrec_core.training import Audited, Training, train_encoder, train_for
from graphrec_core.types import Region, View

logger = logging.getLogger(__name__)


def produce_model(day: Day, region: Region) -> Artifact:
    """Trains the model that serves ``region`` (all regions, for a global model).

    Args:
        day: The day.
        region: A region, or ``ALL_REGIONS``.

    Returns:
        The model, trained now or found.

    Raises:
        LakeError: The day's snapshot is missing or holds no such region.
        LeakageError: A sampled batch heard one of its own pairs.
        ExpectationError: A feature that the model reads changed too much in the serve view.
    """
    config, ref = day.config, day.ref(StepName.TRAIN, region)

    def write(trial: Attempt) -> ModelFigures:
        snapshot, scope = day.open(day.ref(StepName.SNAPSHOT)), ref.region
        schema = snapshot.manifest.figures(SnapshotFigures).features
        graph = load_graph(snapshot, View.TRAIN, scope)
        serve = cache(lambda: load_graph(snapshot, View.SERVE, scope))  # not all models need it
        features = FeatureEncoder.fit(
            graph, schema.features, edges=reads_edge_features(config.model)
        )
        drift = _check_features(config, graph, serve, features)
        logger.info("training %s on %s: %d nodes", config.model.name, scope, graph.num_nodes)
        training = train_encoder(
            graph,
            features.encode(graph),
            config.model,
            config.training,
            kind=config.task.kind,
            edge_features=features.encode_edges(graph),
        )
        write_weights(trial, training.encoder, graph, refit=False)
        write_settings(trial, config, graph, features)
        trial.write_json("metrics.json", _metrics(training))
        audited = training.audited
        if config.training.refit:
            audited += _refit(trial, config, serve(), features, training.best_epoch)
        return _figures(config, graph, training).model_copy(
            update={
                "supervision_audit": audited,
                "dropped_features": features.dropped,
                "feature_drift": drift,
            }
        )

    return day.produce(ref, write)


def _check_features(
    config: PipelineConfig,
    graph: RegionGraph,
    serve: Callable[[], RegionGraph],
    features: FeatureEncoder,
) -> dict[str, float]:
    """Says which columns are constant, and refuses features that changed in the serve view."""
    if not reads_features(config.model):
        return {}
    for ntype, names in features.dropped.items():
        logger.warning("%s: constant, so left out: %s", ntype, ", ".join(names))
    drift = feature_drift(features, graph, serve(), config.quality.min_count)
    refuse_drift(drift, config.quality.max_feature_drift)
    return drift


def _refit(
    trial: Attempt,
    config: PipelineConfig,
    graph: RegionGraph,
    features: FeatureEncoder,
    num_epochs: int,
) -> Audited:
    """Trains again on the serve view; these weights are used for that view only."""
    refitted = train_for(
        graph,
        features.encode(graph),
        config.model,
        config.training,
        num_epochs,
        kind=config.task.kind,
        edge_features=features.encode_edges(graph),
    )
    write_weights(trial, refitted.encoder, graph, refit=True)
    return refitted.audited


def _metrics(training: Training) -> dict[str, Any]:
    return {
        "metric": training.metric.name if training.metric else None,
        "history": [vars(look) for look in training.history],
        "best_epoch": training.best_epoch,
        "num_epochs": training.num_epochs,
    }


def _figures(config: PipelineConfig, graph: RegionGraph, training: Training) -> ModelFigures:
    encoder = training.encoder
    return ModelFigures(
        num_epochs=training.num_epochs,
        best_epoch=training.best_epoch,
        validation_metric=training.metric.name if training.metric else None,
        validation_value=training.validation_value,
        num_parameters=sum(parameter.numel() for parameter in encoder.parameters()),
        num_rows={ntype: graph.nodes[ntype].num_rows for ntype in graph.ntypes},
        device=choose_device(config.training.device).type,
        supervision_edges=encoder.supervision_edges,
    )
