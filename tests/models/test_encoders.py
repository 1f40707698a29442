"""The behavioural contract that every encoder of the registry keeps."""

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor

from graphrec_core.config.recommenders import AnyModel, encoders
from graphrec_core.graph import Messages, Relation
from graphrec_core.models.encoder import Encoder, EncoderInputs
from graphrec_core.models.registry import build_encoder

NUM_NODES = 20


@pytest.fixture(params=sorted(one.name for one in encoders()))
def encoder(request: pytest.FixtureRequest) -> Encoder:
    data = {"model": request.param, "embedding_dim": 8}
    encoder = build_encoder(
        TypeAdapter(AnyModel).validate_python(data), NUM_NODES, {"a": 2, "b": 3}
    )
    encoder.reset(torch.Generator().manual_seed(0))
    return encoder


def inputs_of(rows: torch.Tensor) -> EncoderInputs:
    """A ring of 19 nodes; node 19 is isolated."""
    nodes = torch.arange(NUM_NODES - 1)
    messages = Messages(NUM_NODES, {"follows": (nodes, (nodes + 1) % (NUM_NODES - 1))})
    features = {"a": torch.zeros(12, 2), "b": torch.zeros(8, 3)}
    slices = {"a": slice(0, 12), "b": slice(12, 20)}
    return EncoderInputs(messages, rows, features, slices, torch.device("cpu"))


def test_every_node_gets_a_finite_vector(encoder):
    h = encoder.encode(inputs_of(torch.arange(NUM_NODES)))

    assert h.shape == (NUM_NODES, 8)
    assert h.dtype == torch.float32
    assert bool(torch.isfinite(h).all())
    if encoder.is_normalised:
        torch.testing.assert_close(h.norm(dim=1), torch.ones(NUM_NODES))


def test_an_unknown_id_hears_its_neighbours_and_nobody_else(encoder):
    rows = torch.arange(NUM_NODES)
    rows[5] = rows[19] = -1

    h = encoder.encode(inputs_of(rows))

    assert h[5].norm().item() > 0
    assert h[19].norm().item() == 0


def test_a_graph_of_unknown_ids_has_finite_vectors(encoder):
    h = encoder.encode(inputs_of(torch.full((NUM_NODES,), -1)))

    assert bool(torch.isfinite(h).all())


def test_relabelling_nodes_relabels_vectors(encoder):
    """Swapping two nodes of one type, trained rows included, swaps their vectors."""
    inputs = inputs_of(torch.arange(NUM_NODES))
    swap = torch.arange(NUM_NODES)
    swap[2], swap[7] = 7, 2
    ends = swap[inputs.flat.src], swap[inputs.flat.dst]
    messages = Messages(NUM_NODES, {"follows": ends})
    swapped = EncoderInputs(messages, swap, inputs.features, inputs.slices, inputs.device)

    torch.testing.assert_close(encoder.encode(swapped)[swap], encoder.encode(inputs))


def test_training_reaches_every_part(encoder):
    h = encoder.encode(inputs_of(torch.arange(NUM_NODES)))
    weight = torch.randn(h.shape, generator=torch.Generator().manual_seed(1))

    torch.autograd.backward([(h * weight).sum()])

    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        # Features are all zero here, so only the projections' weights stay where they are.
        assert bool((parameter.grad != 0).any()) or "projections" in name, name


def test_the_seed_decides_the_initial_weights(encoder):
    first = {key: value.clone() for key, value in encoder.state_dict().items()}
    encoder.reset(torch.Generator().manual_seed(0))
    again = {key: value.clone() for key, value in encoder.state_dict().items()}
    encoder.reset(torch.Generator().manual_seed(1))

    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], value) for key, value in encoder.state_dict().items())


def test_it_says_what_happens_to_supervision_edges(encoder):
    assert encoder.supervision_edges.startswith(("masked", "exempt"))


class OneWay(Encoder):
    """Hears the dst of `follows` alone: messages by type and direction reach an encoder."""

    is_normalised, supervision_edges = False, "none"

    def reset(self, generator: torch.Generator) -> None:
        """Draws nothing."""

    def encode(self, inputs: EncoderInputs, block_size: int = 0) -> Tensor:
        heard = inputs.messages[Relation("follows", is_reverse=True)]
        values_N = inputs.rows_N.double()
        return torch.zeros_like(values_N).index_add(0, heard.dst, values_N[heard.src])


def test_an_encoder_may_hear_one_relation_alone() -> None:
    ends = {
        "follows": (torch.tensor([0, 0, 1]), torch.tensor([1, 2, 1])),
        "likes": (torch.tensor([2]), torch.tensor([0])),
    }
    inputs = EncoderInputs(
        Messages(3, ends), torch.tensor([1, 10, 100]), {}, {}, torch.device("cpu")
    )
    assert OneWay().encode(inputs).tolist() == [110, 0, 0]  # 1 follows itself, and hears nobody
