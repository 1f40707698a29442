"""The registry of recommenders: settings, names, titles, colours, and where their code is.

A new recommender is a file in ``graphrec_core/models/``, its settings in
``graphrec_core/config/model.py``, and its entry in ``RECOMMENDERS`` here. Training, evaluation,
gate, tables and figures follow the entry.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from graphrec_core.config.model import (
    AttributeConfig,
    CovisitationConfig,
    EaseConfig,
    EncoderConfig,
    FriendsConfig,
    GraphSAGEConfig,
    LightGCNConfig,
    ModelConfig,
    NearestConfig,
    NeighboursConfig,
    PopularityConfig,
    ReciprocalConfig,
    ScorerConfig,
    SpectralConfig,
    TransitionsConfig,
)

AnyModel = Annotated[
    LightGCNConfig
    | GraphSAGEConfig
    | PopularityConfig
    | CovisitationConfig
    | NeighboursConfig
    | EaseConfig
    | SpectralConfig
    | NearestConfig
    | TransitionsConfig
    | AttributeConfig
    | FriendsConfig
    | ReciprocalConfig,
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
        Recommender(
            "nearest",
            title="nearest",
            colour="#17a2b8",
            factory="graphrec_core.models.nearest:Nearest",
            settings=NearestConfig,
        ),
        Recommender(
            "transitions",
            title="transitions",
            colour="#b15928",
            factory="graphrec_core.models.transitions:Transitions",
            settings=TransitionsConfig,
        ),
        Recommender(
            "attribute",
            title="attribute",
            colour="#8c6bb1",
            factory="graphrec_core.models.attribute:Attribute",
            settings=AttributeConfig,
        ),
        Recommender(
            "friends",
            title="friends",
            colour="#66a61e",
            factory="graphrec_core.models.friends:Friends",
            settings=FriendsConfig,
        ),
        Recommender(
            "reciprocal",
            title="reciprocal",
            colour="#a50f15",
            factory="graphrec_core.models.reciprocal:Reciprocal",
            settings=ReciprocalConfig,
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
