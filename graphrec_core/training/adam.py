"""Adam, without the 1.5 s in which ``torch.optim.Adam`` loads torch's compiler."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim.adam import adam

BETAS, EPS = (0.9, 0.999), 1e-8


class Adam:
    """Moves weights after Kingma and Ba, "Adam: a method for stochastic optimization" (2015).

    One step is torch's own function; the class around it loads the compiler to keep out of it.

    Args:
        weights: What is moved.
        learning_rate: Step size.
    """

    def __init__(self, weights: Iterable[Tensor], learning_rate: float) -> None:
        self._weights, self._learning_rate = list(weights), learning_rate
        self._steps = [torch.tensor(0.0) for _ in self._weights]
        self._means = [torch.zeros_like(one) for one in self._weights]
        self._squares = [torch.zeros_like(one) for one in self._weights]

    def forget_gradients(self) -> None:
        """Prepares for the next loss, since torch adds to gradients that are there."""
        for one in self._weights:
            one.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Moves each weight that has a gradient."""
        states = zip(self._weights, self._means, self._squares, self._steps, strict=True)
        moved = [(w, w.grad, *state) for w, *state in states if w.grad is not None]
        if not moved:
            return
        weights, gradients, means, squares, steps = map(list, zip(*moved, strict=True))
        adam(
            weights, gradients, means, squares, [], steps, amsgrad=False, maximize=False,
            beta1=BETAS[0], beta2=BETAS[1], lr=self._learning_rate, weight_decay=0.0, eps=EPS,
        )  # fmt: skip
