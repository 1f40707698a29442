"""The settings of each recommender; ``graphrec_core.config.recommenders`` lists them all."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from graphrec_core.config.base import MAX_DAYS, MAX_HOURS, Section
from graphrec_core.types import ALL_REGIONS, Region

DEFAULT_FANOUTS = (15, 10, 5, 5)
DEFAULT_QUOTA = 300
Scope = Literal["region", "global"]
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

    @property
    def of_people(self) -> bool:
        """Whether it needs a task whose queries and candidates are of one node type."""
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

    scope: Scope = Field("region", description="One model per region, or one global model.")
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

    version: ClassVar[int] = 1
    """Counts changes of the code that change what it proposes."""
    needs: ClassVar[str] = "queries that met something"
    """Without what it proposes nothing, as a warning says it."""

    def made_by(self) -> dict[str, Any]:
        """Returns what its stored results depend on, as JSON values."""
        unusual = {"depth": self.depth} if self.depth > DEFAULT_QUOTA else {}
        changed = {"version": self.version} if self.version > 1 else {}
        return {**self.own_settings(), **unusual, **changed}


class PairsConfig(ScorerConfig):
    """What the scorers share that sum over pairs: whose pairs, and what a pair counts."""

    scope: Scope = Field(
        "region", description="Fitted to the pairs of its region, or to those of all regions."
    )
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

    max_nodes: ClassVar[int] = 20_000
    """What it inverts has this number squared, 8 bytes each, and takes the cube in time."""
    needs: ClassVar[str] = (
        f"queries that met something, and at most {max_nodes:,} candidates and others that were "
        "met (neighbours and spectral take more)"
    )

    model: Literal["ease"] = Field("ease", description=OF_MODEL)
    l2: float = Field(
        300.0, gt=0, le=1e9, description="Regularisation: more trusts only what many have met."
    )


class SpectralConfig(PairsConfig):
    """A filter of the graph's spectrum (GF-CF: Shen et al., CIKM 2021)."""

    version: ClassVar[int] = 2  # its vectors are found by random sampling since

    model: Literal["spectral"] = Field("spectral", description=OF_MODEL)
    rank: int = Field(64, ge=1, le=4096, description="Singular vectors kept.")
    power: float = Field(
        0.0, ge=0, le=8, description="A vector counts by its singular value to this power."
    )
    linear: float = Field(1.0, ge=0, le=100, description="Weight of the two-hop part.")
    ideal: float = Field(0.3, gt=0, le=100, description="Weight of the part of finite rank.")


class NearestConfig(ScorerConfig):
    """What lies near the query's last places (Lichman and Smyth, KDD 2014)."""

    needs: ClassVar[str] = "latitude and longitude of candidates and of what queries met"

    model: Literal["nearest"] = Field("nearest", description=OF_MODEL)
    scale_km: float = Field(
        1.0, gt=0, le=20_000, description="Distance in km at which nearness has fallen to 1 / e."
    )
    num_places: int = Field(
        16, ge=1, le=1000, description="Places of the query that count: those it met last."
    )
    popularity: float = Field(
        0.0, ge=0, le=2, description="Power of a candidate's popularity; 0: nearness alone."
    )
    half_life_days: float = Field(
        21,
        ge=0,
        le=MAX_DAYS,
        description="In that popularity a pair of this age counts half; 0: no decay.",
    )


class TransitionsConfig(ScorerConfig):
    """What is met after this within a session (YouTube: Davidson et al., RecSys 2010)."""

    model: Literal["transitions"] = Field("transitions", description=OF_MODEL)
    session_hours: float = Field(
        24, gt=0, le=MAX_HOURS, description="What a query first met within this time is a session."
    )
    half_life_days: float = Field(
        0, ge=0, le=MAX_DAYS, description="A transition of this age counts half; 0: no decay."
    )
    alpha: Exponent = Field(
        0.5, description="Power of the target's popularity that a count is divided by."
    )
    per_seed: int = Field(100, ge=1, le=10_000, description="Most candidates related to one.")
    num_seeds: int = Field(
        16, ge=1, le=1000, description="Candidates that walks start from: those met last."
    )
    damping: float = Field(
        0.5, ge=0, le=1, description="What a walk's second step counts; 0: walks of one step."
    )


class AttributeConfig(ScorerConfig):
    """The most popular of the kinds that the query met most (Lops et al., 2011)."""

    needs: ClassVar[str] = "candidates with a value in its column, of a kind that queries met"

    model: Literal["attribute"] = Field("attribute", description=OF_MODEL)
    column: str = Field(
        "category",
        min_length=1,
        description="Column of the candidates' SELECT (source.nodes) that says their kind.",
    )
    half_life_days: float = Field(
        21,
        ge=0,
        le=MAX_DAYS,
        description="In popularity a pair of this age counts half; 0: no decay.",
    )


class FriendsConfig(ScorerConfig):
    """What the query's neighbours met (Liben-Nowell and Kleinberg, CIKM 2003)."""

    needs: ClassVar[str] = "queries with friends, by its edge type, who met something"

    model: Literal["friends"] = Field("friends", description=OF_MODEL)
    edge: str = Field(
        "",
        description="Edge type between nodes of task.query that says who is whose friend; "
        "empty: the task's own, where it joins people to people.",
    )
    weighted: bool = Field(False, description="A friend counts by that edge's weight.")
    adamic_adar: bool = Field(
        False, description="A friend counts less the more friends it has: 1 / log of their number."
    )
    half_life_days: float = Field(
        0, ge=0, le=MAX_DAYS, description="What a friend met so long ago counts half; 0: no decay."
    )

    @property
    def of_people(self) -> bool:
        """Whether it needs such a task: not where another edge type names the friends."""
        return not self.edge


class ReciprocalConfig(ScorerConfig):
    """Who came to the query and was not answered; for people to people."""

    needs: ClassVar[str] = "candidates who met a query themselves"

    model: Literal["reciprocal"] = Field("reciprocal", description=OF_MODEL)
    half_life_days: float = Field(
        28, gt=0, le=MAX_DAYS, description="Who came so long ago counts half."
    )

    @property
    def of_people(self) -> bool:
        """It does."""
        return True
