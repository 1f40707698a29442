"""The table of figures: which model a step's manifest carries."""

from collections.abc import Mapping
from typing import Any

from graphrec_core.config.steps import StepName
from graphrec_core.lake.records.check import CheckFigures
from graphrec_core.lake.records.embedding import EmbeddingFigures
from graphrec_core.lake.records.evaluation import EvaluationFigures
from graphrec_core.lake.records.figures import Figures
from graphrec_core.lake.records.model import ModelFigures
from graphrec_core.lake.records.shard import ShardFigures
from graphrec_core.lake.records.snapshot import SnapshotFigures
from graphrec_core.lake.records.validation import ValidationFigures

FIGURES: Mapping[str, type[Figures]] = {
    StepName.VALIDATE: ValidationFigures,
    StepName.SNAPSHOT: SnapshotFigures,
    StepName.CHECK: CheckFigures,
    StepName.TRAIN: ModelFigures,
    StepName.EMBED: EmbeddingFigures,
    StepName.EVALUATE: EvaluationFigures,
    StepName.SHARD: ShardFigures,
}
"""Step that commits an artefact -> the model of its figures."""


def stats_of(step: StepName, figures: Figures) -> dict[str, Any]:
    """Returns what a manifest of ``step`` stores.

    Raises:
        TypeError: ``figures`` is not of the step's model.
    """
    kind = FIGURES[step]
    if not isinstance(figures, kind):
        raise TypeError(f"{step} commits {kind.__name__}, not {type(figures).__name__}")
    return figures.to_json()
