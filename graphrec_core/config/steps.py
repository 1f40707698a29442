"""The table of steps: what each one's result depends on, and how many results a day has.

An artefact's id is a hash over these (see ``graphrec_core.lake.identity``); ``graphrec_core.day``
derives every id, folder and inputs of a day from this table. Bump ``version`` when a change to the
code changes a step's result; ``tests/config/test_steps.py`` holds the golden ids.
"""

from dataclasses import dataclass
from enum import StrEnum

from graphrec_core.config.gate import AppliedBy, GateConfig
from graphrec_core.types import View


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


class Grain(StrEnum):
    """How many results a step has in a day."""

    DAY = "day"
    MODEL = "model"  # one per region, or one of all regions where the model is global
    REGION = "region"


@dataclass(frozen=True)
class StepInput:
    """An earlier step's result that a step reads.

    Attributes:
        role: What it is to the step; its key among the inputs of a manifest.
        step: The step that makes it.
        view: The view it is of; None where the step has one result for all views.
    """

    role: str
    step: StepName
    view: View | None = None


@dataclass(frozen=True)
class StepSpec:
    """What identifies a step's result beside its instant and its region.

    Attributes:
        version: Counts changes of the code that change the result.
        settings: Dotted keys of the configuration that the result depends on.
        grain: How many results a day has.
        inputs: Results of earlier steps that it reads. What else a run gives it as input, such as
            earlier releases, stands in the manifest beside them.
        has_views: Whether each view has a result of its own.
    """

    version: int
    settings: tuple[str, ...]
    grain: Grain = Grain.DAY
    inputs: tuple[StepInput, ...] = ()
    has_views: bool = False


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

_SNAPSHOT = StepInput("snapshot", StepName.SNAPSHOT)

STEPS: dict[StepName, StepSpec] = {
    StepName.WAIT: StepSpec(1, ()),
    StepName.VALIDATE: StepSpec(11, (*_CANONICAL, *_RULES, "task", "time", "region.home")),
    StepName.SNAPSHOT: StepSpec(
        12, (*_CANONICAL, "source.earliest_time", "task", "time", "region")
    ),
    StepName.CHECK: StepSpec(2, ("task", "quality"), inputs=(_SNAPSHOT,)),
    StepName.TRAIN: StepSpec(
        6,
        ("task", "model", "training", "quality.max_feature_drift", "quality.min_count"),
        Grain.MODEL,
        (_SNAPSHOT,),
    ),
    StepName.EMBED: StepSpec(
        4,
        _gate_settings(StepName.EMBED),
        Grain.MODEL,
        (_SNAPSHOT, StepInput("model", StepName.TRAIN)),
        has_views=True,
    ),
    StepName.EVALUATE: StepSpec(
        3,
        ("task", *_MEASURED, *_gate_settings(StepName.EVALUATE)),
        Grain.REGION,
        (_SNAPSHOT, StepInput("embedding", StepName.EMBED, View.TRAIN)),
    ),
    StepName.SHARD: StepSpec(
        6,
        ("task", "index", "evaluation.recent_days", *_gate_settings(StepName.SHARD)),
        Grain.REGION,
        (_SNAPSHOT, StepInput("embedding", StepName.EMBED, View.SERVE)),
    ),
    StepName.PUBLISH: StepSpec(2, ("gate", "publish")),
    StepName.REPORT: StepSpec(1, ()),
}
"""Each step, in the order of a day."""
