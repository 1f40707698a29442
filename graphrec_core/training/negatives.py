"""Uniform negatives over the candidates that a query can be shown."""

import torch
from torch import Tensor

from graphrec_core.graph import RegionGraph
from graphrec_core.training.pairs import Pairs, negative_regions

NUM_REDRAWS = 3


class NegativeSampler:
    """Draws candidates of each query's region, leaving out the query's known positives.

    Legend: B positives of a batch, S shared negatives.

    Args:
        graph: The graph that the pairs come from.
        known: Pairs that are never negatives.
        generator: The source of chance, on the CPU.
    """

    def __init__(self, graph: RegionGraph, known: Pairs, generator: torch.Generator) -> None:
        self._num_nodes, self._generator = graph.num_nodes, generator
        self._regions = negative_regions(graph)
        self._pools = [graph.candidates[region] for region in graph.regions]
        sizes = torch.tensor([len(pool) for pool in self._pools])
        self._flat, self._sizes = torch.cat(self._pools), sizes
        self._starts = torch.cumsum(sizes, 0) - sizes
        self._mask = graph.candidate_mask
        self._keys = torch.sort(known.query * graph.num_nodes + known.candidate).values
        self._degree = torch.bincount(known.query, minlength=graph.num_nodes)
        self._indptr = torch.cumsum(self._degree, 0) - self._degree

    def one_each(self, query_B: Tensor) -> Tensor:
        """Draws one negative per query.

        A draw that hits a known positive is repeated up to ``NUM_REDRAWS`` times.

        Returns:
            int64 [B] global indices.
        """
        negative_B = self._draw(query_B)
        for _ in range(NUM_REDRAWS):
            hits = torch.nonzero(self._is_known(query_B, negative_B)).squeeze(1)
            if len(hits) == 0:
                break
            negative_B[hits] = self._draw(query_B[hits])
        return negative_B

    def shared(self, query_B: Tensor, num_negatives: int) -> tuple[Tensor, Tensor]:
        """Draws negatives, without repeats, that a whole batch shares.

        Args:
            query_B: Queries of the batch.
            num_negatives: Drawn per region; a region with fewer candidates gives all of them.

        Returns:
            int64 [S] global indices, and bool [B, S]: whether a negative belongs to the query's
            region and is none of its known positives.
        """
        drawn = [
            pool[torch.randperm(len(pool), generator=self._generator)[:num_negatives]]
            for pool in self._pools
        ]
        negative_S = torch.unique(torch.cat(drawn))
        allowed_BS = self._mask[:, negative_S][self._regions[query_B]]
        place = torch.full((self._num_nodes,), -1)
        place[negative_S] = torch.arange(len(negative_S))
        row, column = self._known_of(query_B)
        hit = place[column] >= 0
        allowed_BS[row[hit], place[column[hit]]] = False
        return negative_S, allowed_BS

    def _draw(self, query_B: Tensor) -> Tensor:
        region_B = self._regions[query_B]
        chance_B = torch.rand(len(query_B), generator=self._generator, dtype=torch.float64)
        place_B = (chance_B * self._sizes[region_B]).long()
        return self._flat[self._starts[region_B] + place_B]

    def _is_known(self, query_B: Tensor, candidate_B: Tensor) -> Tensor:
        wanted_B = query_B * self._num_nodes + candidate_B
        found_B = torch.searchsorted(self._keys, wanted_B).clamp(max=len(self._keys) - 1)
        return self._keys[found_B] == wanted_B

    def _known_of(self, query_B: Tensor) -> tuple[Tensor, Tensor]:
        """Lists the known positives of a batch as (position in the batch, candidate)."""
        degree_B = self._degree[query_B]
        row = torch.repeat_interleave(torch.arange(len(query_B)), degree_B)
        first = torch.repeat_interleave(torch.cumsum(degree_B, 0) - degree_B, degree_B)
        within = torch.arange(len(row)) - first
        keys = self._keys[self._indptr[query_B][row] + within]
        return row, keys % self._num_nodes
