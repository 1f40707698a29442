"""A day's model: fitted on the fit view to find its epochs, then trained on the later views."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from graphrec_core.config import PipelineConfig
from graphrec_core.config.model import EncoderConfig
from graphrec_core.embedding import write_settings, write_weights
from graphrec_core.graph import FeatureEncoder, RegionGraph, load_graph
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.layout import holdout_file
from graphrec_core.lake.records import Audited, ModelFigures, SnapshotFigures
from graphrec_core.models.encoder import choose_device
from graphrec_core.models.registry import reads_edge_features, reads_features
from graphrec_core.quality.feature_drift import feature_drift, refuse_drift
from graphrec_core.training.loop import Training
from graphrec_core.training.trainer import TooLittlePast, fit_encoder, train_for
from graphrec_core.types import Region, View

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fitted:
    """What the fit view taught.

    Attributes:
        num_epochs: Passes for the later views.
        training: The run that found them; None: they are fixed.
        features: As fitted on the fit view; None likewise.
        why_fixed: Why they are fixed; None: they were found.
    """

    num_epochs: int
    training: Training | None = None
    features: FeatureEncoder | None = None
    why_fixed: str | None = None


@dataclass(frozen=True)
class DayModel:
    """Trains one model on the views of a day's snapshot and writes it.

    Attributes:
        config: The pipeline.
        model: The encoder's settings.
        snapshot: The day's snapshot.
        scope: A region of it, or ``ALL_REGIONS``.
        trial: The attempt to write into.
    """

    config: PipelineConfig
    model: EncoderConfig
    snapshot: Artifact
    scope: Region
    trial: Attempt

    def write(self) -> ModelFigures:
        """Trains on the fit view, the train view and, with ``training.refit``, the serve view.

        Raises:
            LakeError: The snapshot holds no such region.
            LeakageError: A sampled batch heard one of its own pairs.
            ExpectationError: A feature that the model reads changed too much in the serve view.
        """
        config, trial = self.config, self.trial
        graph, serve = self._graph(View.TRAIN), cache(lambda: self._graph(View.SERVE))
        features = self._features(graph)
        drift = self._check_features(graph, serve, features)
        fitted = self._fit()
        trained = self._train(View.TRAIN, graph, features, fitted.num_epochs)
        write_settings(trial, config, self.model, graph, features, fitted.features)
        trial.write_json("metrics.json", _metrics(fitted, trained))
        audited = trained.audited + (fitted.training.audited if fitted.training else Audited())
        if config.training.refit:
            audited += self._train(View.SERVE, serve(), features, fitted.num_epochs).audited
        return self._figures(graph, fitted, trained).model_copy(
            update={
                "supervision_audit": audited,
                "dropped_features": features.dropped,
                "feature_drift": drift,
            }
        )

    def _fit(self) -> Fitted:
        """Finds the number of epochs on the fit view, where the past is long enough."""
        training, graph = self.config.training, self._graph(View.FIT)
        features = self._features(graph)
        fitted = fit_encoder(
            graph,
            features.encode(graph),
            self.model,
            training,
            self._fit_holdout(graph),
            task=self.config.task,
            edge_features=features.encode_edges(graph),
        )
        if isinstance(fitted, TooLittlePast):
            num_epochs = min(training.fixed_epochs, training.num_epochs)
            logger.warning("%s: %s: training for %d epochs", self.scope, fitted.why, num_epochs)
            return Fitted(num_epochs, why_fixed=fitted.why)
        write_weights(self.trial, fitted.encoder, graph, View.FIT)
        return Fitted(fitted.best_epoch, fitted, features)

    def _train(
        self, view: View, graph: RegionGraph, features: FeatureEncoder, num_epochs: int
    ) -> Training:
        """Trains on all of a view for as many epochs, and writes the weights."""
        config = self.config
        logger.info(
            "training %s on the %s view of %s: %d nodes, %d epochs",
            self.model.model, view, self.scope, graph.num_nodes, num_epochs,
        )  # fmt: skip
        trained = train_for(
            graph,
            features.encode(graph),
            self.model,
            config.training,
            num_epochs,
            task=config.task,
            edge_features=features.encode_edges(graph),
        )
        write_weights(self.trial, trained.encoder, graph, view)
        return trained

    def _check_features(
        self, graph: RegionGraph, serve: Callable[[], RegionGraph], features: FeatureEncoder
    ) -> dict[str, float]:
        """Says which columns are constant, and refuses features that changed in the serve view.

        The serve view is loaded for models that read features only.
        """
        if not reads_features(self.model):
            return {}
        for ntype, names in features.dropped.items():
            logger.warning("%s: constant, so left out: %s", ntype, ", ".join(names))
        quality = self.config.quality
        drift = feature_drift(features, graph, serve(), quality.min_count)
        refuse_drift(drift, quality.max_feature_drift)
        return drift

    def _graph(self, view: View) -> RegionGraph:
        return load_graph(self.snapshot, view, self.scope)

    def _features(self, graph: RegionGraph) -> FeatureEncoder:
        schema = self.snapshot.manifest.figures(SnapshotFigures).features
        edges = reads_edge_features(self.model)
        return FeatureEncoder.fit(graph, schema.features, edges=edges)

    def _fit_holdout(self, graph: RegionGraph) -> pa.Table:
        """Reads the fit holdout of the graph's regions."""
        files = [holdout_file(region, View.FIT) for region in graph.regions]
        return pa.concat_tables([self.snapshot.read_table(file) for file in files])

    def _figures(self, graph: RegionGraph, fitted: Fitted, trained: Training) -> ModelFigures:
        encoder, found = trained.encoder, fitted.training or trained
        return ModelFigures(
            num_epochs=found.num_epochs,
            best_epoch=fitted.num_epochs,
            why_fixed=fitted.why_fixed,
            validation_metric=found.metric.name if found.metric else None,
            validation_value=found.validation_value,
            num_parameters=sum(parameter.numel() for parameter in encoder.parameters()),
            num_rows={ntype: graph.nodes[ntype].num_rows for ntype in graph.ntypes},
            device=choose_device(self.config.training.device).type,
            supervision_edges=encoder.supervision_edges,
        )


def _metrics(fitted: Fitted, trained: Training) -> dict[str, Any]:
    """Describes the run that found the number of epochs, or else the one of a fixed number."""
    found = fitted.training or trained
    return {
        "metric": found.metric.name if found.metric else None,
        "history": [vars(look) for look in found.history],
        "best_epoch": fitted.num_epochs,
        "num_epochs": found.num_epochs,
    }
