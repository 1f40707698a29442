import subprocess
import sys

import pytest
import torch
from torch import Tensor

from graphrec_core.training.adam import Adam

PROGRAM = """
import sys
import torch
from graphrec_core.training.adam import Adam

def step_with(optimizer_class):
    weight = torch.ones(3, requires_grad=True)
    try:
        optimizer = optimizer_class([weight], 0.1)
        weight.square().sum().backward()
        optimizer.step()
    except ImportError as error:
        return error.name
    return "not loaded" if sys.modules["torch._dynamo"] is None else "loaded"

sys.modules["torch._dynamo"] = None  # to load it is an error now
print(step_with(Adam), step_with(torch.optim.Adam), sep=", ")
"""


def weights() -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = [(5, 4), (3,), (2, 2)]
    return [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]


def loss_of(moved: list[Tensor], number: int) -> Tensor:
    """Of the last weight only every other time, so that its count of steps differs."""
    used = moved if number % 2 else moved[:2]
    return torch.stack([(one * (number + 1)).sin().sum() for one in used]).sum()


def test_every_bit_is_that_of_torch() -> None:
    ours, theirs = weights(), weights()
    adam, reference = Adam(ours, 0.03), torch.optim.Adam(theirs, lr=0.03)
    for number in range(20):
        for moved, optimizer in ((ours, adam), (theirs, reference)):
            if optimizer is adam:
                adam.forget_gradients()
            else:
                reference.zero_grad()
            loss_of(moved, number).backward()
            optimizer.step()
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_the_first_step_by_hand() -> None:
    """Both averages are the gradient itself then, so each weight moves by the learning rate."""
    weight = torch.tensor([1.0, -2.0], requires_grad=True)
    (weight * torch.tensor([3.0, -0.5])).sum().backward()
    Adam([weight], 0.1).step()
    assert weight.tolist() == pytest.approx([0.9, -1.9])


def test_without_gradients_nothing_moves() -> None:
    weight = torch.ones(2, requires_grad=True)
    Adam([weight], 0.1).step()
    assert weight.tolist() == [1, 1]


@pytest.mark.process
def test_the_compiler_is_not_loaded_as_torchs_own_class_would() -> None:
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "not loaded, torch._dynamo\n"
