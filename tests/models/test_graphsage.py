import numpy as np
import torch

from graphrec_core.config import GraphSAGEConfig
from graphrec_core.graph import MessageGraph
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


def test_blocks_of_full_fanout_equal_layer_wise_inference():
    generator = torch.Generator().manual_seed(0)
    edges = torch.randint(0, 40, (2, 150), generator=generator)
    messages = MessageGraph.from_edges(40, edges[0], edges[1])
    config = GraphSAGEConfig(embedding_dim=6, hidden_dim=8, num_layers=3, fanouts=(-1, -1, -1))
    model = GraphSAGE(config, 40, {"items": 3, "user": 2})
    model.reset(generator)
    features = {
        "items": torch.randn(25, 3, generator=generator),
        "user": torch.randn(15, 2, generator=generator),
    }
    slices = {"items": slice(0, 25), "user": slice(25, 40)}
    rows = torch.arange(40)
    rows[10] = -1
    inputs = EncoderInputs(messages, rows, features, slices, torch.device("cpu"))
    seeds, none = torch.tensor([30, 2, 10, 39]), torch.empty(0, dtype=torch.int64)

    blocks = NeighborSampler(messages, config.fanouts, seed=0).sample(seeds, none, none)

    whole = model.encode(inputs)
    torch.testing.assert_close(model.encode_blocks(inputs, blocks), whole[seeds])
    torch.testing.assert_close(model.encode(inputs, block_size=7), whole)
    torch.testing.assert_close(whole.norm(dim=1), torch.ones(40))
