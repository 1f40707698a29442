"""When a run's gate is looser than the YAML's: it needs a name, and the release keeps both.

The gate is every setting that decides what goes live: the limits a region must keep, and what is
judged and how. A limit is looser in one direction. Another yardstick (what is a target, how many
ranks count, what a region is) can make any model look better, whichever way it is moved, so there
every change counts as looser. So does one of a setting that is not declared here.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_jsonable_python

from graphrec_core.config.evaluation import EvaluationConfig
from graphrec_core.config.gate import GateConfig, Looser
from graphrec_core.config.index import IndexConfig
from graphrec_core.config.quality import QualityConfig
from graphrec_core.config.region import RegionConfig
from graphrec_core.config.task import TaskConfig
from graphrec_core.config.time import TimeConfig
from graphrec_core.config.training import TrainingConfig

_GATE_LIMITS = {
    name: mark.when
    for name, field in GateConfig.model_fields.items()
    for mark in field.metadata
    if isinstance(mark, Looser)
}
"""Settings of the gate say their looser direction themselves."""
LOOSER: dict[str, Literal["lower", "higher", "fewer", "limits"] | tuple[str, ...]] = {
    **{f"gate.{name}": when for name, when in _GATE_LIMITS.items()},
    "index.num_recall_queries": "lower",
    "quality.min_history": "higher",
    "quality.min_count": "higher",
    "quality.max_count_change_frac": "higher",
    "quality.max_degree_drift": "higher",
    "quality.max_feature_drift": "higher",
    "quality.max_halo_frac": "limits",
    "quality.on_broken_region": ("stop", "skip"),
    "training.refit": "higher",  # the holdout judges no refitted weights
}
"""Dotted key -> which values are looser than the YAML's; a tuple goes from strict to loose."""
YARDSTICKS = frozenset(
    {
        "evaluation.k",
        "evaluation.depth",
        "evaluation.cold_start_max_degree",
        "evaluation.low_degree_max",
        "evaluation.recent_days",
        "index.recall_k",
        "quality.history_days",
        "task.kind",
        "task.query",
        "task.candidate",
        "task.edge",
        "task.exclude_seen",
        "time.window_days",
        "time.horizon_days",
        "time.active_days",
        "time.lateness_hours",
        "time.half_life_days",
        "time.freshness",
        "region.border",
        "region.home",
        "region.areas",
        "region.split",
        "region.merge",
        "region.tiny",
    }
    | {f"gate.{name}" for name in GateConfig.model_fields if name not in _GATE_LIMITS}
)
"""Settings of which every other value counts as looser."""
NO_PART = frozenset(
    {
        "evaluation.block_size",
        "index.factory",
        "index.ef_search",
        "index.nprobe",
        "index.num_threads",
    }
    | {f"training.{key}" for key in TrainingConfig.model_fields if key != "refit"}
)
"""Settings of the same sections that judge nothing: they change cost, or what is judged."""


class _JudgingSections(BaseModel):
    model_config = ConfigDict(extra="ignore")

    task: TaskConfig | None = None
    region: RegionConfig | None = None
    time: TimeConfig = TimeConfig()
    quality: QualityConfig = QualityConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    gate: GateConfig = GateConfig()
    index: IndexConfig = IndexConfig()


SECTIONS = tuple(_JudgingSections.model_fields)
"""Sections with settings of the gate; the others say where data lies and how work is done."""


def gate_settings(config: BaseModel) -> dict[str, Any]:
    """Returns the settings of a gate as JSON values, by dotted key.

    Args:
        config: What has ``SECTIONS``.
    """
    sections = {name: getattr(config, name) for name in SECTIONS}
    return {
        f"{name}.{key}": to_jsonable_python(value)
        for name, section in sections.items()
        for key, value in section or ()
        if f"{name}.{key}" not in NO_PART
    }


def gate_of_yaml(data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the gate of a pipeline's mapping, before any override.

    A ``task`` or ``region`` that an override has to bring is no part of it.

    Raises:
        ValidationError: It is no gate.
    """
    return gate_settings(_JudgingSections.model_validate(data))


def looser_than(used: Mapping[str, Any], yaml_gate: Mapping[str, Any]) -> list[str]:
    """Says how one gate is looser than another: ``gate.min_mrr is 0, the YAML says 0.1``."""
    return [
        f"{key} is {used[key]}, the YAML says {said}"
        for key, said in sorted(yaml_gate.items())
        if _is_looser(LOOSER.get(key), used[key], said)
    ]


def _is_looser(direction: str | tuple[str, ...] | None, used: Any, said: Any) -> bool:  # noqa: ANN401  (any setting)
    match direction:
        case "lower":
            return bool(used < said)
        case "higher":
            return bool(used > said)
        case "fewer":
            return bool(set(said) - set(used))
        case "limits":
            return _has_a_higher_limit(used, said)
        case tuple():
            return direction.index(used) > direction.index(said)
        case _:
            return bool(used != said)


def _has_a_higher_limit(
    used: float | Mapping[str, float], said: float | Mapping[str, float]
) -> bool:
    """Compares limits per name, where a name that is left out has none."""
    if isinstance(used, Mapping) and isinstance(said, Mapping):
        return any(used.get(name, 1) > limit for name, limit in said.items())
    if isinstance(used, Mapping) or isinstance(said, Mapping):
        return True
    return used > said
