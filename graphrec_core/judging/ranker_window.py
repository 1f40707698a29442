"""What a ranker is fitted to: what the sources propose on the fit view, and what was then met."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from graphrec_core.config import StepName
from graphrec_core.config.model import EncoderConfig, ModelConfig, ScorerConfig
from graphrec_core.day import Day
from graphrec_core.errors import AbsentError
from graphrec_core.evaluation.holdout import Holdout, read_holdout
from graphrec_core.judging.blocks import block_size
from graphrec_core.judging.embedded import Vectors, applied, encoded_source
from graphrec_core.judging.fitted import fitted_source, scorer_inputs
from graphrec_core.judging.held_queries import query_numbers
from graphrec_core.judging.view_features import read_node_features
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file
from graphrec_core.retrieval.pair_features import Proposed, pair_features
from graphrec_core.retrieval.sources import CandidateSource
from graphrec_core.types import ALL_REGIONS, ArtifactId, Region, View


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
        self._day, self._snapshot = day, snapshot
        self._end: datetime = day.config.time.end_of(day.as_of, View.FIT)
        self._global: dict[ArtifactId, Vectors] = {}

    def read(self, region: Region) -> Iterator[RankerWindow]:
        """Computes a region's window, some queries at a time: whole it may not fit in memory.

        Yields:
            The pairs of the next queries.

        Raises:
            AbsentError: The region has no fit view, or a source no model that was fitted to it.
            LakeError: A file is missing or damaged.
            RefusedError: A vector is not finite.
        """
        day, task = self._day, self._day.config.task
        if not self._snapshot.has(edges_file(View.FIT, task.edge, region)):
            raise AbsentError(
                must=f"Region {region} must have a fit view.",
                found="too little past",
                fix="Choose a later --as-of, or go on without it.",
            )
        holdout = read_holdout(self._snapshot, region, task, View.FIT)
        sources = day.config.recommender.sources.items()
        opened = [(self._source(region, name, one, holdout), one.quota) for name, one in sources]
        axes = holdout.query_ids, holdout.candidate_ids
        nodes = read_node_features(self._snapshot, View.FIT, region, task, axes, self._end)
        numbers = query_numbers(holdout.query_ids)
        size = block_size(len(holdout.candidate_ids))
        for start in range(0, len(holdout.query_ids), size):
            block = np.arange(start, min(start + size, len(holdout.query_ids)))
            found = [source.search(block, quota, holdout.seen) for source, quota in opened]
            proposed = Proposed.of(found)
            yield RankerWindow(
                region,
                pair_features(proposed, block, nodes),
                _is_met(proposed, block, holdout),
                numbers[block][proposed.places],
            )

    def _source(
        self, region: Region, name: str, settings: ModelConfig, holdout: Holdout
    ) -> CandidateSource:
        if isinstance(settings, ScorerConfig):
            return fitted_source(settings, scorer_inputs(holdout, self._end))
        if not isinstance(settings, EncoderConfig):
            raise TypeError(f"{name} is neither a scorer nor an encoder")
        if region not in self._day.fitted_models[name]:
            raise AbsentError(
                must=f"Region {region} must have a model of source {name}.",
                found=f"no model of {name}",
                fix="Run train-model for it, or go on without it.",
            )
        model = self._day.open(self._day.ref(StepName.TRAIN, region, source=name))
        axes = holdout.query_ids, holdout.candidate_ids
        return encoded_source(self._vectors(region, model), *axes, self._day.config.task)

    def _vectors(self, region: Region, model: Artifact) -> Mapping[str, pa.Table]:
        """Applies a model to the fit view; a global one once for all regions."""
        name, scope = model.manifest.id, model.manifest.region
        if scope != ALL_REGIONS:
            return applied(self._snapshot, View.FIT, region, model, View.FIT)[region]
        if name not in self._global:
            self._global[name] = applied(self._snapshot, View.FIT, scope, model, View.FIT)
        return self._global[name][region]


def _is_met(proposed: Proposed, block: np.ndarray, holdout: Holdout) -> np.ndarray:
    width = max(len(holdout.candidate_ids), 1)
    places, candidates = holdout.targets.block(block)
    keys = proposed.places * width + proposed.candidates
    return np.isin(keys, places * width + candidates)
