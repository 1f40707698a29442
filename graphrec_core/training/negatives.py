"""Uniform negatives over the candidates that a query can be shown."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor

from graphrec_core.graph import RegionGraph
from graphrec_core.training.pairs import TaskPairs

Drawing = Literal["one_each", "shared"]
"""How a loss wants its negatives: one per positive, or some that a whole batch shares."""
NUM_REDRAWS = 3


@dataclass(frozen=True)
class Negatives:
    """What a batch's positives are compared with.

    Attributes:
        nodes: int64 global indices: [B], or [S] shared by the batch.
        allowed_BS: bool, which shared negatives count for which query; None: one each.
    """

    nodes: Tensor
    allowed_BS: Tensor | None


class NegativeSampler:
    """Draws candidates of each query's region, leaving out the query's known positives.

    Legend: B positives of a batch, S shared negatives.

    Args:
        graph: The graph that the pairs come from.
        known: Pairs that are never negatives.
    """

    def __init__(self, graph: RegionGraph, known: TaskPairs) -> None:
        self._num_nodes = graph.num_nodes
        self._regions = negative_regions(graph)
        self._pools = [graph.candidates[region] for region in graph.regions]
        # All pools lie in one tensor, so that a batch of many regions is drawn by one lookup.
        sizes = torch.tensor([len(pool) for pool in self._pools])
        self._flat, self._sizes = torch.cat(self._pools), sizes
        self._starts = torch.cumsum(sizes, 0) - sizes
        self._mask = graph.candidate_mask
        # A pair is one number, and the numbers are sorted: a binary search tells what is known,
        # and the known candidates of a query stand next to each other.
        self._keys = torch.sort(known.query * graph.num_nodes + known.candidate).values
        self._degree = torch.bincount(known.query, minlength=graph.num_nodes)
        self._indptr = torch.cumsum(self._degree, 0) - self._degree

    def draw(
        self, drawing: Drawing, query_B: Tensor, num_negatives: int, generator: Generator
    ) -> Negatives:
        """Draws a batch's negatives.

        Args:
            drawing: How the loss wants them.
            query_B: Queries of the batch.
            num_negatives: Drawn per region, where they are shared.
            generator: The source of chance, on the CPU.
        """
        match drawing:
            case "one_each":
                return Negatives(self.one_each(query_B, generator), None)
            case "shared":
                return Negatives(*self.shared(query_B, num_negatives, generator))

    def one_each(self, query_B: Tensor, generator: Generator) -> Tensor:
        """Draws one negative per query.

        A draw that hits a known positive is repeated up to ``NUM_REDRAWS`` times.

        Args:
            query_B: Queries of the batch.
            generator: The source of chance.

        Returns:
            int64 [B] global indices.
        """
        negative_B = self._uniform(query_B, generator)
        for _ in range(NUM_REDRAWS):
            # Few draws hit, so only those are drawn again. What still hits after the last round
            # stays: a query that knows nearly everything must not loop for ever.
            hits = torch.nonzero(self._is_known(query_B, negative_B)).squeeze(1)
            if len(hits) == 0:
                break
            negative_B[hits] = self._uniform(query_B[hits], generator)
        return negative_B

    def shared(
        self, query_B: Tensor, num_negatives: int, generator: Generator
    ) -> tuple[Tensor, Tensor]:
        """Draws negatives, without repeats, that a whole batch shares.

        Args:
            query_B: Queries of the batch.
            num_negatives: Drawn per region; a region with fewer candidates gives all of them.
            generator: The source of chance.

        Returns:
            int64 [S] global indices, and bool [B, S]: whether a negative belongs to the query's
            region and is none of its known positives.
        """
        drawn = [
            pool[torch.randperm(len(pool), generator=generator)[:num_negatives]]
            for pool in self._pools
        ]
        negative_S = torch.unique(torch.cat(drawn))
        allowed_BS = self._mask[:, negative_S][self._regions[query_B]]
        # A table from node to column is faster than a search of each known pair among S.
        place = torch.full((self._num_nodes,), -1)
        place[negative_S] = torch.arange(len(negative_S))
        row, column = self._known_of(query_B)
        hit = place[column] >= 0
        allowed_BS[row[hit], place[column[hit]]] = False
        return negative_S, allowed_BS

    def _uniform(self, query_B: Tensor, generator: Generator) -> Tensor:
        region_B = self._regions[query_B]
        chance_B = torch.rand(len(query_B), generator=generator, dtype=torch.float64)
        # In double precision: a float has too few bits to reach every candidate of a large pool.
        place_B = (chance_B * self._sizes[region_B]).long()
        return self._flat[self._starts[region_B] + place_B]

    def _is_known(self, query_B: Tensor, candidate_B: Tensor) -> Tensor:
        wanted_B = query_B * self._num_nodes + candidate_B
        # A number above all known ones would be found behind the end.
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


def negative_regions(graph: RegionGraph) -> Tensor:
    """Says from which region's candidates each query's negatives come.

    A query is only ever shown its home's candidates, so a global model takes its negatives from
    the query's own region; the graph of one region has one set of candidates for all queries.

    Returns:
        int64 [num_nodes], position in ``graph.regions``; -1 where a query has no home in it.
    """
    if len(graph.regions) == 1:
        return torch.zeros(graph.num_nodes, dtype=torch.int64)
    return graph.query_regions


def learnable(graph: RegionGraph, pairs: TaskPairs) -> TaskPairs:
    """Keeps the pairs that have negatives to be compared with."""
    region = negative_regions(graph)[pairs.query]
    has_candidates = graph.candidate_mask.any(dim=1)
    return pairs.where((region >= 0) & has_candidates[region.clamp(min=0)])
