import subprocess
import sys

import pytest
import torch

from graphrec_core.config import child_environment
from graphrec_core.graph import MessageGraph
from graphrec_core.graph.sampling import NeighborSampler

NONE = torch.empty(0, dtype=torch.int64)


@pytest.fixture
def messages() -> MessageGraph:
    generator = torch.Generator().manual_seed(0)
    edges = torch.randint(0, 50, (2, 400), generator=generator)
    return MessageGraph.from_edges(50, edges[0], edges[1])


def sampled_keys(sampler: NeighborSampler, seeds, src, dst) -> list[set[int]]:
    blocks = sampler.sample(seeds, src, dst)
    return [
        set((block.src_nodes[block.dst] * 50 + block.src_nodes[block.src]).tolist())
        for block in blocks
    ]


def test_full_fanout_gives_exactly_the_neighbours(messages):
    seeds = torch.tensor([7, 3, 20])

    blocks = NeighborSampler(messages, (-1, -1), seed=0).sample(seeds, NONE, NONE)

    last = blocks[-1]
    assert last.src_nodes[: last.num_dst].tolist() == seeds.tolist()
    found = sorted((last.src_nodes[last.dst] * 50 + last.src_nodes[last.src]).tolist())
    expected = sorted(int(key) for key in messages.keys if int(key) // 50 in seeds.tolist())
    assert found == expected
    assert blocks[0].src_nodes[: blocks[0].num_dst].tolist() == last.src_nodes.tolist()


@pytest.mark.parametrize("fanouts", [(-1, -1), (5, 5)])
def test_every_sampled_edge_exists_and_fanout_holds(messages, fanouts):
    blocks = NeighborSampler(messages, fanouts, seed=0).sample(torch.arange(50), NONE, NONE)

    for block, fanout in zip(blocks, reversed(fanouts), strict=True):
        keys = block.src_nodes[block.dst] * 50 + block.src_nodes[block.src]
        assert torch.equal(messages.keys[block.edge_ids], keys)
        assert len(torch.unique(keys)) == len(keys)
        if fanout > 0:
            assert int(torch.bincount(block.dst).max()) <= fanout


def test_supervision_edges_are_absent_in_both_directions(messages):
    src, dst = messages.src[::3], messages.dst[::3]
    forbidden = set((dst * 50 + src).tolist()) | set((src * 50 + dst).tolist())
    seeds = torch.arange(50)

    masked = sampled_keys(NeighborSampler(messages, (-1, 5), seed=0), seeds, src, dst)
    # The failing twin: without exclusion the same edges are there.
    open_ = sampled_keys(NeighborSampler(messages, (-1, 5), seed=0), seeds, NONE, NONE)

    assert all(not keys & forbidden for keys in masked)
    assert all(keys & forbidden for keys in open_)
    assert masked[-1] == set(messages.keys.tolist()) - forbidden


def test_one_seed_gives_one_sample_on_any_number_of_threads():
    """Large enough for DGL to split the work: on two threads it would not repeat itself."""
    edges = torch.randint(0, 3000, (2, 40_000), generator=torch.Generator().manual_seed(0))
    messages = MessageGraph.from_edges(3000, edges[0], edges[1])
    before = torch.get_num_threads()
    torch.set_num_threads(2)

    def draw(seed: int) -> list[list[int]]:
        sampler = NeighborSampler(messages, (8, 4), seed=seed)
        blocks = [sampler.sample(torch.arange(2000), NONE, NONE) for _ in range(3)]
        return [block.src_nodes.tolist() for batch in blocks for block in batch]

    try:
        draws = [draw(seed) for seed in (1, 1, 2)]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert draws[0] == draws[1]
    assert draws[0] != draws[2]


@pytest.mark.process
def test_importing_writes_nothing_to_the_home_folder(tmp_path):
    environment = child_environment(HOME=str(tmp_path))
    environment.pop("DGLBACKEND", None)

    subprocess.run(
        [sys.executable, "-c", "import graphrec_core.graph.sampling"], check=True, env=environment
    )

    assert list(tmp_path.iterdir()) == []
