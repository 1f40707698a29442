"""Early stopping: the best weights so far, and whether to go on looking for better ones."""

from torch import Tensor

from graphrec_core.models.encoder import Encoder
from graphrec_core.training.objectives.objective import Metric


class Stopper:
    """Keeps the weights of the best look.

    Args:
        metric: Says which of two values is better.
        patience: Looks without progress before training stops.

    Attributes:
        best_epoch: The epoch of the best look; 0 before the first one.
    """

    def __init__(self, metric: Metric, patience: int) -> None:
        self._metric, self._patience, self._misses = metric, patience, 0
        self._best: float | None = None
        self._weights: dict[str, Tensor] = {}
        self.best_epoch = 0

    def should_stop(self, epoch: int, value: float, encoder: Encoder) -> bool:
        """Takes note of a look; returns whether ``patience`` looks brought nothing."""
        if self._metric.is_better(value, self._best):
            self._best, self.best_epoch, self._misses = value, epoch, 0
            self._weights = {key: value.clone() for key, value in encoder.state_dict().items()}
            return False
        self._misses += 1
        return self._misses >= self._patience

    def restore(self, encoder: Encoder) -> None:
        """Puts the best weights back."""
        encoder.load_state_dict(self._weights)
