"""What is optimised for each kind of task: the one place of training that knows the task."""

from graphrec_core.training.objectives.objective import (
    Metric,
    Objective,
    Question,
    TrainingSet,
    ValidationSet,
)
from graphrec_core.training.objectives.registry import OBJECTIVES, build_objective

__all__ = [
    "OBJECTIVES",
    "Metric",
    "Objective",
    "Question",
    "TrainingSet",
    "ValidationSet",
    "build_objective",
]
