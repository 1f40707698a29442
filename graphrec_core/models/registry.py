"""The encoders by the name that configuration gives them."""

from collections.abc import Mapping

from graphrec_core.config.model import ModelConfig
from graphrec_core.errors import ConfigError
from graphrec_core.models.encoder import Encoder
from graphrec_core.models.graphsage import GraphSAGE
from graphrec_core.models.lightgcn import LightGCN

ENCODERS: dict[str, type[LightGCN] | type[GraphSAGE]] = {
    "lightgcn": LightGCN,
    "graphsage": GraphSAGE,
}


def reads_features(config: ModelConfig) -> bool:
    """Tells whether the configured encoder's vectors depend on the nodes' features."""
    return ENCODERS[config.name].reads_features


def build_encoder(
    config: ModelConfig, num_rows: int, feature_widths: Mapping[str, int]
) -> Encoder:
    """Builds the configured encoder; its weights are zero until ``reset`` or loading.

    Args:
        config: The ``model`` section.
        num_rows: Nodes that training knows.
        feature_widths: ntype -> numbers per node.

    Raises:
        ConfigError: No encoder has this name.
    """
    if config.name not in ENCODERS:
        raise ConfigError(
            must="model.name must name an encoder.",
            found=repr(config.name),
            fix=f"Choose one of {sorted(ENCODERS)}.",
        )
    build: type = ENCODERS[config.name]
    encoder: Encoder = build(config, num_rows, dict(feature_widths))
    return encoder
