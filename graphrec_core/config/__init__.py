"""Frozen, validated configuration of everything configurable."""

from graphrec_core.config.flow import (
    Flow,
    Task,
    flow_of,
    is_part_of,
    regions_of_day,
    shape_of,
    sources_of,
    tasks_of_day,
)
from graphrec_core.config.loader import (
    child_environment,
    config_dir,
    load_pipeline,
    triggered_overrides,
)
from graphrec_core.config.model import GraphSAGEConfig, LightGCNConfig
from graphrec_core.config.pipeline import PipelineConfig
from graphrec_core.config.steps import STEPS, Grain, Needs, StepName, StepSpec

__all__ = [
    "STEPS",
    "Flow",
    "Grain",
    "GraphSAGEConfig",
    "LightGCNConfig",
    "Needs",
    "PipelineConfig",
    "StepName",
    "StepSpec",
    "Task",
    "child_environment",
    "config_dir",
    "flow_of",
    "is_part_of",
    "load_pipeline",
    "regions_of_day",
    "shape_of",
    "sources_of",
    "tasks_of_day",
    "triggered_overrides",
]
