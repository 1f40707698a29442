import numpy as np
import pytest
import torch

from graphrec_core.config import GraphSAGEConfig
from graphrec_core.graph import Messages
from graphrec_core.graph.sampling import NeighborSampler
from graphrec_core.models.encoder import EncoderInputs
from graphrec_core.models.graphsage import GraphSAGE, SageLayer


def test_a_layer_equals_a_naive_loop():
    torch.manual_seed(0)
    layer, h = SageLayer(3, 2), torch.randn(5, 3)
    src, dst = torch.tensor([0, 1, 4, 4]), torch.tensor([2, 2, 2, 0])

    found = layer(h[:4], h, src, dst).detach().numpy()

    weight, bias = layer.linear.weight.detach().numpy(), layer.linear.bias.detach().numpy()
    vectors = h.numpy()
    neighbours = {0: [4], 1: [], 2: [0, 1, 4], 3: []}
    for node, heard in neighbours.items():
        mean = np.mean(vectors[heard], axis=0) if heard else np.zeros(3)
        expected = weight @ np.concatenate([vectors[node], mean]) + bias
        np.testing.assert_allclose(found[node], expected, rtol=1e-5)


def test_a_layer_of_weights_and_edge_features_equals_a_naive_loop():
    torch.manual_seed(0)
    layer, h, x = SageLayer(3, 2, edge_width=2), torch.randn(5, 3), torch.randn(5, 2)
    src, dst = torch.tensor([0, 1, 4, 4, 0]), torch.tensor([2, 2, 2, 0, 3])
    weight = torch.tensor([2.0, 0.5, 0.0, 3.0, 0.0])  # node 3 hears with a weight of zero alone

    found = layer(h[:4], h, src, dst, weight, x).detach().numpy()

    matrix, bias = layer.linear.weight.detach().numpy(), layer.linear.bias.detach().numpy()
    for node, heard in {0: [3], 1: [], 2: [0, 1, 2], 3: [4]}.items():
        said = np.zeros(5)
        total = sum(float(weight[edge]) for edge in heard)
        for edge in heard:
            message = np.concatenate([h[src[edge]].numpy(), x[edge].numpy()])
            said += float(weight[edge]) * message / (total or 1)
        expected = matrix @ np.concatenate([h[node].numpy(), said]) + bias
        np.testing.assert_allclose(found[node], expected, rtol=1e-5, atol=1e-6)


def test_an_edge_feature_changes_the_vector_as_computed_by_hand():
    """One layer that copies: node 0 hears node 1 and the two features of the edge between them."""
    config = GraphSAGEConfig(
        embedding_dim=2, hidden_dim=1, num_layers=1, use_ids=False, edge_features=True
    )
    model = GraphSAGE(config, 2, {"n": 1}, edge_width=1)
    ones, eye = torch.ones(1, 1), torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    model.load_state_dict(
        {
            "ids_RH": torch.zeros(0, 1),
            "projections.of_n.weight": ones,
            "projections.of_n.bias": torch.zeros(1),
            "layers.0.linear.weight": eye,  # what is heard: the neighbour's value, the feature
            "layers.0.linear.bias": torch.zeros(2),
        }
    )
    messages = Messages(2, {"e": (torch.tensor([0]), torch.tensor([1]))})
    for feature in (4.0, -2.0):
        inputs = EncoderInputs(
            messages,
            torch.tensor([-1, -1]),
            {"n": torch.tensor([[5.0], [3.0]])},
            {"n": slice(0, 2)},
            torch.device("cpu"),
            edge_features={"e": torch.tensor([[feature]])},
        )
        heard = np.array([[3.0, feature], [5.0, feature]])
        expected = heard / np.linalg.norm(heard, axis=1, keepdims=True)
        np.testing.assert_allclose(model.encode(inputs).detach().numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("edge_features", [False, True])
def test_blocks_of_full_fanout_equal_layer_wise_inference(weighted, edge_features):
    generator = torch.Generator().manual_seed(0)
    edges = torch.randint(0, 40, (2, 150), generator=generator)
    messages = Messages(40, {"e": (edges[0], edges[1])})
    config = GraphSAGEConfig(
        embedding_dim=6, hidden_dim=8, num_layers=3, fanouts=(-1, -1, -1),
        weighted=weighted, edge_features=edge_features,
    )  # fmt: skip
    model = GraphSAGE(config, 40, {"items": 3, "user": 2}, edge_width=2)
    model.reset(generator)
    features = {
        "items": torch.randn(25, 3, generator=generator),
        "user": torch.randn(15, 2, generator=generator),
    }
    slices = {"items": slice(0, 25), "user": slice(25, 40)}
    rows = torch.arange(40)
    rows[10] = -1
    inputs = EncoderInputs(
        messages, rows, features, slices, torch.device("cpu"),
        {"e": torch.rand(150, generator=generator).double()},
        {"e": torch.randn(150, 2, generator=generator)},
    )  # fmt: skip
    seeds, none = torch.tensor([30, 2, 10, 39]), torch.empty(0, dtype=torch.int64)

    blocks = NeighborSampler(messages.flat, config.fanouts, seed=0).sample(seeds, none, none)

    whole = model.encode(inputs)
    torch.testing.assert_close(model.encode_blocks(inputs, blocks), whole[seeds])
    torch.testing.assert_close(model.encode(inputs, block_size=7), whole)
    torch.testing.assert_close(whole.norm(dim=1), torch.ones(40))
