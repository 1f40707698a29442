"""The table of steps: each one's version and the configuration sections its result depends on.

An artefact's id is a hash over these (see ``graphrec_core.lake.identity``). Bump ``version`` when
a change to the code changes a step's result; ``tests/config/test_steps.py`` holds the golden ids.
"""

from dataclasses import dataclass
from enum import StrEnum

from graphrec_core.config.judging import AppliedBy, GateConfig


class StepName(StrEnum):
    """A step: its CLI command, its Airflow task and, with underscores, its file in ``jobs/``."""

    WAIT = "wait-for-source"
    VALIDATE = "validate-source"
    SNAPSHOT = "build-snapshot"
    CHECK = "check-snapshot"
    TRAIN = "train-model"
    EMBED = "generate-embeddings"
    EVALUATE = "evaluate-model"
    SHARD = "build-shard"
    PUBLISH = "publish-release"
    REPORT = "write-report"


@dataclass(frozen=True)
class StepSpec:
    """What identifies a step's result beside its inputs, its instant and its region.

    Attributes:
        version: Counts changes of the code that change the result.
        sections: Dotted keys of the configuration that the result depends on.
    """

    version: int
    sections: tuple[str, ...]


_CANONICAL = (
    "source.town",
    "source.formats",  # how tables are read, not where they lie
    "source.nodes",
    "source.edges",
    "source.features",
    "source.holidays",
)
_MEASURED = (
    "evaluation.k",
    "evaluation.depth",
    "evaluation.cold_start_max_degree",
    "evaluation.low_degree_max",
    "evaluation.recent_days",
)


def _gate_settings(step: StepName) -> tuple[str, ...]:
    """Returns the settings of the gate that a step applies; a new one is evaluate-model's."""
    applied = {
        name: next(
            (mark.step for mark in field.metadata if isinstance(mark, AppliedBy)),
            str(StepName.EVALUATE),
        )
        for name, field in GateConfig.model_fields.items()
    }
    return tuple(f"gate.{name}" for name, by in applied.items() if by == step)


_RULES = ("source.earliest_time", "source.max_bad_rows_frac")

STEPS: dict[StepName, StepSpec] = {
    StepName.WAIT: StepSpec(1, ()),
    StepName.VALIDATE: StepSpec(9, (*_CANONICAL, *_RULES, "task", "time", "region.home")),
    StepName.SNAPSHOT: StepSpec(
        10, (*_CANONICAL, "source.earliest_time", "task", "time", "region")
    ),
    StepName.CHECK: StepSpec(2, ("task", "quality")),
    StepName.TRAIN: StepSpec(
        6,
        ("task", "model", "training", "quality.max_feature_drift", "quality.min_count"),
    ),
    StepName.EMBED: StepSpec(4, _gate_settings(StepName.EMBED)),
    StepName.EVALUATE: StepSpec(3, ("task", *_MEASURED, *_gate_settings(StepName.EVALUATE))),
    StepName.SHARD: StepSpec(
        4, ("task", "index", "evaluation.recent_days", *_gate_settings(StepName.SHARD))
    ),
    StepName.PUBLISH: StepSpec(2, ("gate", "publish")),
    StepName.REPORT: StepSpec(1, ()),
}
