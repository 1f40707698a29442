"""Hyper-parameters of every recommender, chosen by `model.name`."""

from typing import Annotated, Literal

from pydantic import Field

from graphrec_core.config.base import Section


class EncoderConfig(Section):
    """What all encoders share."""

    scope: Literal["region", "global"] = Field(
        "region", description="One model per region, or one global model."
    )
    embedding_dim: int = Field(64, gt=0, description="Length of a node's vector.")


class LightGCNConfig(EncoderConfig):
    """LightGCN (He et al., SIGIR 2020)."""

    name: Literal["lightgcn"] = Field("lightgcn", description="Recommender: lightgcn | graphsage.")
    num_layers: int = Field(3, ge=1, le=8, description="Propagation layers.")
    init_std: float = Field(0.1, gt=0, description="Standard deviation of the initial embeddings.")


class GraphSAGEConfig(EncoderConfig):
    """GraphSAGE (Hamilton et al., NeurIPS 2017), mean aggregator."""

    name: Literal["graphsage"] = Field(
        "graphsage", description="Recommender: lightgcn | graphsage."
    )
    num_layers: int = Field(2, ge=1, le=4, description="Message-passing layers.")
    hidden_dim: int = Field(64, gt=0, description="Width of the hidden layers.")
    fanouts: tuple[int, ...] = Field(
        (15, 10), description="Neighbours sampled per layer, nearest the seeds first."
    )
    use_ids: bool = Field(True, description="Learn an embedding per node beside its features.")
    init_std: float = Field(0.1, gt=0, description="Standard deviation of the initial embeddings.")


ModelConfig = Annotated[LightGCNConfig | GraphSAGEConfig, Field(discriminator="name")]
"""The configured recommender; `name` picks the class."""
