"""One day's artefacts: what each is called, where it is, what it is made from.

Everything follows from the table of steps, the configuration and the instant; nothing looks for
"latest". A day whose changed history was accepted has a revision, whose number is an input of its
snapshot, and so of all that is made from it.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from graphrec_core.config import STEPS, Grain, PipelineConfig, StepName, StepSpec, is_part_of
from graphrec_core.config.recommender import OWN
from graphrec_core.errors import AbsentError, DamagedError
from graphrec_core.lake import (
    Artifact,
    Attempt,
    Lake,
    Manifest,
    artifact_id,
    attempt,
    find_artifact,
    open_artifact,
)
from graphrec_core.lake.identity import digest
from graphrec_core.lake.records import ChoiceFigures, Figures, SnapshotFigures
from graphrec_core.ledger.revisions import newest_revision
from graphrec_core.types import ALL_REGIONS, ArtifactId, Region, View, format_instant

logger = logging.getLogger(__name__)

Make = Callable[[Attempt], Figures]
"""Writes a result's files into an attempt and returns its figures."""
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Ref:
    """One result of one step: its name and its place, whether it is there or not.

    Attributes:
        step: The step that makes it.
        id: Its id.
        region: The region it is of, or ``ALL_REGIONS``.
        folder: Its place in the lake.
        inputs: Ids of what it is made from, by role.
        source: The source whose result it is; empty: it is no single one's.
    """

    step: StepName
    id: ArtifactId
    region: Region
    folder: str
    inputs: Mapping[str, str]
    source: str = ""


@dataclass(frozen=True)
class Day:
    """The artefacts of one day of one pipeline.

    Attributes:
        config: The pipeline.
        as_of: The day's instant.
        fixed_revision: The revision of the day's snapshot; None: the newest of the lake, looked
            up once, so that one ``Day`` speaks of one revision.
        trained_in: The regions whose models count for its window; None: every one's.
    """

    config: PipelineConfig
    as_of: datetime
    fixed_revision: int | None = None
    trained_in: frozenset[Region] | None = None

    @cached_property
    def lake(self) -> Lake:
        """The pipeline's lake."""
        return Lake(self.config)

    @cached_property
    def revision(self) -> int:
        """Number of the revision of the day's snapshot; 0: its history was never changed."""
        if self.fixed_revision is not None:
            return self.fixed_revision
        return newest_revision(self.lake, self.as_of, self.first_snapshot_id)

    @cached_property
    def first_snapshot_id(self) -> ArtifactId:
        """Id of the day's first snapshot, before any revision."""
        return self.at_revision(0).ref(StepName.SNAPSHOT).id

    def at_revision(self, number: int) -> "Day":
        """Returns the same day with another revision."""
        return replace(self, fixed_revision=number)

    def of_snapshot(self, snapshot: Manifest) -> "Day":
        """Returns the same day with the revision that ``snapshot`` is."""
        return self.at_revision(int(snapshot.inputs.get("revision", "0")))

    def ref(
        self,
        step: StepName,
        region: Region = ALL_REGIONS,
        view: View | None = None,
        source: str = "",
        given: Mapping[str, str] = NOTHING,
    ) -> Ref:
        """Names a step's result.

        A region's evaluation and shard are those of the recommender that was chosen for it.

        Args:
            step: The step.
            region: The region that it serves; a day's result and a global model's serve all.
            view: The view, for a step with one result a view.
            source: The source, for a step with one result a source.
            given: Inputs beside the results of earlier steps that the table of steps names.
        """
        if STEPS[step].grain is Grain.REGION and (chosen := self.if_chosen(region)) is not self:
            return chosen.ref(step, region, view, source, given)
        key = (step, region, view, source, tuple(sorted(given.items())))
        if key not in self._refs:
            self._refs[key] = self._make_ref(step, region, view, source, given)
        return self._refs[key]

    @cached_property
    def contenders(self) -> Mapping[str, "Day"]:
        """Contender -> the day of a pipeline that has no other recommender.

        So whatever is chosen has the ids, the bytes and the answers that it has alone.
        """
        return {
            name: replace(self, config=self.config.recommending(one), fixed_revision=self.revision)
            for name, one in self.config.recommender.contenders.items()
        }

    @cached_property
    def choice(self) -> ChoiceFigures:
        """Which contender was chosen for which region.

        Raises:
            AbsentError: choose-recommender has not run.
            DamagedError: What it left is damaged.
        """
        return self.open(self.ref(StepName.CHOICE)).manifest.figures(ChoiceFigures)

    def of_region(self, region: Region) -> "Day":
        """Returns the day of a region's recommender: the chosen one's, or itself without a choice.

        Raises:
            AbsentError: There are challengers, and choose-recommender has not run.
            DamagedError: What it left is damaged.
        """
        if not self.config.recommender.challengers:
            return self
        return self.contenders[self.choice.chosen.get(region, OWN)]

    @property
    def of_rankers(self) -> Mapping[str, "Day"]:
        """Contender -> its day, of those whose rankers are fitted: chosen in a region at least.

        Raises:
            AbsentError: There are challengers, and choose-recommender has not run.
            DamagedError: What it left is damaged.
        """
        chosen = set(self.choice.chosen.values()) if self.config.recommender.challengers else {OWN}
        fitted = {name: one for name, one in self.contenders.items() if one.is_fitted}
        return {name: one for name, one in fitted.items() if name in chosen}

    @property
    def is_fitted(self) -> bool:
        """Whether the ranker of the day's own recommender is fitted."""
        return self.config.recommender.ranker.is_fitted

    def if_chosen(self, region: Region) -> "Day":
        """Returns the day of a region's recommender, or itself where none is chosen yet."""
        with suppress(AbsentError, DamagedError):
            return self.of_region(region)
        return self

    def find(self, ref: Ref) -> Artifact | None:
        """Returns a result, or None where it is not committed.

        Raises:
            DamagedError: It is there, and damaged.
        """
        return find_artifact(self.lake.storage, ref.folder)

    def open(self, ref: Ref) -> Artifact:
        """Returns a result.

        Raises:
            AbsentError: The step that makes it did not run with this configuration.
            DamagedError: It is damaged.
        """
        return open_artifact(self.lake.storage, ref.folder)

    def produce(self, ref: Ref, make: Make) -> Artifact:
        """Finds a result, or makes it and commits it under exactly its id.

        Args:
            ref: The result.
            make: Writes it; what it raises leaves nothing behind.
        """
        if (done := self.find(ref)) is not None:
            logger.info("%s of %s is already there: %s", ref.step, ref.region, ref.id)
            return done
        with self.attempt(ref) as trial:
            return self.commit(ref, trial, make(trial))

    @contextmanager
    def attempt(self, ref: Ref) -> Iterator[Attempt]:
        """Opens an attempt at a result; see ``graphrec_core.lake.attempt``."""
        with attempt(self.lake.storage, ref.folder, ref.id) as trial:
            yield trial

    def commit(self, ref: Ref, trial: Attempt, figures: Figures) -> Artifact:
        """Commits what an attempt wrote, or finds that another attempt did so first."""
        return trial.commit(
            ref.step, self.config, self.as_of, ref.region, ref.inputs, figures, ref.source
        )

    @cached_property
    def _refs(self) -> dict[Any, Ref]:
        return {}

    def _make_ref(
        self,
        step: StepName,
        region: Region,
        view: View | None,
        source: str,
        given: Mapping[str, str],
    ) -> Ref:
        spec = STEPS[step]
        inputs = dict(self._earlier(spec, region, source))
        if spec.has_views:
            inputs["view"] = str(view)
        inputs.update({**self._found_inputs(step), **given})
        scope = self._scope(spec.grain, region, source)
        name = artifact_id(step, self.config, self.as_of, scope, inputs, source)
        folder = self.lake.layout.folder(step, name, self.as_of, scope)
        return Ref(step, name, scope, folder, inputs, source)

    def _earlier(self, spec: StepSpec, region: Region, source: str) -> Iterator[tuple[str, str]]:
        """Yields role and id of the earlier results that a step reads."""
        sources = self.config.recommender.sources
        for one in spec.inputs:
            if not is_part_of(one.step, self.config.recommender):
                continue
            if STEPS[one.step].grain is not Grain.SOURCE:
                yield one.role, self.ref(one.step, region, one.view).id
            elif spec.grain is not Grain.SOURCE:
                for name in sources:
                    yield f"{one.role}.{name}", self.ref(one.step, region, one.view, name).id
            elif one.step is not StepName.TRAIN or sources[source].is_trained:
                yield one.role, self.ref(one.step, region, one.view, source).id

    def _found_inputs(self, step: StepName) -> dict[str, str]:
        """Returns what a step is made from beside the table's inputs, looked up in the lake."""
        if step is StepName.SNAPSHOT:
            return {"revision": str(self.revision)} if self.revision else {}
        if step is StepName.WINDOW:
            return self._models_of_fit_view
        if step is StepName.CHOICE:
            earlier = {
                f"window.{name}.{format_instant(one.as_of)}": one.ref(StepName.WINDOW).id
                for name, contender in self.contenders.items()
                for one in contender.reached_window_days
            }
            return {**self._models_of_fit_view, **earlier}
        if step is StepName.RANKER:
            return {
                f"window.{format_instant(one.as_of)}": one.ref(StepName.WINDOW).id
                for one in (self, *self.reached_window_days)
            }
        return {}

    @property
    def _models_of_fit_view(self) -> dict[str, str]:
        """Stands for the models that propose on the fit view."""
        models = self.fitted_models.items()
        return {f"model.{name}": digest(ids) for name, ids in models if ids}

    @property
    def earlier_window_days(self) -> tuple["Day", ...]:
        """The days before this one whose windows a ranker is fitted to too, the latest first.

        Their windows lie a horizon apart, and each is that of a day of its own: the run of that
        day left it, or it is made now. Nothing that comes later changes which they are: they are
        of the first revision of their snapshots, and of the regions that this day has models of.
        """
        num_windows, horizon = self.config.recommender.num_windows, self.config.time.horizon
        past = self.as_of - self.config.source.earliest_time
        ages = [age for age in range(1, num_windows) if age * horizon < past]
        if not ages:
            return ()
        own = [frozenset(ids) for ids in self.fitted_models.values()]
        trained_in = frozenset[Region]().union(*own) if own else None
        days = (self.as_of - age * horizon for age in ages)
        return tuple(Day(self.config, day, 0, trained_in) for day in days)

    @cached_property
    def reached_window_days(self) -> tuple["Day", ...]:
        """Those that have a snapshot; where the data do not reach there is none."""
        return tuple(one for one in self.earlier_window_days if one.has_snapshot)

    @cached_property
    def has_snapshot(self) -> bool:
        """Whether its snapshot is there, be it damaged."""
        try:
            return self.find(self.ref(StepName.SNAPSHOT)) is not None
        except DamagedError:
            return True

    @cached_property
    def fitted_models(self) -> Mapping[str, Mapping[Region, ArtifactId]]:
        """The models that the day's window is made with: trained source -> region -> id.

        A region whose training failed has none, and is left out; looked up once. A damaged model
        counts, so that damage changes no id; whoever reads it is told.
        """
        regions = list[Region]()
        with suppress(DamagedError):
            if snapshot := self.find(self.ref(StepName.SNAPSHOT)):
                there = set(snapshot.manifest.figures(SnapshotFigures).regions)
                regions = sorted(there if self.trained_in is None else there & self.trained_in)
        return {
            name: dict(self._trained(name, regions))
            for name, one in self.config.recommender.sources.items()
            if one.is_trained
        }

    def _trained(self, source: str, regions: list[Region]) -> Iterator[tuple[Region, ArtifactId]]:
        for region in regions:
            model = self.ref(StepName.TRAIN, region, source=source)
            with suppress(DamagedError):
                if self.find(model) is None:
                    continue
            yield region, model.id

    def _scope(self, grain: Grain, region: Region, source: str) -> Region:
        if grain is Grain.DAY:
            return ALL_REGIONS
        if grain is Grain.SOURCE:
            return self.config.recommender.sources[source].region_of(region)
        return region
