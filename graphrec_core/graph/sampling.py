"""Neighbour sampling by DGL, which lives here and nowhere else; plain tensors come out.

Graphs are int64 only: DGL 1.1.3 returns corrupt blocks for int32 graphs. DGL draws on one
thread only: on several, equal seeds give different samples.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from graphrec_core.config.loader import set_default_environment
from graphrec_core.graph.block import Block
from graphrec_core.graph.messages import MessageGraph

set_default_environment("DGLBACKEND", "pytorch")

import dgl  # noqa: E402  (without a chosen backend the import writes to the home folder)


class NeighborSampler:
    """Samples the neighbourhood of seeds, layer by layer, without the batch's own answers.

    Args:
        messages: The graph to sample from.
        fanouts: Neighbours per node, nearest the seeds first; -1 takes all.
        seed: Seed of DGL's generators.
    """

    def __init__(self, messages: MessageGraph, fanouts: Sequence[int], seed: int) -> None:
        self._messages, self._fanouts = messages, tuple(fanouts)
        no_eids = torch.empty(0, dtype=torch.int64)  # edge id = position in CSR
        csc = ("csc", (messages.indptr, messages.src, no_eids))
        self._graph = dgl.graph(csc, num_nodes=messages.num_nodes)
        with _one_thread():
            dgl.seed(seed)

    def sample(self, seeds: Tensor, pair_src: Tensor, pair_dst: Tensor) -> list[Block]:
        """Samples blocks for ``seeds``.

        Args:
            seeds: int64 [B] distinct global indices.
            pair_src: int64 [P] supervision pairs of the batch; neither (src, dst) nor (dst, src)
                carries a message.
            pair_dst: int64 [P].

        Returns:
            One block per layer, the farthest from the seeds first; the last block's
            ``src_nodes[:num_dst]`` are the seeds in their order.
        """
        excluded = self._messages.both_directions(pair_src, pair_dst)
        blocks: list[Block] = []
        with _one_thread():
            for fanout in self._fanouts:
                blocks.insert(0, self._sample_layer(seeds, fanout, excluded))
                seeds = blocks[0].src_nodes
        return blocks

    def _sample_layer(self, seeds: Tensor, fanout: int, excluded: Tensor) -> Block:
        frontier = dgl.sampling.sample_neighbors(
            self._graph, seeds, fanout, exclude_edges=excluded if len(excluded) else None
        )
        block = dgl.to_block(frontier, seeds)
        src, dst = block.edges()
        edge_ids = frontier.edata[dgl.EID][block.edata[dgl.EID]]
        return Block(block.srcdata[dgl.NID], src, dst, edge_ids, block.num_dst_nodes())


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keeps DGL to one thread; gives torch, which shares the setting, its threads back."""
    num_threads = torch.get_num_threads()
    dgl.utils.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)
