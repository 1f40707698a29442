"""What a ranker is fitted to: what the sources propose on the fit view, and what was then met."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graphrec_core.day import Day
from graphrec_core.evaluation.holdout import Holdout
from graphrec_core.judging.blocks import block_size
from graphrec_core.judging.fit_view import FitView
from graphrec_core.judging.held_queries import query_numbers
from graphrec_core.lake import Artifact
from graphrec_core.retrieval.pair_features import Proposed, pair_features
from graphrec_core.types import Region


@dataclass(frozen=True)
class RankerWindow:
    """The pairs that the sources propose to some of a region's judged queries.

    Attributes:
        region: The region.
        features: float32 [P, F], see ``pair_features``.
        is_met: bool [P]; whether the query met the candidate in the fit holdout.
        queries: int64 [P]; a number per query, the same in every window.
    """

    region: Region
    features: np.ndarray
    is_met: np.ndarray
    queries: np.ndarray

    def sampled(self, negatives_frac: float, random: np.random.Generator) -> "RankerWindow":
        """Keeps the queries with a click: all their clicks, and a uniform share of the rest.

        The share does not depend on the pair, so chances stay those of all pairs once they are
        corrected for it.
        """
        clicked = np.isin(self.queries, self.queries[self.is_met])
        kept = clicked & (self.is_met | (random.random(len(self.is_met)) < negatives_frac))
        return RankerWindow(
            self.region, self.features[kept], self.is_met[kept], self.queries[kept]
        )


class WindowReader:
    """Reads the windows of a day's regions.

    Args:
        day: The day.
        snapshot: Its snapshot.
    """

    def __init__(self, day: Day, snapshot: Artifact) -> None:
        self._sources = list(day.config.recommender.sources)
        self._fit_view = FitView(day, snapshot)

    def read(self, region: Region) -> Iterator[RankerWindow]:
        """Computes a region's window, some queries at a time: whole it may not fit in memory.

        Yields:
            The pairs of the next queries.

        Raises:
            AbsentError: The region has no fit view, or a source no model that was fitted to it.
            LakeError: A file is missing or damaged.
            RefusedError: A vector is not finite.
        """
        holdout = self._fit_view.holdout(region)
        opened = [self._fit_view.proposer(region, name, holdout) for name in self._sources]
        nodes = self._fit_view.nodes(region, holdout)
        numbers = query_numbers(holdout.query_ids)
        size = block_size(len(holdout.candidate_ids))
        for start in range(0, len(holdout.query_ids), size):
            block = np.arange(start, min(start + size, len(holdout.query_ids)))
            found = [one.source.search(block, one.quota, holdout.seen) for one in opened]
            proposed = Proposed.of(found)
            yield RankerWindow(
                region,
                pair_features(proposed, block, nodes),
                _is_met(proposed, block, holdout),
                numbers[block][proposed.places],
            )


def _is_met(proposed: Proposed, block: np.ndarray, holdout: Holdout) -> np.ndarray:
    width = max(len(holdout.candidate_ids), 1)
    places, candidates = holdout.targets.block(block)
    keys = proposed.places * width + proposed.candidates
    return np.isin(keys, places * width + candidates)
