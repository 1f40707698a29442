"""The loop over epochs: passes, looks at the progress, early stopping."""

import logging
import time
from dataclasses import dataclass, field

import torch

from graphrec_core.config.training import TrainingConfig
from graphrec_core.lake.records import Audited
from graphrec_core.models.encoder import Encoder, EncoderInputs
from graphrec_core.training.batches import Batches
from graphrec_core.training.objectives.objective import Metric, ValidationSet
from graphrec_core.training.step import Step
from graphrec_core.training.stopping import Stopper

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """One look at the progress of training.

    Attributes:
        epoch: Passes over the examples so far.
        loss: Mean loss of the last pass.
        value: The validation's metric; None where there is no validation.
    """

    epoch: int
    loss: float
    value: float | None


@dataclass(frozen=True)
class Training:
    """A trained encoder and how it came about.

    Attributes:
        encoder: With its final weights.
        history: The looks of the run that chose the number of epochs.
        best_epoch: The number of epochs of the final weights.
        num_epochs: Epochs that ran before training stopped.
        metric: What chose the number of epochs; None where it was fixed.
        audited: How many batches were audited for unmasked supervision edges.
    """

    encoder: Encoder
    history: tuple[Look, ...] = ()
    best_epoch: int = 0
    num_epochs: int = 0
    metric: Metric | None = None
    audited: Audited = field(default_factory=Audited)

    @property
    def validation_value(self) -> float | None:
        """The metric at the best epoch."""
        values = [look.value for look in self.history if look.epoch == self.best_epoch]
        return values[0] if values else None


class Loop:
    """Trains an encoder in place, epoch by epoch.

    Args:
        encoder: With its initial weights.
        inputs: The graph that it hears.
        batches: What it is asked.
        training: The ``training`` section.
    """

    def __init__(
        self, encoder: Encoder, inputs: EncoderInputs, batches: Batches, training: TrainingConfig
    ) -> None:
        self._encoder, self._inputs, self._batches = encoder, inputs, batches
        self._training, self._step = training, Step(encoder, inputs, training)

    def run(self, num_epochs: int, validation: ValidationSet | None = None) -> Training:
        """Runs at most ``num_epochs``; with a validation keeps the best look's weights.

        Raises:
            LeakageError: A sampled batch heard one of its own pairs.
        """
        if validation is None:
            history = self._looks(num_epochs)
            return self._trained(history, best_epoch=num_epochs)
        stopper = Stopper(validation.metric, self._training.patience)
        history = self._looks(num_epochs, validation, stopper)
        stopper.restore(self._encoder)
        return self._trained(history, stopper.best_epoch, validation.metric)

    def _looks(
        self,
        num_epochs: int,
        validation: ValidationSet | None = None,
        stopper: Stopper | None = None,
    ) -> list[Look]:
        """Trains until the stopper stops it; returns every look, the last epoch's included."""
        started, looks = time.monotonic(), list[Look]()
        for epoch in range(1, num_epochs + 1):
            loss = self._pass()
            if epoch % self._training.eval_every and epoch != num_epochs:
                continue
            value = None if validation is None else self._measure(validation)
            looks.append(Look(epoch, loss, value))
            _report(looks[-1], validation, num_epochs, time.monotonic() - started)
            if stopper and value is not None and stopper.should_stop(epoch, value, self._encoder):
                break
        return looks

    def _pass(self) -> float:
        """Goes once over all examples; returns their mean loss."""
        total, num_examples = 0.0, 0
        for batch in self._batches.epoch():
            total += self._step.run(batch) * batch.num_examples
            num_examples += batch.num_examples
        return total / num_examples

    def _measure(self, validation: ValidationSet) -> float:
        with torch.no_grad():
            return validation.measure(self._encoder.encode(self._inputs))

    def _trained(
        self, history: list[Look], best_epoch: int, metric: Metric | None = None
    ) -> Training:
        return Training(
            self._encoder,
            tuple(history),
            best_epoch,
            history[-1].epoch,
            metric,
            self._batches.audited,
        )


def _report(look: Look, validation: ValidationSet | None, num_epochs: int, seconds: float) -> None:
    name = "" if validation is None else f" {validation.metric.name}"
    logger.info(
        "epoch %d/%d loss %.4f validation%s %s %.1f s, at most %.1f s to go",
        look.epoch,
        num_epochs,
        look.loss,
        name,
        "-" if look.value is None else f"{look.value:.4f}",
        seconds,
        seconds / look.epoch * (num_epochs - look.epoch),
    )
