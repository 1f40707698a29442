"""The figures of a shard."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, computed_field, model_validator

from graphrec_core.config.steps import StepName
from graphrec_core.lake.records.decision import GateDecision, GateVerdict
from graphrec_core.lake.records.figures import Figures, Record
from graphrec_core.lake.records.refit import RefitCheck
from graphrec_core.types import ArtifactId

OLDER_SOURCE = "model"
"""Name of the only source of a shard that an older version wrote."""

SourceKind = Literal["index", "table", "list"]


class ShardSource(Record):
    """One source of candidates in a shard.

    Attributes:
        name: As the configuration and the answers have it; its folder in the shard.
        kind: ``index``: vectors; ``table``: the best of each query; ``list``: one for all.
        settings: As configured, without the quota; empty in a shard of an older version.
        quota: The most unseen candidates it proposes per query; None: no limit.
        model_id: The model that made its vectors; None: a scorer, or an older version.
        factory: FAISS factory string of an index.
        ann_recall: An index's recall against exact search, in [0, 1].
        refit: Which weights made its vectors and why; None: the judged ones, since training
            refitted none, or no vectors.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    kind: SourceKind
    settings: dict[str, Any] = Field(default_factory=dict)
    quota: int | None = None
    model_id: ArtifactId | None = None
    factory: str | None = None
    ann_recall: float | None = None
    refit: RefitCheck | None = None


class ShardFigures(Figures):
    """What a region's candidate shard holds, and how its indexes were measured.

    Attributes:
        num_candidates: Candidates.
        num_queries: Query nodes, home and halo.
        sources: Its sources, in the order of the configuration.
        ranker: Settings of what merges them; None: an older version had one source only.
        recall_k: Depth of the indexes' recall.
        rules: The gate's decisions on the indexes.
        verdict: What they come to.
    """

    step: ClassVar[StepName] = StepName.SHARD
    shown: ClassVar[tuple[str, ...]] = ("ann_recall", "verdict")

    num_candidates: int
    num_queries: int
    sources: tuple[ShardSource, ...]
    ranker: dict[str, Any] | None = None
    recall_k: int
    rules: tuple[GateDecision, ...]
    verdict: GateVerdict | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ann_recall(self) -> float | None:
        """The worst recall of its indexes; None: it has none."""
        return min((s.ann_recall for s in self.sources if s.ann_recall is not None), default=None)

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, data: Any) -> Any:  # noqa: ANN401  (JSON)
        """Reads the figures of the one index that a shard of an older version has."""
        if not isinstance(data, Mapping) or "sources" in data:
            return data
        index = {key: data.get(key) for key in ("factory", "ann_recall", "refit")}
        return {**data, "sources": [{"name": OLDER_SOURCE, "kind": "index", **index}]}
