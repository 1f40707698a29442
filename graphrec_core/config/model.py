"""The registry of recommenders: settings, names, titles, colours, and where their code is.

A new recommender is a file in ``graphrec_core/models/`` and its entry in ``RECOMMENDERS`` here (an
encoder's settings too). Training, evaluation, gate, tables and figures follow the entry.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from graphrec_core.config.base import Section

DEFAULT_FANOUTS = (15, 10, 5, 5)
OF_NAME = "Recommender: lightgcn | graphsage."


class EncoderConfig(Section):
    """What all encoders share."""

    scope: Literal["region", "global"] = Field(
        "region", description="One model per region, or one global model."
    )
    embedding_dim: int = Field(64, gt=0, le=4096, description="Length of a node's vector.")


WEIGHTED = "An edge counts by its weight (source.edges.<type>.weight); else all count the same."


class LightGCNConfig(EncoderConfig):
    """LightGCN (He et al., SIGIR 2020)."""

    name: Literal["lightgcn"] = Field("lightgcn", description=OF_NAME)
    num_layers: int = Field(3, ge=1, le=8, description="Propagation layers.")
    weighted: bool = Field(False, description=WEIGHTED)
    init_std: float = Field(
        0.1, gt=0, le=100, description="Standard deviation of the initial embeddings."
    )


class GraphSAGEConfig(EncoderConfig):
    """GraphSAGE (Hamilton et al., NeurIPS 2017), mean aggregator."""

    name: Literal["graphsage"] = Field("graphsage", description=OF_NAME)
    num_layers: int = Field(2, ge=1, le=4, description="Message-passing layers.")
    hidden_dim: int = Field(64, gt=0, le=4096, description="Width of the hidden layers.")
    fanouts: tuple[Annotated[int, Field(ge=-1, le=10_000)], ...] = Field(
        (),
        description="Neighbours sampled per layer, nearest the seeds first, -1 takes all; "
        "empty: 15, 10, 5, 5 for as many layers as there are.",
    )
    weighted: bool = Field(False, description=WEIGHTED)
    edge_features: bool = Field(
        False, description="Read the edge features (source.edges.<type>.features)."
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
"""The configured encoder; `name` picks the class."""


@dataclass(frozen=True)
class Recommender:
    """One entry of the registry.

    Attributes:
        name: As configuration, metrics and files have it.
        title: As people read it.
        colour: Of its dots in figures, ``#rrggbb``.
        factory: ``module:class``; the module is loaded when the recommender is used.
        settings: An encoder's part of ``ModelConfig``; None: a scorer, which has no settings.
        short_title: A scorer's column in the terminal's tables, 5 characters at most; empty:
            it has none there.
    """

    name: str
    title: str
    colour: str
    factory: str
    settings: type[EncoderConfig] | None = None
    short_title: str = ""

    @property
    def is_encoder(self) -> bool:
        """Whether it gives nodes vectors; a scorer scores candidates without them."""
        return self.settings is not None


RECOMMENDERS = {
    entry.name: entry
    for entry in (
        Recommender(
            "lightgcn",
            title="LightGCN",
            colour="#0b5cad",
            factory="graphrec_core.models.lightgcn:LightGCN",
            settings=LightGCNConfig,
        ),
        Recommender(
            "graphsage",
            title="GraphSAGE",
            colour="#6b5bb5",
            factory="graphrec_core.models.graphsage:GraphSAGE",
            settings=GraphSAGEConfig,
        ),
        Recommender(
            "popularity",
            title="popularity",
            colour="#d98200",
            factory="graphrec_core.models.popularity:Popularity",
            short_title="pop.",
        ),
        Recommender(
            "recent_popularity",
            title="recent popularity",
            colour="#c8371b",
            factory="graphrec_core.models.popularity:RecentPopularity",
        ),
        Recommender(
            "covisitation",
            title="co-visitation",
            colour="#0a8f6a",
            factory="graphrec_core.models.covisitation:Covisitation",
            short_title="co-v.",
        ),
    )
}
"""By name, in the order of figures and tables."""


def encoders() -> list[Recommender]:
    """Lists the recommenders that `model.name` may choose."""
    return [entry for entry in RECOMMENDERS.values() if entry.is_encoder]


def scorers() -> list[Recommender]:
    """Lists the recommenders that the gate may hold a model against."""
    return [entry for entry in RECOMMENDERS.values() if not entry.is_encoder]
