"""The figures of a trained model."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from graphrec_core.config.steps import StepName
from graphrec_core.lake.records.figures import Figures


@dataclass(frozen=True)
class Audited:
    """How much of a training was audited.

    Attributes:
        num_batches: Batches that training ran.
        num_audited: Those whose message edges were checked; 0 for an exempt encoder.
    """

    num_batches: int = 0
    num_audited: int = 0

    def __add__(self, other: "Audited") -> "Audited":
        return Audited(self.num_batches + other.num_batches, self.num_audited + other.num_audited)


class ModelFigures(Figures):
    """How a model was trained. What older versions did not store has a default.

    Attributes:
        num_epochs: Epochs that ran to find their number, on the fit view; or the fixed number.
        best_epoch: The number of epochs that the weights were trained for.
        why_fixed: Why that is fixed; None: it was found on the fit view.
        validation_metric: What it was found by, such as ``recall@20``; None: it is fixed.
        validation_value: Its value at that epoch, on the fit holdout.
        num_parameters: Trained numbers.
        num_rows: Node type -> nodes of the train view.
        device: cpu | cuda.
        supervision_edges: How the encoder is kept from hearing the pairs that it is trained on.
        supervision_audit: How many batches were checked for that.
        dropped_features: Node type -> columns that are constant on the train view, and left out.
        feature_drift: Column -> how far the serve view's values are from the train view's.
    """

    step: ClassVar[StepName] = StepName.TRAIN

    num_epochs: int
    best_epoch: int | None = None
    why_fixed: str | None = None
    validation_metric: str | None = None
    validation_value: float | None = None
    num_parameters: int
    num_rows: dict[str, int] = Field(default_factory=dict)
    device: str
    supervision_edges: str
    supervision_audit: Audited = Audited()
    dropped_features: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    feature_drift: dict[str, float] = Field(default_factory=dict)
