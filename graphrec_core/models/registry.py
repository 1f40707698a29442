"""Builds the recommenders of ``graphrec_core.config.recommenders`` by their settings."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from graphrec_core.config.model import EncoderConfig, ModelConfig, ScorerConfig
from graphrec_core.config.recommenders import RECOMMENDERS
from graphrec_core.models.scorer import QueryFreeScorer, Scorer

if TYPE_CHECKING:  # an encoder brings torch along, a scorer does without
    from graphrec_core.models.encoder import Encoder


def reads_features(config: EncoderConfig) -> bool:
    """Tells whether the configured encoder's vectors depend on the nodes' features."""
    encoder: type[Encoder] = _class_of(config)
    return encoder.reads_features


def reads_edge_features(config: EncoderConfig) -> bool:
    """Tells whether the configured encoder's vectors depend on the edges' features."""
    return getattr(config, "edge_features", False)


def build_encoder(
    config: EncoderConfig, num_rows: int, feature_widths: Mapping[str, int], edge_width: int = 0
) -> "Encoder":
    """Builds the configured encoder; its weights are zero until ``reset`` or loading.

    Args:
        config: Its settings.
        num_rows: Nodes that training knows.
        feature_widths: ntype -> numbers per node.
        edge_width: Numbers per edge.
    """
    encoder: Encoder = _class_of(config)(config, num_rows, dict(feature_widths), edge_width)
    return encoder


def build_scorer(config: ScorerConfig) -> Scorer | QueryFreeScorer:
    """Builds a scorer, not yet fitted."""
    scorer: Scorer | QueryFreeScorer = _class_of(config)(config)
    return scorer


def _class_of(config: ModelConfig) -> Any:  # noqa: ANN401  (each one's class)
    module, _, attribute = RECOMMENDERS[config.model].factory.partition(":")
    return getattr(import_module(module), attribute)
