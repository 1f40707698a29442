"""The registry of recommenders: settings, names, titles, colours, and where their code is.

A new recommender is a file in ``graphrec_core/models/``, and its settings and its entry in
``RECOMMENDERS`` here. Training, evaluation, gate, tables and figures follow the entry.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from graphrec_core.config.base import MAX_DAYS, Section
from graphrec_core.types import ALL_REGIONS, Region

DEFAULT_FANOUTS = (15, 10, 5, 5)
DEFAULT_QUOTA = 300
OF_MODEL = "Recommender, by its name in the registry; it decides which keys stand beside it."


class ModelConfig(Section):
    """What all recommenders share; each has its name as the only value of ``model``."""

    model: str = Field(description=OF_MODEL)
    quota: int = Field(
        DEFAULT_QUOTA, ge=1, le=10_000, description="Most unseen candidates proposed per query."
    )

    @property
    def is_trained(self) -> bool:
        """Whether train-model makes its model; else it is fitted wherever it is used."""
        return False

    @property
    def is_global(self) -> bool:
        """Whether one model serves all regions."""
        return False

    def region_of(self, region: Region) -> Region:
        """Returns the region whose model serves ``region``: itself, or all for a global model."""
        return ALL_REGIONS if self.is_global else region

    def own_settings(self) -> dict[str, Any]:
        """Returns its settings but the quota, as JSON values."""
        return self.model_dump(mode="json", exclude={"quota"})

    def made_by(self) -> dict[str, Any]:
        """Returns what its stored results depend on, as JSON values."""
        return self.own_settings()


WEIGHTED = "An edge counts by its weight (source.edges.<type>.weight); else all count the same."


class EncoderConfig(ModelConfig):
    """What all encoders share: they are trained, and give nodes vectors."""

    scope: Literal["region", "global"] = Field(
        "region", description="One model per region, or one global model."
    )
    embedding_dim: int = Field(64, gt=0, le=4096, description="Length of a node's vector.")

    @property
    def is_trained(self) -> bool:
        """Whether train-model makes its model."""
        return True

    @property
    def is_global(self) -> bool:
        """Whether one model serves all regions."""
        return self.scope == "global"


class ScorerConfig(ModelConfig):
    """What all scorers share: they are fitted to a view, and score candidates directly."""

    @property
    def depth(self) -> int:
        """Unseen candidates that a query has in its table; a usual quota does not change it."""
        return max(self.quota, DEFAULT_QUOTA)

    def made_by(self) -> dict[str, Any]:
        """Returns what its stored results depend on, as JSON values."""
        unusual = {"depth": self.depth} if self.depth > DEFAULT_QUOTA else {}
        return {**self.own_settings(), **unusual}


class PairsConfig(ScorerConfig):
    """What the scorers share that sum over pairs: what a pair counts."""

    weighted: bool = Field(False, description=WEIGHTED)
    half_life_days: float = Field(
        0,
        ge=0,
        le=MAX_DAYS,
        description="A pair whose last event is this old counts half; 0: no decay.",
    )


class LightGCNConfig(EncoderConfig):
    """LightGCN (He et al., SIGIR 2020)."""

    model: Literal["lightgcn"] = Field("lightgcn", description=OF_MODEL)
    num_layers: int = Field(3, ge=1, le=8, description="Propagation layers.")
    weighted: bool = Field(False, description=WEIGHTED)
    init_std: float = Field(
        0.1, gt=0, le=100, description="Standard deviation of the initial embeddings."
    )


class GraphSAGEConfig(EncoderConfig):
    """GraphSAGE (Hamilton et al., NeurIPS 2017), mean aggregator."""

    model: Literal["graphsage"] = Field("graphsage", description=OF_MODEL)
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
            raise ValueError("fanouts needs one number per layer (num_layers)")
        return self

    @property
    def layer_fanouts(self) -> tuple[int, ...]:
        """Neighbours sampled per layer, one number per layer."""
        return self.fanouts or DEFAULT_FANOUTS[: self.num_layers]


class PopularityConfig(PairsConfig):
    """The same list for everybody: what most queries met."""

    model: Literal["popularity"] = Field("popularity", description=OF_MODEL)
    window_days: int = Field(
        0,
        ge=0,
        le=MAX_DAYS,
        description="What was met in the last days of the view stands first; 0: no difference.",
    )


class CovisitationConfig(PairsConfig):
    """Who met this also met that (Sarwar et al., WWW 2001)."""

    model: Literal["covisitation"] = Field("covisitation", description=OF_MODEL)


Exponent = Annotated[float, Field(ge=0, le=2)]


class NeighboursConfig(PairsConfig):
    """Three steps over the graph, scaled by degrees (LinkProp: Fu et al., WWW 2022)."""

    model: Literal["neighbours"] = Field("neighbours", description=OF_MODEL)
    degrees: tuple[Exponent, Exponent, Exponent] = Field(
        (0.5, 0.5, 0.2),
        description="Powers of the degree that a step is divided by: of what the query met, of "
        "who met that, of the candidate.",
    )


class EaseConfig(PairsConfig):
    """A linear model of candidates that explain each other (EASE: Steck, WWW 2019)."""

    model: Literal["ease"] = Field("ease", description=OF_MODEL)
    l2: float = Field(
        300.0, gt=0, le=1e9, description="Regularisation: more trusts only what many have met."
    )


class SpectralConfig(PairsConfig):
    """A filter of the graph's spectrum (GF-CF: Shen et al., CIKM 2021)."""

    model: Literal["spectral"] = Field("spectral", description=OF_MODEL)
    rank: int = Field(64, ge=1, le=4096, description="Singular vectors kept.")
    power: float = Field(
        0.0, ge=0, le=8, description="A vector counts by its singular value to this power."
    )
    linear: float = Field(1.0, ge=0, le=100, description="Weight of the two-hop part.")
    ideal: float = Field(0.3, gt=0, le=100, description="Weight of the part of finite rank.")


AnyModel = Annotated[
    LightGCNConfig
    | GraphSAGEConfig
    | PopularityConfig
    | CovisitationConfig
    | NeighboursConfig
    | EaseConfig
    | SpectralConfig,
    Field(discriminator="model"),
]
"""The settings of one recommender; ``model`` picks the class."""


@dataclass(frozen=True)
class Recommender:
    """One entry of the registry.

    Attributes:
        name: As configuration, metrics and files have it.
        title: As people read it.
        colour: Of its dots in figures, ``#rrggbb``.
        factory: ``module:class``; the module is loaded when the recommender is used.
        settings: Its settings.
        short_title: A scorer's column in the terminal's tables, 5 characters at most; empty:
            it has none there.
        recent_setting: The setting that ``evaluation.recent_days`` gives where the entry is ready
            made for the gate, and no ``model`` of its own.
    """

    name: str
    title: str
    colour: str
    factory: str
    settings: type[ModelConfig]
    short_title: str = ""
    recent_setting: str = ""

    @property
    def is_encoder(self) -> bool:
        """Whether it gives nodes vectors; a scorer scores candidates without them."""
        return issubclass(self.settings, EncoderConfig)


RECOMMENDERS = {
    entry.name: entry
    for entry in (
        Recommender(
            "lightgcn",
            title="LightGCN",
            colour="#0072b2",
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
            colour="#e69f00",
            factory="graphrec_core.models.popularity:Popularity",
            settings=PopularityConfig,
            short_title="pop.",
        ),
        Recommender(
            "recent_popularity",
            title="recent popularity",
            colour="#d55e00",
            factory="graphrec_core.models.popularity:Popularity",
            settings=PopularityConfig,
            recent_setting="window_days",
        ),
        Recommender(
            "covisitation",
            title="co-visitation",
            colour="#009e73",
            factory="graphrec_core.models.covisitation:Covisitation",
            settings=CovisitationConfig,
            short_title="co-v.",
        ),
        Recommender(
            "neighbours",
            title="neighbours",
            colour="#a6761d",
            factory="graphrec_core.models.neighbours:Neighbours",
            settings=NeighboursConfig,
        ),
        Recommender(
            "ease",
            title="EASE",
            colour="#e7298a",
            factory="graphrec_core.models.ease:Ease",
            settings=EaseConfig,
        ),
        Recommender(
            "spectral",
            title="spectral filter",
            colour="#1b3a6b",
            factory="graphrec_core.models.spectral:Spectral",
            settings=SpectralConfig,
        ),
    )
}
"""By name, in the order of figures and tables."""


def models() -> list[Recommender]:
    """Lists the recommenders that a source may choose as its ``model``."""
    return [entry for entry in RECOMMENDERS.values() if not entry.recent_setting]


def encoders() -> list[Recommender]:
    """Lists the recommenders that are trained."""
    return [entry for entry in RECOMMENDERS.values() if entry.is_encoder]


def scorers() -> list[Recommender]:
    """Lists the recommenders that the gate may hold another against."""
    return [entry for entry in RECOMMENDERS.values() if not entry.is_encoder]


def baseline(name: str, recent_days: int) -> ScorerConfig:
    """Returns the settings of a scorer as the gate names it.

    Args:
        name: One of ``scorers``.
        recent_days: ``evaluation.recent_days``.
    """
    entry = RECOMMENDERS[name]
    given = {entry.recent_setting: recent_days} if entry.recent_setting else {}
    settings = entry.settings.model_validate(given)
    if not isinstance(settings, ScorerConfig):
        raise TypeError(f"{name} is no scorer")
    return settings
