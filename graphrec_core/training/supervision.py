"""The audit of sampled batches: no batch hears the pairs that it is asked for."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from graphrec_core.errors import LeakageError
from graphrec_core.graph import RegionGraph
from graphrec_core.graph.block import Block
from graphrec_core.training.pairs import TaskPairs

NUM_NAMED = 5
LOW_BITS = (1 << 20) - 1
"""Marks by a key's low bits, so that a batch's many edges cost one look-up each."""


class SupervisionAudit:
    """Compares the edges of sampled blocks with the batch's own pairs.

    It asks the blocks themselves, not the sampler or its graph: a message edge is a pair of
    nodes, whichever edge type put it there.

    Args:
        graph: The graph that the pairs and the blocks come from; it names what is found.
    """

    def __init__(self, graph: RegionGraph) -> None:
        self._graph = graph
        self._marks = torch.zeros(LOW_BITS + 1, dtype=torch.bool)

    def check(self, blocks: Sequence[Block], batch: TaskPairs) -> None:
        """Checks one batch, all E edges of its blocks against its B pairs.

        Args:
            blocks: The sampled blocks, in global indices.
            batch: The pairs that the loss asks for.

        Raises:
            LeakageError: A block carries a pair of the batch, in either direction.
        """
        num_nodes = self._graph.num_nodes
        forth = batch.candidate * num_nodes + batch.query
        back = batch.query * num_nodes + batch.candidate
        forbidden = torch.cat([forth, back])
        self._marks[forbidden & LOW_BITS] = True
        ordered = np.sort(forbidden.numpy())
        leaked = [self._common(block, ordered) for block in blocks]
        self._marks[forbidden & LOW_BITS] = False
        if any(len(keys) for keys in leaked):
            raise self._leak(np.unique(np.concatenate(leaked)), len(batch))

    def _common(self, block: Block, ordered: np.ndarray) -> np.ndarray:
        """Returns the keys of a block that are in ``ordered``; few pass the marks by chance."""
        heard = (block.src_nodes * self._graph.num_nodes).index_select(0, block.dst)
        keys = heard.add_(block.src_nodes.index_select(0, block.src))
        marked = self._marks.index_select(0, keys & LOW_BITS)
        passed = keys.numpy()[np.flatnonzero(marked.numpy())]
        place = np.minimum(np.searchsorted(ordered, passed), len(ordered) - 1)
        return passed[ordered[place] == passed]

    def _leak(self, keys: np.ndarray, num_pairs: int) -> LeakageError:
        named = [name for key in keys[:NUM_NAMED].tolist() for name in self._edges_named(key)]
        return LeakageError(
            must="No message edge of a training batch may be one of the batch's own pairs, in "
            "either direction and of any edge type: the model would read the answer.",
            found=f"{len(keys)} such message edges in a batch of {num_pairs} pairs: "
            + "; ".join(named[:NUM_NAMED]),
            fix="Leave the batch's pairs out where neighbours are sampled, as NeighborSampler "
            "does with the pairs that it is given; then train again.",
        )

    def _edges_named(self, key: int) -> Iterator[str]:
        """Names a message edge, once per edge type that holds it in either direction."""
        dst, src = divmod(key, self._graph.num_nodes)
        message = f"{self._name(src)} -> {self._name(dst)}"
        is_held = False
        for etype, edges in self._graph.edges.items():
            forth = (edges.src == src) & (edges.dst == dst)
            back = (edges.src == dst) & (edges.dst == src)
            if bool(torch.any(forth | back)):
                is_held = True
                yield f"{message} ({etype})"
        if not is_held:
            yield f"{message} (of no edge type)"

    def _name(self, node: int) -> str:
        for ntype in self._graph.ntypes:
            where = self._graph.slice_of(ntype)
            if where.start <= node < where.stop:
                return f"{ntype} {self._graph.node_ids(ntype)[node - where.start].as_py()!r}"
        raise IndexError(f"no node {node} among {self._graph.num_nodes}")
