"""When a run's gate is looser than the YAML's: it needs a name, and the release keeps both.

The gate is every setting that decides what is judged and how. A setting whose looser direction is
not declared here counts as looser wherever it differs.
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_jsonable_python

from graphrec_core.config.delivery import IndexConfig
from graphrec_core.config.judging import EvaluationConfig, GateConfig

LOOSER: dict[str, Literal["lower", "higher", "fewer"]] = {
    "gate.min_recall": "lower",
    "gate.min_mrr": "lower",
    "gate.min_ann_recall": "lower",
    "gate.min_refit_overlap": "lower",
    "gate.baselines": "fewer",
    "gate.tolerance_frac": "higher",
    "evaluation.k": "higher",  # every recommender finds everything among enough of them
    "index.num_recall_queries": "lower",
}
"""Dotted key -> which values are looser than the YAML's."""
NO_PART = frozenset({"evaluation.block_size", "index.factory", "index.ef_search", "index.nprobe"})
"""Settings of the same sections that judge nothing: they change cost, or the index judged."""


class Judging(Protocol):
    """What has the sections that a gate is made of."""

    @property
    def evaluation(self) -> EvaluationConfig:
        """What is measured."""
        ...

    @property
    def gate(self) -> GateConfig:
        """The rules."""
        ...

    @property
    def index(self) -> IndexConfig:
        """How the index is measured."""
        ...


class _JudgingSections(BaseModel):
    model_config = ConfigDict(extra="ignore")

    evaluation: EvaluationConfig = EvaluationConfig()
    gate: GateConfig = GateConfig()
    index: IndexConfig = IndexConfig()


def gate_settings(config: Judging) -> dict[str, Any]:
    """Returns the settings of a gate as JSON values, by dotted key."""
    sections = {"evaluation": config.evaluation, "gate": config.gate, "index": config.index}
    return {
        f"{name}.{key}": to_jsonable_python(value)
        for name, section in sections.items()
        for key, value in section
        if f"{name}.{key}" not in NO_PART
    }


def gate_of_yaml(data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the gate of a pipeline's mapping, before any override.

    Raises:
        ValidationError: It is no gate.
    """
    return gate_settings(_JudgingSections.model_validate(data))


def looser_than(used: Mapping[str, Any], yaml_gate: Mapping[str, Any]) -> list[str]:
    """Says how one gate is looser than another: ``gate.min_mrr is 0, the YAML says 0.1``."""
    return [
        f"{key} is {used.get(key)}, the YAML says {yaml_gate.get(key)}"
        for key in sorted({*used, *yaml_gate})
        if _is_looser(key, used.get(key), yaml_gate.get(key))
    ]


def _is_looser(key: str, used: Any, said: Any) -> bool:  # noqa: ANN401  (any setting)
    match LOOSER.get(key):
        case "lower":
            return bool(used < said)
        case "higher":
            return bool(used > said)
        case "fewer":
            return bool(set(said) - set(used))
        case _:
            return bool(used != said)
