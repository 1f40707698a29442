import numpy as np
import torch

from graphrec_core.config import LightGCNConfig
from graphrec_core.graph import Messages
from graphrec_core.models.encoder import EncoderInputs
from graphrec_core.models.lightgcn import LightGCN, propagate


def inputs_of(messages: Messages, rows: torch.Tensor) -> EncoderInputs:
    return EncoderInputs(messages, rows, {}, {}, torch.device("cpu"))


def test_two_users_two_items_by_hand():
    """Edges u0-i0, u0-i1, u1-i1: degrees 2, 1, 1, 2. One layer, one dimension, mean of two."""
    src, dst = torch.tensor([0, 0, 1]), torch.tensor([2, 3, 3])
    model = LightGCN(LightGCNConfig(embedding_dim=1, num_layers=1), 4, {})
    with torch.no_grad():
        model.ids_RH.copy_(torch.tensor([[1.0], [2.0], [3.0], [4.0]]))

    h = model.encode(inputs_of(Messages(4, {"e": (src, dst)}), torch.arange(4)))

    root = 2**0.5
    expected = [
        (1 + 3 / root + 4 / 2) / 2,
        (2 + 4 / root) / 2,
        (3 + 1 / root) / 2,
        (4 + 1 / 2 + 2 / root) / 2,
    ]
    np.testing.assert_allclose(h.detach().numpy()[:, 0], expected, rtol=1e-6)


def test_weights_change_the_ranking_as_computed_by_hand():
    """A user is as near to both items by their edges; by weights the one of 9 visits is nearer."""
    src, dst = torch.tensor([0, 0, 1, 1]), torch.tensor([2, 3, 2, 3])
    weights = torch.tensor([9.0, 1.0, 1.0, 1.0], dtype=torch.float64)
    inputs = EncoderInputs(
        Messages(4, {"e": (src, dst)}),
        torch.arange(4),
        {},
        {},
        torch.device("cpu"),
        {"e": weights},
    )
    scores = {}
    for weighted in (False, True):
        config = LightGCNConfig(embedding_dim=2, num_layers=1, weighted=weighted)
        model = LightGCN(config, 4, {})
        with torch.no_grad():
            model.ids_RH.copy_(torch.tensor([[1.0, 0], [0, 1.0], [0, 0], [0, 0]]))
        h = model.encode(inputs).detach()
        scores[weighted] = (h[0] @ h[2:].T).numpy()
    # Item vectors are w_ui / sqrt(d_u d_i) / 2 per user, the user's own is (1/2, 0).
    np.testing.assert_allclose(scores[False], [1 / 2 / 4, 1 / 2 / 4], rtol=1e-6)
    expected = [9 / (10 * 10) ** 0.5 / 4, 1 / (10 * 2) ** 0.5 / 4]
    np.testing.assert_allclose(scores[True], expected, rtol=1e-6)


def test_equals_a_dense_reference_and_its_gradient():
    generator = torch.Generator().manual_seed(0)
    edges = torch.randint(0, 30, (2, 120), generator=generator)
    messages = Messages(30, {"e": (edges[0], edges[1])})
    model = LightGCN(LightGCNConfig(embedding_dim=5, num_layers=3), 30, {})
    model.reset(generator)
    dense = messages.flat.normalised().to_dense()
    start = model.ids_RH.detach().clone().requires_grad_(True)
    layers = [start]
    for _ in range(3):
        layers.append(dense @ layers[-1])
    expected = torch.stack(layers).mean(dim=0)

    h = model.encode(inputs_of(messages, torch.arange(30)))

    torch.testing.assert_close(h, expected)
    torch.autograd.backward([h.square().sum()])
    torch.autograd.backward([expected.square().sum()])
    torch.testing.assert_close(model.ids_RH.grad, start.grad)


def test_propagate_passes_a_numerical_gradient_check():
    messages = Messages(4, {"e": (torch.tensor([0, 1, 2]), torch.tensor([3, 3, 0]))})
    adjacency = messages.flat.normalised().to(torch.float64)
    start = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(lambda h: propagate(adjacency, h), [start])
