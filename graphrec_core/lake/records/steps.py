"""The table of figures: which model a step's manifest carries."""

from collections.abc import Mapping
from typing import Any

from graphrec_core.config.steps import StepName
from graphrec_core.lake.records.evaluation import EvaluationFigures
from graphrec_core.lake.records.figures import Figures
from graphrec_core.lake.records.shard import ShardFigures

FIGURES: Mapping[str, type[Figures]] = {
    StepName.EVALUATE: EvaluationFigures,
    StepName.SHARD: ShardFigures,
}
"""Step -> the model of its figures; a step that is not here stores plain JSON values."""


def stats_of(step: StepName, figures: Figures | Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a manifest of ``step`` stores.

    Raises:
        TypeError: The step has a model, and ``figures`` is not one of it.
    """
    kind = FIGURES.get(step)
    if kind is not None and not isinstance(figures, kind):
        raise TypeError(f"{step} commits {kind.__name__}, not {type(figures).__name__}")
    return figures.to_json() if isinstance(figures, Figures) else dict(figures)
