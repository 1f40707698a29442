"""What a pipeline recommends with: named sources of candidates, and who merges their lists."""

from collections.abc import Iterable, Mapping, Set
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from graphrec_core.config.base import Section
from graphrec_core.config.model import LightGCNConfig
from graphrec_core.config.recommenders import AnyModel, models
from graphrec_core.config.yaml_reader import KeyPath

SECTION, SOURCES, RANKER = "recommender", "sources", "ranker"
RESERVED = ("model", "popular")
"""The whole recommender's name in metrics, and the popular list's in answers."""
MAX_NAME = 32
OF_RANKER = "Ranker: reciprocal_rank, lightgbm or logistic; picks the keys beside it."


def _check_name(name: str) -> str:
    is_plain = name.isascii() and name.isidentifier() and name == name.lower() and name[0] != "_"
    if not is_plain or len(name) > MAX_NAME or name in RESERVED:
        raise ValueError(
            f"{name!r} is no name of a source: a-z, then a-z, 0-9, _ ({MAX_NAME} in all), and "
            f"none of {', '.join(RESERVED)}"
        )
    return name


SourceName = Annotated[str, AfterValidator(_check_name)]


class ReciprocalRankConfig(Section):
    """Merges lists by reciprocal rank (Cormack, Clarke and Buettcher, SIGIR 2009)."""

    model: Literal["reciprocal_rank"] = Field("reciprocal_rank", description=OF_RANKER)
    offset: int = Field(
        60, ge=0, description="A candidate gains 1 / (offset + rank) from each source."
    )

    @property
    def is_fitted(self) -> bool:
        """Whether fit-ranker makes it; else it is known from its settings."""
        return False


class LearnedConfig(Section):
    """What all rankers share that fit-ranker makes: which pairs they learn from."""

    model: str = Field(description=OF_RANKER)
    num_windows: int = Field(
        4,
        ge=1,
        le=52,
        description="Windows that it is fitted to: the fit view's and earlier ones, a horizon "
        "apart.",
    )
    negatives_frac: float = Field(
        0.25, gt=0, le=1, description="Share of the pairs without a click that is fitted to."
    )
    seed: int = Field(0, ge=0, lt=2**31, description="Seed of that choice.")
    held_frac: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="Share of the queries that are not fitted to: trees stop by them, and the "
        "report shows how true chances are there.",
    )

    @property
    def is_fitted(self) -> bool:
        """Whether fit-ranker makes it."""
        return True


class LightGBMConfig(LearnedConfig):
    """Orders candidates by boosted trees over pair features (LightGBM: Ke et al., NIPS 2017)."""

    model: Literal["lightgbm"] = Field("lightgbm", description=OF_RANKER)
    num_rounds: int = Field(300, ge=1, le=5000, description="Most trees.")
    num_leaves: int = Field(15, ge=2, le=1024, description="Leaves of a tree.")
    learning_rate: float = Field(0.05, gt=0, le=1, description="Share of a tree that is taken.")
    min_leaf_pairs: int = Field(50, ge=1, description="Fewest pairs of a leaf.")
    l2: float = Field(1.0, ge=0, le=1e6, description="Regularisation of the leaves' values.")
    patience: int = Field(
        20, ge=1, description="Trees in a row that make those queries no likelier: then it stops."
    )
    monotone: dict[str, Literal[-1, 1]] = Field(
        default_factory=dict,
        description="Feature -> 1: chances must not fall where it rises; -1: must not rise.",
    )


class LogisticConfig(LearnedConfig):
    """Orders candidates by a regularised logistic blend of pair features, as the small ranker."""

    model: Literal["logistic"] = Field("logistic", description=OF_RANKER)
    l2: float = Field(
        10.0, gt=0, le=1e9, description="Regularisation of the standardised features' weights."
    )


RANKERS = (ReciprocalRankConfig, LightGBMConfig, LogisticConfig)
"""The settings of every ranker."""
RankerConfig = Annotated[
    ReciprocalRankConfig | LightGBMConfig | LogisticConfig, Field(discriminator="model")
]
"""The settings of a ranker; ``model`` picks the class."""


MERGING = {"model": "reciprocal_rank"}
"""The ranker that needs no fitting, which is the default."""


class RecommenderConfig(Section):
    """Named sources of candidates, and who merges their lists."""

    sources: dict[SourceName, AnyModel] = Field(
        description="Source -> settings; its model picks the other keys."
    )
    ranker: RankerConfig = ReciprocalRankConfig()

    @model_validator(mode="before")
    @classmethod
    def _of_one_source(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        if SOURCES not in data and not isinstance(data.get("model", ""), str):
            raise ValueError(f"model must be a name; found {data['model']!r}")
        return written_out(data)

    @field_validator(RANKER, mode="before")
    @classmethod
    def _with_a_model(cls, ranker: object) -> object:
        return {**MERGING, **ranker} if isinstance(ranker, dict) else ranker

    @field_validator("sources", mode="after")
    @classmethod
    def _in_order(cls, sources: dict[str, AnyModel]) -> dict[str, AnyModel]:
        """Orders them by name: the order of a YAML changes no result."""
        if not sources:
            raise ValueError("recommender.sources needs at least one source")
        return dict(sorted(sources.items()))

    @property
    def quotas(self) -> dict[str, int]:
        """Source -> most candidates that it proposes per query."""
        return {name: source.quota for name, source in self.sources.items()}

    @property
    def sample(self) -> dict[str, float]:
        """Settings of the ranker that choose pairs of a window; empty: none is fitted."""
        if not isinstance(self.ranker, LearnedConfig):
            return {}
        return {"negatives_frac": self.ranker.negatives_frac, "seed": self.ranker.seed}


def written_out(section: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the long form: without ``sources``, what is given are settings of the only one."""
    if SOURCES in section:
        return dict(section)
    model = section.get("model", LightGCNConfig().model)
    source = {"model": model, **{key: section[key] for key in section if key != RANKER}}
    ranker = {RANKER: section[RANKER]} if RANKER in section else {}
    return {SOURCES: {str(model): source}, **ranker}


def prepare(data: dict[str, Any], path: KeyPath, value: object) -> None:
    """Readies a pipeline's recommender for an override: its form, and the keys of its model.

    Args:
        data: The pipeline's mapping.
        path: The override's key.
        value: What it is going to be set to.
    """
    section = data.get(SECTION, {})
    if path[:1] != (SECTION,) or not isinstance(section, dict):
        return
    if path[1:2] == (SOURCES,):
        data[SECTION] = section = written_out(section)
    if path[1:] == (RANKER, "model"):
        _forget_other_keys(section.get(RANKER), RANKERS, value)
    elif path[-1] == "model" and (path[1:-1] or SOURCES not in section):
        known = [entry.settings for entry in models()]
        _forget_other_keys(_at(section, path[1:-1]), known, value, kept={RANKER})


def _at(section: object, path: KeyPath) -> object:
    for key in path:
        section = section.get(key) if isinstance(section, dict) else None
    return section


def _forget_other_keys(
    settings: object,
    known: Iterable[type[Section]],
    model: object,
    kept: Set[str] = frozenset(),
) -> None:
    """Leaves of a source, or of the ranker, what the model that it is going to have knows."""
    chosen = next((one for one in known if one.model_fields["model"].default == model), None)
    if isinstance(settings, dict) and chosen and settings.get("model") != model:
        for key in set(settings) - set(chosen.model_fields) - kept:
            del settings[key]
