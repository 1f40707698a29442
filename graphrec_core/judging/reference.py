"""An earlier release's recommender on another day's train view, where it can be re-applied."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from graphrec_core.config.model import ModelConfig, ScorerConfig
from graphrec_core.config.recommender import FITTED
from graphrec_core.config.recommenders import AnyModel
from graphrec_core.errors import GraphrecError, LakeError
from graphrec_core.evaluation.holdout import Holdout
from graphrec_core.evaluation.measure import NO_QUOTA, System
from graphrec_core.judging.embedded import applied, encoded_source
from graphrec_core.judging.fitted import fitted_source, scorer_inputs
from graphrec_core.judging.view_features import read_node_features
from graphrec_core.lake import Artifact, Lake, Manifest, find_artifact, open_artifact
from graphrec_core.lake.records import ShardFigures, ShardSource, mistakes
from graphrec_core.ledger.past import Past
from graphrec_core.retrieval.learned_ranker import LearnedRanker, read_model
from graphrec_core.retrieval.ranker import Ranker, ReciprocalRank, build_ranker
from graphrec_core.retrieval.sources import CandidateSource, Proposer
from graphrec_core.types import ALL_REGIONS, ArtifactId, Region, View, parse_instant

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reapplied:
    """What an earlier recommender says of a view that is not its own.

    Attributes:
        system: It, ready to be measured; None where it cannot be.
        why_not: Why it cannot; empty where it can.
    """

    system: System | None = None
    why_not: str = ""


def reapply(
    past: Past, snapshot: Artifact, region: Region, shard_id: ArtifactId, holdout: Holdout
) -> Reapplied:
    """Makes an earlier release's recommender propose on today's train view.

    Encoders are re-applied by their weights, scorers fitted anew by their settings. A model that
    is gone, was made to be applied by another version, does not fit today's node types or
    features, or has learnt from this holdout cannot be measured. That is no fault, but it is said:
    the rules that need it stay undecided.

    Args:
        past: The stored releases.
        snapshot: Today's snapshot.
        region: The region.
        shard_id: The shard that the earlier release brought.
        holdout: Today's holdout.
    """
    lake = past.catalogue.lake
    try:
        shard = open_artifact(lake.storage, lake.layout.shard(region, shard_id))
        figures = shard.manifest.figures(ShardFigures)
        earlier = _Earlier(past, snapshot, region, shard, holdout)
        proposers = tuple(
            Proposer(one.name, earlier.source(one), one.quota or NO_QUOTA)
            for one in figures.sources
        )
        return Reapplied(System(proposers, earlier.ranker(figures)))
    except GraphrecError as error:
        logger.warning("%s: shard %s could not be measured: %s", region, shard_id, error)
        return Reapplied(why_not=error.found)


@dataclass(frozen=True)
class _Earlier:
    """The sources of an earlier shard, on today's train view."""

    past: Past
    snapshot: Artifact
    region: Region
    shard: Artifact
    holdout: Holdout

    @property
    def lake(self) -> Lake:
        return self.past.catalogue.lake

    def source(self, stored: ShardSource) -> CandidateSource:
        if stored.kind == "index":
            return self._encoded(stored.model_id or self._older_model_id())
        inputs = scorer_inputs(self.holdout, _cut(self.snapshot.manifest))
        return fitted_source(_scorer_settings(self.shard, stored), inputs)

    def ranker(self, figures: ShardFigures) -> Ranker:
        """Opens the shard's own ranker; a learned one sees today's queries and candidates."""
        if figures.ranker is None:
            return ReciprocalRank()
        if figures.ranker["model"] not in FITTED:
            return build_ranker(figures.ranker)
        _refuse_later(self.lake, self.shard.manifest, self.snapshot.manifest)
        model = read_model(self.shard, [one.name for one in figures.sources])
        axes = self.holdout.query_ids, self.holdout.candidate_ids
        end, task = _cut(self.snapshot.manifest), self.lake.config.task
        nodes = read_node_features(self.snapshot, View.TRAIN, self.region, task, axes, end)
        return LearnedRanker(model, nodes, self.region)

    def _older_model_id(self) -> ArtifactId:
        """Finds the model of a shard that an older version wrote."""
        shard = self.shard.manifest
        found = self.past.older_model(self.region, shard.as_of, shard.id)
        if found is None:
            raise LakeError(
                must=f"Shard {shard.id}, or a release that brought it, must name its model.",
                found="neither does",
                fix="Build that shard again, or roll its release back.",
            )
        return found

    def _encoded(self, model_id: ArtifactId) -> CandidateSource:
        from graphrec_core.embedding.checkpoint import require_appliable

        model = _find_model(self.lake, self.region, model_id)
        require_appliable(model)
        _refuse_later(self.lake, model.manifest, self.snapshot.manifest)
        axes = self.holdout.query_ids, self.holdout.candidate_ids
        made = applied(self.snapshot, View.TRAIN, self.region, model)[self.region]
        return encoded_source(made, *axes, self.lake.config.task)


def _scorer_settings(shard: Artifact, stored: ShardSource) -> ScorerConfig:
    try:
        settings: ModelConfig = TypeAdapter(AnyModel).validate_python(stored.settings)
    except ValidationError as error:
        raise _unknown(shard, stored, mistakes(error)) from error
    if not isinstance(settings, ScorerConfig):
        raise _unknown(shard, stored, f"{settings.model}, which is no scorer")
    return settings


def _unknown(shard: Artifact, stored: ShardSource, found: str) -> LakeError:
    return LakeError(
        must=f"Source {stored.name} of shard {shard.manifest.id} must have a scorer's settings of "
        "today.",
        found=found,
        fix="A person decides once: publish-release with publish.mode=force makes the new "
        "recommender the measure.",
    )


def _find_model(lake: Lake, region: Region, model_id: ArtifactId) -> Artifact:
    for scope in (region, ALL_REGIONS):
        found = find_artifact(lake.storage, lake.layout.model(scope, model_id))
        if found is not None:
            return found
    raise LakeError(
        must="An earlier release's model must be in the lake.",
        found=f"no model {model_id} for {region}",
        fix="Run train-model of its day again, or roll that release back.",
    )


def _refuse_later(lake: Lake, model: Manifest, today: Manifest) -> None:
    """Refuses a model whose own train view goes on into today's holdout."""
    as_of = parse_instant(model.as_of)
    folder = lake.layout.snapshot(as_of, ArtifactId(model.inputs["snapshot"]))
    origin = find_artifact(lake.storage, folder)
    if origin is not None and _cut(origin.manifest) > _cut(today):
        raise LakeError(
            must=f"A reference must have learnt from events before {_cut(today).isoformat()}.",
            found=f"model {model.id} has learnt from those before "
            f"{_cut(origin.manifest).isoformat()}, so from this holdout",
            fix="Keep time.horizon_days as it is between days that are compared.",
        )


def _cut(snapshot: Manifest) -> datetime:
    horizon = timedelta(days=snapshot.config["time"]["horizon_days"])
    return parse_instant(snapshot.as_of) - horizon
