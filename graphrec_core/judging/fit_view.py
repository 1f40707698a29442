"""A day's sources on its fit view: what a ranker is fitted to, and contenders compete on."""

from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa

from graphrec_core.config import StepName
from graphrec_core.config.model import EncoderConfig, ScorerConfig
from graphrec_core.day import Day
from graphrec_core.errors import AbsentError
from graphrec_core.evaluation.holdout import Holdout, read_holdout
from graphrec_core.judging.embedded import Vectors, applied, encoded_source
from graphrec_core.judging.fitted import fitted_source, scorer_inputs
from graphrec_core.judging.view_features import read_node_features
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file
from graphrec_core.models.scorer import ScorerInputs
from graphrec_core.retrieval.node_features import NodeFeatures
from graphrec_core.retrieval.sources import CandidateSource, Proposer
from graphrec_core.types import ALL_REGIONS, ArtifactId, Region, View


class FitView:
    """Opens the fit view of a day's regions.

    Args:
        day: The day.
        snapshot: Its snapshot.
    """

    def __init__(self, day: Day, snapshot: Artifact) -> None:
        self._day, self._snapshot = day, snapshot
        self._end: datetime = day.config.time.end_of(day.as_of, View.FIT)
        self._global: dict[ArtifactId, Vectors] = {}
        self._last: tuple[Holdout, ScorerInputs] | None = None

    def has(self, region: Region) -> bool:
        """Tells whether a region has one: with too little past it has none."""
        return self._snapshot.has(edges_file(View.FIT, self._day.config.task.edge, region))

    def holdout(self, region: Region) -> Holdout:
        """Reads a region's fit holdout, and the pairs before it.

        Raises:
            AbsentError: The region has no fit view.
            LakeError: A file is missing or damaged.
        """
        if not self.has(region):
            raise AbsentError(
                must=f"Region {region} must have a fit view.",
                found="too little past",
                fix="Choose a later --as-of, or go on without it.",
            )
        return read_holdout(self._snapshot, region, self._day.config.task, View.FIT)

    def inputs(self, holdout: Holdout) -> ScorerInputs:
        """Returns what a scorer may learn from: one object for all sources of the same holdout."""
        if self._last is None or self._last[0] is not holdout:
            self._last = holdout, scorer_inputs(holdout, self._end)
        return self._last[1]

    def nodes(self, region: Region, holdout: Holdout) -> NodeFeatures:
        """Computes what a ranker knows of the queries and candidates of a region."""
        axes = holdout.query_ids, holdout.candidate_ids
        task = self._day.config.task
        return read_node_features(self._snapshot, View.FIT, region, task, axes, self._end)

    def proposer(self, region: Region, name: str, holdout: Holdout) -> Proposer:
        """Opens a source along the axes of a region's fit holdout.

        Raises:
            AbsentError: It has no model that was fitted to the region's fit view.
            LakeError: A file is missing or damaged.
            RefusedError: A vector is not finite.
        """
        settings = self._day.config.recommender.sources[name]
        return Proposer(name, self._source(region, name, holdout), settings.quota)

    def _source(self, region: Region, name: str, holdout: Holdout) -> CandidateSource:
        settings = self._day.config.recommender.sources[name]
        if isinstance(settings, ScorerConfig):
            return fitted_source(settings, self.inputs(holdout))
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
