"""Hyper-parameters of every recommender, chosen by `model.name`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from graphrec_core.config.base import Section

DEFAULT_FANOUTS = (15, 10, 5, 5)


class EncoderConfig(Section):
    """What all encoders share."""

    scope: Literal["region", "global"] = Field(
        "region", description="One model per region, or one global model."
    )
    embedding_dim: int = Field(64, gt=0, le=4096, description="Length of a node's vector.")


class LightGCNConfig(EncoderConfig):
    """LightGCN (He et al., SIGIR 2020)."""

    name: Literal["lightgcn"] = Field("lightgcn", description="Recommender: lightgcn | graphsage.")
    num_layers: int = Field(3, ge=1, le=8, description="Propagation layers.")
    init_std: float = Field(
        0.1, gt=0, le=100, description="Standard deviation of the initial embeddings."
    )


class GraphSAGEConfig(EncoderConfig):
    """GraphSAGE (Hamilton et al., NeurIPS 2017), mean aggregator."""

    name: Literal["graphsage"] = Field(
        "graphsage", description="Recommender: lightgcn | graphsage."
    )
    num_layers: int = Field(2, ge=1, le=4, description="Message-passing layers.")
    hidden_dim: int = Field(64, gt=0, le=4096, description="Width of the hidden layers.")
    fanouts: tuple[Annotated[int, Field(ge=-1, le=10_000)], ...] = Field(
        (),
        description="Neighbours sampled per layer, nearest the seeds first, -1 takes all; "
        "empty: 15, 10, 5, 5 for as many layers as there are.",
    )
    use_ids: bool = Field(True, description="Learn an embedding per node beside its features.")
    init_std: float = Field(
        0.1, gt=0, le=100, description="Standard deviation of the initial embeddings."
    )

    @model_validator(mode="after")
    def _one_fanout_per_layer(self) -> Self:
        if self.fanouts and len(self.fanouts) != self.num_layers:
            raise ValueError("model.fanouts needs one number per layer (model.num_layers)")
        return self

    @property
    def layer_fanouts(self) -> tuple[int, ...]:
        """Neighbours sampled per layer, one number per layer."""
        return self.fanouts or DEFAULT_FANOUTS[: self.num_layers]


ModelConfig = Annotated[LightGCNConfig | GraphSAGEConfig, Field(discriminator="name")]
"""The configured recommender; `name` picks the class."""
