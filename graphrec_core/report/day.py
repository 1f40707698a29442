"""What a day's run left in the lake, as plain values: what the page and the tables show."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from graphrec_core.evaluation.metrics import METRICS
from graphrec_core.evaluation.settling import holding, verdict_of
from graphrec_core.lake.records import (
    ChoiceFigures,
    GateDecision,
    LeftOutPairs,
    ModelFigures,
    RankerFigures,
    ShardSource,
    SliceFigures,
    SnapshotFigures,
    TableFigures,
    ViewFigures,
)
from graphrec_core.ledger.live import Live
from graphrec_core.ledger.release import Release, ReleasedRegion
from graphrec_core.ledger.replay import LiveRegion
from graphrec_core.types import REQUIRED_VIEWS, ArtifactId, Region, format_instant

Gate = Literal["passed", "refused", "undecided", "missing"]


@dataclass(frozen=True)
class EvaluationResult:
    """One region's evaluation.

    Attributes:
        id: The evaluation.
        k: Cut-off of recall, NDCG and hit rate.
        metrics: System -> metric -> mean; None where there was no query.
        slices: Slice -> its queries and the systems' metrics.
        rules: The gate's rules.
        unmeasured: Earlier releases that could not be measured, by name, and why.
        num_queries: Queries judged.
        num_pairs: Pairs judged: targets that the queries should be shown.
        left_out: Pairs that are no targets, by the first reason.
    """

    id: ArtifactId
    k: int
    metrics: Mapping[str, Mapping[str, float | None]]
    slices: Mapping[str, SliceFigures]
    rules: tuple[GateDecision, ...]
    unmeasured: Mapping[str, str]
    num_queries: int
    num_pairs: int
    left_out: LeftOutPairs

    def is_best(self, system: str, metric: str) -> bool:
        """Tells whether no system has a better value."""
        found = (figures.get(metric) for figures in self.metrics.values())
        values = [value for value in found if value is not None]
        own = self.metrics[system].get(metric)
        return own is not None and own == METRICS[metric].best(values)


@dataclass(frozen=True)
class ShardResult:
    """One region's candidate shard.

    Attributes:
        id: The shard.
        sources: What it recommends by.
        ann_recall: The worst recall of its indexes against exact search, in [0, 1]; None: it has
            none.
        recall_k: Depth of that recall.
        num_candidates: Candidates.
        rules: The rule on ``ann_recall``.
    """

    id: ArtifactId
    sources: tuple[ShardSource, ...]
    ann_recall: float | None
    recall_k: int
    num_candidates: int
    rules: tuple[GateDecision, ...]


@dataclass(frozen=True)
class RegionDay:
    """One region's part of the day; None where an artefact is missing.

    Attributes:
        region: The region.
        train: Its graph in the train view.
        serve: Its graph in the serve view.
        num_holdout_queries: Query nodes with events in the holdout.
        num_holdout_pairs: Pairs in the holdout, those that are no targets included.
        holdout_left_out: Of these, pairs that are no targets, by the first reason.
        evaluation: How the model was judged.
        shard: The candidate shard.
        released: The region's entry in the day's release.
        live: What serves the region now; None: nothing, or it is not known.
        is_live_known: Whether LIVE can be read.
    """

    region: Region
    train: ViewFigures
    serve: ViewFigures
    num_holdout_queries: int
    num_holdout_pairs: int
    holdout_left_out: LeftOutPairs
    evaluation: EvaluationResult | None
    shard: ShardResult | None
    released: ReleasedRegion | None
    live: LiveRegion | None
    is_live_known: bool

    @property
    def is_judged(self) -> bool:
        """Whether the day's release holds this region's own, final decision."""
        entry = self.released
        return entry is not None and None not in (entry.candidate_shard_id, entry.evaluation_id)

    @property
    def rules(self) -> tuple[GateDecision, ...]:
        """Every rule: the release's, and before it those of the evaluation and the shard.

        Publishing judges what is undecided again on all regions pooled.
        """
        if self.is_judged and self.released is not None and self.released.rules:
            return self.released.rules
        parts = (self.evaluation, self.shard)
        return tuple(rule for part in parts if part is not None for rule in part.rules)

    @property
    def refusals(self) -> tuple[GateDecision, ...]:
        """The rules that hold the region back: those that failed, or else the undecided ones."""
        return holding(self.rules)

    @property
    def warnings(self) -> tuple[GateDecision, ...]:
        """The rules on slices that are too small to tell."""
        return tuple(rule for rule in self.rules if rule.is_warning)

    @property
    def is_pooled(self) -> bool:
        """Whether all regions together decided a rule."""
        return any(rule.pooled for rule in self.rules)

    @property
    def gate(self) -> Gate:
        """The release's decision, or else that of the parts that are there."""
        if self.is_judged and self.released is not None and self.released.verdict is not None:
            return self.released.verdict
        verdict = verdict_of(self.rules)
        if verdict == "refused":
            return verdict
        return "missing" if None in (self.evaluation, self.shard) else verdict

    @property
    def is_live(self) -> bool:
        """Whether this day's own model serves the region now."""
        if self.live is None or self.shard is None:
            return False
        return self.live.shard_id == self.shard.id and self.live.serves == "model"


@dataclass(frozen=True)
class ModelRun:
    """One trained model.

    Attributes:
        id: The model.
        region: Its region, or ``_all``.
        source: The source whose model it is.
        stats: What its manifest says.
        history: Epoch, loss and the validation's value, in order of epochs.
        best_epoch: The epoch whose weights were kept.
        metric: What the value measures; empty where nothing was validated.
    """

    id: ArtifactId
    region: Region
    source: str
    stats: ModelFigures
    history: tuple[Mapping[str, Any], ...]
    best_epoch: int | None
    metric: str


@dataclass(frozen=True)
class StepRun:
    """One step on one region.

    Attributes:
        step: The step's task name.
        region: The region, or ``_all``.
        id: The artefact that the configuration asks for; empty where it cannot be known.
        is_done: Whether it is committed.
        seconds: How long the committed attempt took.
        peak_memory_mb: Its peak memory, child processes included.
        owner: The source, or the recommender, whose result it is, where each has its own.
    """

    step: str
    region: Region
    id: str
    is_done: bool
    seconds: float | None = None
    peak_memory_mb: float | None = None
    owner: str = ""


@dataclass(frozen=True)
class SourceCheck:
    """One validation of the source.

    Attributes:
        id: The validation.
        tables: Canonical table -> how its rows were judged.
        max_bad_rows_frac: Share of bad rows above which a table was refused.
        num_quarantined: Stored rejected rows by quarantine file.
    """

    id: ArtifactId
    tables: Mapping[str, TableFigures]
    max_bad_rows_frac: float
    num_quarantined: Mapping[str, int]

    @property
    def refused_tables(self) -> tuple[str, ...]:
        """Tables with more bad rows than allowed."""
        limit = self.max_bad_rows_frac
        rows = self.tables.items()
        return tuple(name for name, row in rows if row.num_rejected > limit * row.num_rows)


@dataclass(frozen=True)
class LastReleases:
    """What past releases were worth.

    Attributes:
        figures: By day, as ``evaluation.forward.pooled`` has it; None: none was scored.
        newest: Region -> the same of the last of them.
        unscored: Days, as ``20100901T000000Z``, of which there is a release and no score.
    """

    figures: Mapping[str, Any] | None
    newest: Mapping[Region, Any]
    unscored: tuple[str, ...]

    @property
    def parted(self) -> Mapping[str, list[str]]:
        """Day -> the metrics of which less came than was promised."""
        days = self.figures["days"] if self.figures else {}
        return {name: day["parted"] for name, day in days.items() if day["parted"]}


@dataclass(frozen=True)
class SilentSource:
    """A source that proposes nothing in some regions.

    Attributes:
        needs: What it lacks there.
        regions: The regions, sorted.
    """

    needs: str
    regions: tuple[Region, ...]


@dataclass(frozen=True)
class DayReport:
    """Everything one day's run left in the lake.

    Attributes:
        pipeline: The pipeline.
        as_of: The run's instant.
        snapshot_id: The snapshot that the configuration asks for.
        snapshot: What its manifest says; None: it is not committed, or damaged.
        regions: The regions, sorted.
        empty_regions: Region -> why it was skipped.
        models: The trained models.
        silent: Source -> where it proposes nothing, of those that do so in some region.
        choice: How recommenders competed; None: there are no challengers, or it is missing.
        rankers: Recommender -> what its learned ranker was fitted to, of those that serve; none
            where it is missing, too.
        steps: Every step on every region, in order of the pipeline.
        validations: This configuration's validations of the day; more than one where the source
            was corrected.
        data_docs: Folder of the day's Data Docs, relative to the lake's root.
        release: The day's release.
        live: What serves now; None: LIVE is damaged.
        last_releases: What the last releases whose horizon is over were worth.
        damaged: What is damaged -> what is wrong with it.
    """

    pipeline: str
    as_of: datetime
    snapshot_id: ArtifactId
    snapshot: SnapshotFigures | None
    regions: tuple[RegionDay, ...]
    empty_regions: Mapping[Region, str]
    models: tuple[ModelRun, ...]
    silent: Mapping[str, SilentSource]
    choice: ChoiceFigures | None
    rankers: Mapping[str, RankerFigures]
    steps: tuple[StepRun, ...]
    validations: tuple[SourceCheck, ...]
    data_docs: str | None
    release: Release | None
    live: Live | None
    last_releases: LastReleases
    damaged: Mapping[str, str]

    @property
    def k(self) -> int | None:
        """Cut-off of the metrics; None before any evaluation."""
        return next((day.evaluation.k for day in self.regions if day.evaluation), None)

    @property
    def refitted(self) -> list[tuple[Region, ShardSource]]:
        """Sources of which training refitted weights, by region."""
        shards = [(day.region, day.shard) for day in self.regions if day.shard]
        return [(region, one) for region, shard in shards for one in shard.sources if one.refit]

    @property
    def missing_steps(self) -> tuple[StepRun, ...]:
        """Steps whose artefact is not there."""
        return tuple(step for step in self.steps if not step.is_done)

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON values, with each region's gate decision beside its figures."""
        data: dict[str, Any] = to_json(self)
        for row, region in zip(data["regions"], self.regions, strict=True):
            row["gate"], row["is_live"] = region.gate, region.is_live
            for view in REQUIRED_VIEWS:
                del row[view]["degree_histogram"]  # for the suites: no figure of the day
        told = data.pop("snapshot") or {}
        apart = ("regions", "empty_regions")
        data["snapshot_stats"] = {key: told[key] for key in told if key not in apart}
        return {**data, "has_snapshot": self.snapshot is not None}


def to_json(value: object) -> Any:  # noqa: ANN401  (JSON)
    """Turns nested dataclasses, pydantic models and mappings into JSON values."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    return format_instant(value) if isinstance(value, datetime) else value
