"""Builds the recommenders of the registry (``graphrec_core.config.model``) by their names."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from graphrec_core.config.model import (
    RECOMMENDERS,
    ModelConfig,
    Recommender,
    encoders,
    scorers,
)
from graphrec_core.errors import ConfigError

if TYPE_CHECKING:  # an encoder brings torch along, a scorer does without
    from graphrec_core.models.encoder import Encoder
    from graphrec_core.models.scorer import Scorer


def reads_features(config: ModelConfig) -> bool:
    """Tells whether the configured encoder's vectors depend on the nodes' features."""
    encoder: type[Encoder] = _class_of(config.name, encoders())
    return encoder.reads_features


def reads_edge_features(config: ModelConfig) -> bool:
    """Tells whether the configured encoder's vectors depend on the edges' features."""
    return getattr(config, "edge_features", False)


def build_encoder(
    config: ModelConfig, num_rows: int, feature_widths: Mapping[str, int], edge_width: int = 0
) -> "Encoder":
    """Builds the configured encoder; its weights are zero until ``reset`` or loading.

    Args:
        config: The ``model`` section.
        num_rows: Nodes that training knows.
        feature_widths: ntype -> numbers per node.
        edge_width: Numbers per edge.

    Raises:
        ConfigError: No encoder has this name.
    """
    encoder: Encoder = _class_of(config.name, encoders())(
        config, num_rows, dict(feature_widths), edge_width
    )
    return encoder


def build_scorer(name: str) -> "Scorer":
    """Builds a scorer, not yet fitted.

    Raises:
        ConfigError: No scorer has this name.
    """
    scorer: Scorer = _class_of(name, scorers())()
    return scorer


def _class_of(name: str, allowed: list[Recommender]) -> Any:  # noqa: ANN401  (each one's class)
    if name not in {entry.name for entry in allowed}:
        raise ConfigError(
            must="A recommender must be in the registry, as what it is asked for.",
            found=repr(name),
            fix=f"Choose one of {', '.join(entry.name for entry in allowed)}.",
        )
    module, _, attribute = RECOMMENDERS[name].factory.partition(":")
    return getattr(import_module(module), attribute)
