"""The whole configuration of one pipeline, and what must hold between its sections."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from graphrec_core.config.auto import AUTO, resolved
from graphrec_core.config.base import Section
from graphrec_core.config.evaluation import EvaluationConfig
from graphrec_core.config.gate import GateConfig
from graphrec_core.config.index import IndexConfig
from graphrec_core.config.lake import LakeConfig
from graphrec_core.config.looseness import gate_settings, looser_than
from graphrec_core.config.publish import PublishConfig
from graphrec_core.config.quality import QualityConfig
from graphrec_core.config.recommender import RecommenderConfig
from graphrec_core.config.recommenders import baseline
from graphrec_core.config.region import PLACED_RULES, RegionConfig
from graphrec_core.config.schedule import ScheduleConfig
from graphrec_core.config.snapshot import SnapshotConfig
from graphrec_core.config.source import Name, SourceConfig
from graphrec_core.config.task import TaskConfig
from graphrec_core.config.time import TimeConfig
from graphrec_core.config.training import TrainingConfig


class PipelineConfig(Section):
    """Everything one pipeline needs to know; read once, never changed."""

    pipeline: Name = Field(description="Name of the pipeline: its DAG and its folder in the lake.")
    source: SourceConfig
    task: TaskConfig
    region: RegionConfig
    schedule: ScheduleConfig
    time: TimeConfig = TimeConfig()
    snapshot: SnapshotConfig = SnapshotConfig()
    quality: QualityConfig = QualityConfig()
    recommender: RecommenderConfig = Field(
        AUTO,
        validate_default=True,
        description="What recommends: `auto`, which follows from the task and the SELECTs, or the "
        "keys below.",
    )
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    gate: GateConfig = GateConfig()
    index: IndexConfig = IndexConfig()
    publish: PublishConfig = PublishConfig()
    lake: LakeConfig = LakeConfig()
    _yaml_gate: dict[str, Any] | None = PrivateAttr(None)

    @field_validator("recommender", mode="before")
    @classmethod
    def _without_auto(cls, section: object, info: ValidationInfo) -> object:
        return resolved(section, info.data)

    @model_validator(mode="after")
    def _query_and_candidate_are_node_types(self) -> Self:
        ntypes = set(self.source.nodes)
        for key in ("query", "candidate"):
            if getattr(self.task, key) not in ntypes:
                raise ValueError(f"task.{key} must be one of source.nodes {sorted(ntypes)}")
        return self

    @model_validator(mode="after")
    def _edges_join_node_types(self) -> Self:
        ntypes = set(self.source.nodes)
        for etype in self.source.edges:
            if unknown := set(self.endpoints(etype)) - ntypes:
                raise ValueError(
                    f"source.edges.{etype} joins unknown node types {sorted(unknown)}"
                )
        joined = {ntype for etype in self.source.edges for ntype in self.endpoints(etype)}
        if lonely := ntypes - joined:
            raise ValueError(f"no edge type joins the node types {sorted(lonely)}")
        if unknown := set(self.source.features) - ntypes:
            raise ValueError(f"source.features names unknown node types {sorted(unknown)}")
        return self

    @model_validator(mode="after")
    def _task_and_regions_name_types(self) -> Self:
        ntypes, task = set(self.source.nodes), self.task
        if task.edge not in self.source.edges:
            raise ValueError(f"task.edge must be one of source.edges {sorted(self.source.edges)}")
        if self.endpoints(task.edge) != (task.query, task.candidate):
            raise ValueError("task.edge must go from task.query to task.candidate")
        if set(self.region.home) != ntypes:
            raise ValueError(
                f"region must name exactly the node types {sorted(ntypes)}; "
                f"found {sorted(self.region.home)}"
            )
        return self

    @model_validator(mode="after")
    def _homes_can_be_found(self) -> Self:
        for ntype, rule in self.region.home.items():
            neighbours = {
                other
                for ends in map(self.endpoints, self.source.edges)
                for own, other in (ends, ends[::-1])
                if own == ntype
            }
            if rule == "from_events" and not any(
                self.region.home[other] in PLACED_RULES for other in neighbours
            ):
                raise ValueError(
                    f"region.{ntype} from_events needs an edge type to a node type whose home "
                    "comes from its column or its coordinates"
                )
        for etype in self.source.edges:
            src, dst = self.endpoints(etype)
            if self.region.home[src] == self.region.home[dst] == "everywhere":
                raise ValueError(
                    f"source.edges.{etype} joins {src} and {dst}, which are both everywhere, so "
                    "its edges would stand in no region: give one a home, or leave the type out"
                )
        return self

    @model_validator(mode="after")
    def _tiny_regions_can_be_counted(self) -> Self:
        if self.region.tiny is None:
            return self
        counted = self.region.tiny.count or self.task.query
        if self.region.home.get(counted, "everywhere") == "everywhere":
            raise ValueError(
                f"region.tiny.count must be a node type with a home; found {counted!r}"
            )
        return self

    @model_validator(mode="after")
    def _limits_name_edge_types(self) -> Self:
        if unknown := sorted(set(self.halo_limits()) - set(self.source.edges)):
            raise ValueError(
                f"quality.max_halo_frac names {', '.join(unknown)}; "
                f"source.edges has {', '.join(sorted(self.source.edges))}"
            )
        return self

    @model_validator(mode="after")
    def _overridable_names_settings(self) -> Self:
        for entry in self.schedule.overridable:
            section, key, *_ = entry.split(".")
            fields = getattr(type(getattr(self, section, None)), "model_fields", {})
            if section not in type(self).model_fields or key not in {*fields, "*"} or not fields:
                raise ValueError(f"schedule.overridable names {entry}, which is no setting")
            if section == "publish" or (section, key) == ("schedule", "overridable"):
                raise ValueError(
                    f"schedule.overridable may not name {entry}: a run has the parameters "
                    "publish, forced_by and forced_why, and never changes its own limits"
                )
        return self

    @model_validator(mode="after")
    def _settings_fit_together(self) -> Self:
        if self.region.home[self.task.query] == "everywhere":
            raise ValueError("task.query needs a home region: region may not be `everywhere`")
        if self.evaluation.depth < self.evaluation.k:
            raise ValueError("evaluation.depth must be at least evaluation.k")
        if self.time.horizon_days >= self.time.window_days:
            raise ValueError("time.horizon_days must be shorter than time.window_days")
        if self.publish.mode == "force" and not self.publish.is_named:
            raise ValueError(
                "publish.mode force needs publish.forced_by and publish.forced_why, in words"
            )
        return self

    @model_validator(mode="after")
    def _sources_find_what_they_read(self) -> Self:
        has_features = any(edge.features for edge in self.source.edges.values())
        for name, source in self.recommender.sources.items():
            if getattr(source, "edge_features", False) and not has_features:
                raise ValueError(
                    f"recommender.sources.{name}.edge_features needs edge features: name columns "
                    "in source.edges.<type>.features"
                )
        return self

    @model_validator(mode="after")
    def _people_are_asked_where_there_are_people(self) -> Self:
        sources = {
            f"recommender.sources.{name}": one for name, one in self.recommender.sources.items()
        }
        measured = {f"gate.baselines: {name}": baseline(name, 0) for name in self.gate.baselines}
        for where, source in (sources | measured).items():
            edge = getattr(source, "edge", "")
            if edge and edge not in self.source.edges:
                raise ValueError(f"{where}.edge must be one of {sorted(self.source.edges)}")
            if edge and set(self.endpoints(edge)) != {self.task.query}:
                raise ValueError(f"{where}.edge must join {self.task.query} to {self.task.query}")
            if not edge and source.of_people and not self.task.recommends_peers:
                raise ValueError(
                    f"{where} needs a task from people to people: task.query and task.candidate "
                    f"are {self.task.query} and {self.task.candidate}; a source `friends` may "
                    "name another edge type instead (edge)"
                )
        return self

    def recommending(self, recommender: RecommenderConfig) -> Self:
        """Returns the same pipeline with another recommender, one of its contenders."""
        return self.model_copy(update={"recommender": recommender})

    def with_yaml_gate(self, settings: Mapping[str, Any]) -> Self:
        """Remembers the gate of the YAML, before overrides.

        Args:
            settings: See ``gate_settings``.
        """
        self._yaml_gate = None if settings == gate_settings(self) else dict(settings)
        return self

    @property
    def yaml_gate(self) -> Mapping[str, Any]:
        """The gate of the YAML, by dotted key: the own one unless an override changed it."""
        return gate_settings(self) if self._yaml_gate is None else self._yaml_gate

    @property
    def looser(self) -> list[str]:
        """How this run's gate is looser than the YAML's."""
        return looser_than(gate_settings(self), self.yaml_gate)

    def endpoints(self, etype: str) -> tuple[str, str]:
        """Returns the node types that ``etype`` joins: (src, dst)."""
        return self.task.ends_of(self.source.edges[etype])

    def halo_limits(self) -> dict[str, float]:
        """Returns edge type -> greatest share of a region's edges that may cross its border."""
        limit = self.quality.max_halo_frac
        return dict(limit) if isinstance(limit, dict) else {self.task.edge: limit}
