"""What a pipeline recommends with: named sources of candidates, and who merges their lists."""

from collections.abc import Iterable, Mapping, Set
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

from graphrec_core.config.base import Section
from graphrec_core.config.model import LightGCNConfig
from graphrec_core.config.recommenders import AnyModel, models
from graphrec_core.config.yaml_reader import KeyPath

SECTION, SOURCES, RANKER, CHALLENGERS = "recommender", "sources", "ranker", "challengers"
OWN = "recommender"
"""The configured recommender's name among the contenders."""
RESERVED = ("model", "popular", OWN)
"""The whole recommender's name in metrics, the popular list's in answers, and ``OWN``."""
MAX_NAME = 32
OF_RANKER = "Ranker: reciprocal_rank, lightgbm or logistic; picks the keys beside it."


def _check_name(name: str) -> str:
    is_plain = name.isascii() and name.isidentifier() and name == name.lower() and name[0] != "_"
    if not is_plain or len(name) > MAX_NAME or name in RESERVED:
        raise ValueError(
            f"{name!r} is no name of a source or challenger: a-z, then a-z, 0-9, _ ({MAX_NAME} in "
            f"all), and none of {', '.join(RESERVED)}"
        )
    return name


Name = Annotated[str, AfterValidator(_check_name)]


class ReciprocalRankConfig(Section):
    """Merges lists by reciprocal rank (Cormack, Clarke and Buettcher, SIGIR 2009)."""

    is_fitted: ClassVar[bool] = False
    """Whether fit-ranker makes it; else it is known from its settings."""

    model: Literal["reciprocal_rank"] = Field("reciprocal_rank", description=OF_RANKER)
    offset: int = Field(
        60, ge=0, description="A candidate gains 1 / (offset + rank) from each source."
    )


class LearnedConfig(Section):
    """What all rankers share that fit-ranker makes: which pairs they learn from."""

    is_fitted: ClassVar[bool] = True
    """Whether fit-ranker makes it."""

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


class LightGBMConfig(LearnedConfig):
    """Orders candidates by boosted trees over pair features (LightGBM: Ke et al., NIPS 2017)."""

    model: Literal["lightgbm"] = Field("lightgbm", description=OF_RANKER)
    num_rounds: int = Field(300, ge=1, le=5000, description="Most trees.")
    num_leaves: int = Field(15, ge=2, le=1024, description="Leaves of a tree.")
    learning_rate: float = Field(0.05, gt=0, le=1, description="Share of a tree that is taken.")
    feature_frac: float = Field(
        0.5, gt=0, le=1, description="Share of the features that a tree may look at."
    )
    pair_frac: float = Field(0.7, gt=0, le=1, description="Share of the pairs that a tree sees.")
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
FITTED = frozenset(one.model_fields["model"].default for one in RANKERS if one.is_fitted)
"""The ``model`` of each that fit-ranker makes, for settings as they are stored."""
RankerConfig = Annotated[
    ReciprocalRankConfig | LightGBMConfig | LogisticConfig, Field(discriminator="model")
]
"""The settings of a ranker; ``model`` picks the class."""


MERGING = {"model": "reciprocal_rank"}
"""The ranker that needs no fitting, which is the default."""


def _with_a_model(ranker: object) -> object:
    return {**MERGING, **ranker} if isinstance(ranker, dict) else ranker


AnyRanker = Annotated[RankerConfig, BeforeValidator(_with_a_model)]
"""The settings of a ranker, which may leave ``model`` out."""


class ChallengerConfig(Section):
    """Another recommender that competes with the configured one, region by region."""

    sources: tuple[str, ...] = Field(
        (), description="Its sources, some of `recommender.sources`; none: all of them."
    )
    ranker: AnyRanker = Field(
        ReciprocalRankConfig(), description="Merges their lists; keys as in `recommender.ranker`."
    )


class RecommenderConfig(Section):
    """Named sources of candidates, and who merges their lists."""

    sources: dict[Name, AnyModel] = Field(
        description="Source -> settings; its model picks the other keys."
    )
    ranker: AnyRanker = ReciprocalRankConfig()
    challengers: dict[Name, ChallengerConfig] = Field(
        default_factory=dict,
        description="Challenger -> settings; the best one on the fit holdout is a region's.",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_one_source(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        if SOURCES not in data and not isinstance(data.get("model", ""), str):
            raise ValueError(f"model must be a name; found {data['model']!r}")
        return written_out(data)

    @field_validator("sources", mode="after")
    @classmethod
    def _in_order(cls, sources: dict[str, AnyModel]) -> dict[str, AnyModel]:
        """Orders them by name: the order of a YAML changes no result."""
        if not sources:
            raise ValueError("recommender.sources needs at least one source")
        return dict(sorted(sources.items()))

    @field_validator(CHALLENGERS, mode="after")
    @classmethod
    def _by_name(cls, challengers: dict[str, ChallengerConfig]) -> dict[str, ChallengerConfig]:
        return dict(sorted(challengers.items()))

    @model_validator(mode="after")
    def _challengers_are_contenders(self) -> Self:
        require_contenders(self)
        return self

    @property
    def contenders(self) -> dict[str, "RecommenderConfig"]:
        """Contender -> the recommender that it would be alone; the configured one first."""
        own = RecommenderConfig(sources=self.sources, ranker=self.ranker)
        others = {
            name: RecommenderConfig(
                sources={key: self.sources[key] for key in one.sources or self.sources},
                ranker=one.ranker,
            )
            for name, one in self.challengers.items()
        }
        return {OWN: own, **others}

    @property
    def key(self) -> str:
        """Its sources and ranker as JSON: of recommenders with equal keys the lists are equal.

        The offset is not in it where there is one list only: that keeps its order.
        """
        is_one_list = len(self.sources) == 1 and not self.ranker.is_fitted
        of_ranker = {"offset"} if is_one_list else set()
        return self.model_dump_json(exclude={CHALLENGERS: True, RANKER: of_ranker})

    @property
    def num_windows(self) -> int:
        """Most windows that a ranker is fitted to, challengers' included; 0: none is fitted."""
        rankers = (self.ranker, *(one.ranker for one in self.challengers.values()))
        return max(
            (one.num_windows for one in rankers if isinstance(one, LearnedConfig)), default=0
        )

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
    others = {key: section[key] for key in (RANKER, CHALLENGERS) if key in section}
    own = {key: section[key] for key in section if key not in others}
    return {SOURCES: {str(model): {"model": model, **own}}, **others}


def require_contenders(recommender: RecommenderConfig) -> None:
    """Refuses challengers that cannot compete.

    Raises:
        ValueError: One has a source's name, names an unknown source, or one twice; is what another
            contender is; or has a ranker that no earlier window can be fitted to.
    """
    known, met = set(recommender.sources), dict[str, str]()
    for name, one in recommender.challengers.items():
        where = f"{SECTION}.{CHALLENGERS}.{name}"
        if name in known:
            raise ValueError(f"{where} has the name of a source; give it another one")
        if unknown := sorted(set(one.sources) - known):
            raise ValueError(
                f"{where}.sources names {', '.join(unknown)}; {SECTION}.{SOURCES} has "
                f"{', '.join(recommender.sources)}"
            )
        if len(set(one.sources)) < len(one.sources):
            raise ValueError(f"{where}.sources names a source twice")
    for name, other in recommender.contenders.items() if recommender.challengers else ():
        where = SECTION if name == OWN else f"{SECTION}.{CHALLENGERS}.{name}"
        if (before := met.setdefault(other.key, name)) != name:
            raise ValueError(f"{where} is what {before} is; leave it out or change it")
        if isinstance(other.ranker, LearnedConfig) and other.ranker.num_windows == 1:
            raise ValueError(
                f"{where}.ranker.num_windows must be 2 or more beside challengers: a contender is "
                "judged on the latest window, fitted to the others"
            )


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
    if path[-2:] == (RANKER, "model") and path[1] in (RANKER, CHALLENGERS):
        _forget_other_keys(_at(section, path[1:-1]), RANKERS, value)
    elif path[-1] == "model" and (path[1:-1] or SOURCES not in section):
        known = [entry.settings for entry in models()]
        _forget_other_keys(_at(section, path[1:-1]), known, value, kept={RANKER, CHALLENGERS})


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
