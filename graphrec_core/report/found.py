"""Which of a day's artefacts are committed, and which release was made of them.

The report shows the nights on which something broke, so a damaged part is noted and counts as a
missing one; it stops nothing else.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

from graphrec_core.config import (
    STEPS,
    Grain,
    PipelineConfig,
    StepName,
    Task,
    flow_of,
    sources_of,
    tasks_of_day,
)
from graphrec_core.config.recommender import RecommenderConfig
from graphrec_core.day import Day, Ref, evaluation_ref
from graphrec_core.errors import AbsentError, DamagedError
from graphrec_core.lake import Artifact, Lake
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.ledger.catalogue import Catalogue
from graphrec_core.ledger.live import Live, read_live
from graphrec_core.ledger.past import Past
from graphrec_core.ledger.release import Release
from graphrec_core.ledger.verdict import verdict_of
from graphrec_core.publishing.sound import one_line
from graphrec_core.report.wording import step_scope
from graphrec_core.types import ArtifactId, Region, View

logger = logging.getLogger(__name__)


class Damages(dict[str, str]):
    """What is damaged -> what is wrong with it."""

    @contextmanager
    def noted(self, what: str) -> Iterator[None]:
        """Notes what is damaged within a ``with`` block, and goes on after it."""
        try:
            yield
        except DamagedError as error:
            logger.error("%s is damaged: %s", what, one_line(error))
            self[what] = one_line(error)


@dataclass(frozen=True)
class Result:
    """What a task leaves; its artefact is None where that is missing or damaged."""

    ref: Ref
    artifact: Artifact | None


NOUNS: Mapping[StepName, str] = {
    StepName.TRAIN: "model",
    StepName.CHOICE: "choice",
    StepName.RANKER: "ranker",
    StepName.EMBED: "embedding",
    StepName.EVALUATE: "evaluation",
    StepName.SHARD: "shard",
}
"""What people call a step's result; else it is the result of the step."""
EARLIER = frozenset({StepName.VALIDATE, StepName.SNAPSHOT, StepName.PUBLISH})
"""Steps whose results are not found by the snapshot's regions."""


@dataclass(frozen=True)
class FoundDay:
    """The committed artefacts of one day; None where one is missing or damaged.

    Attributes:
        day: Their ids and places.
        past: The stored releases; a decision among them says which evaluation is the day's.
        live: What serves now; None: LIVE is damaged.
        snapshot: The snapshot.
        figures: What its manifest says.
        damaged: What could not be read.
        broken: Regions in which the snapshot's suites found something, with what.
        results: What the steps after the snapshot left, by task, source (a ranker's is the
            challenger whose it is; empty: no single one's) and scope: a region, or ``_all``.
    """

    day: Day
    past: Past
    live: Live | None
    snapshot: Artifact | None
    figures: SnapshotFigures | None
    damaged: Damages
    broken: Mapping[Region, str] = field(default_factory=dict)
    results: dict[tuple[Task, str, Region], Result] = field(default_factory=dict)

    @property
    def regions(self) -> list[Region]:
        """Regions of the snapshot that are not broken, sorted; none before it exists."""
        known = self.figures.regions if self.figures else {}
        return sorted(set(known) - set(self.broken))

    @property
    def skipped(self) -> dict[Region, str]:
        """Regions that do not go on, with the reason: empty or broken ones."""
        empty = self.figures.empty_regions if self.figures else {}
        return {**empty, **{region: f"broken: {why}" for region, why in self.broken.items()}}

    def of(
        self, step: StepName, view: View | None = None, source: str = ""
    ) -> dict[Region, Artifact | None]:
        """A step's artefacts by scope."""
        return {
            scope: result.artifact
            for (task, owner, scope), result in self.results.items()
            if (task, owner) == (Task(step, view), source)
        }

    def id_of(self, step: StepName, region: Region) -> ArtifactId | None:
        """The id that a region's result of a step has or would have; None: no such region."""
        result = self.results.get((Task(step), "", region))
        return result.ref.id if result else None


def find_day(config: PipelineConfig, as_of: datetime) -> FoundDay:
    """Looks up every artefact that the configuration asks for on this day."""
    day, damaged = Day(config, as_of), Damages()
    past, live = _past(day.lake, damaged)

    def find(what: str, ref: Ref) -> Artifact | None:
        with damaged.noted(what):
            return day.find(ref)
        return None

    snapshot, figures = find("the snapshot", day.ref(StepName.SNAPSHOT)), None
    with damaged.noted("the snapshot"):
        figures = snapshot.manifest.figures(SnapshotFigures) if snapshot else None
    verdict = find("the check of the snapshot", day.ref(StepName.CHECK))
    broken: Mapping[Region, str] = {}
    with damaged.noted("the check of the snapshot"):
        broken = verdict_of(verdict).broken if verdict else {}
    found = FoundDay(day, past, live, snapshot if figures else None, figures, damaged, broken)
    for region in found.regions:
        for ref, task, owner in _refs(day, past, region):
            if (task, owner, ref.region) not in found.results:
                what = f"the {_noun(task)} of {step_scope(ref.region, owner)}"
                found.results[task, owner, ref.region] = Result(ref, find(what, ref))
    past.of_day(as_of)  # so that a damaged release of the day is named
    note_damaged_releases(past, damaged)
    return found


def later_tasks(recommender: RecommenderConfig) -> list[Task]:
    """The tasks after the snapshot that leave an artefact, in the order of a day."""
    done = flow_of(recommender).after_regions
    return [
        task
        for task in tasks_of_day(recommender)
        if task in done and STEPS[task.step].folder and task.step not in EARLIER
    ]


def _refs(day: Day, past: Past, region: Region) -> Iterator[tuple[Ref, Task, str]]:
    """Names the results that serve a region after the snapshot, with their tasks and owners."""
    for task in later_tasks(day.config.recommender):
        if task.step is StepName.EVALUATE:
            yield evaluation_ref(day, past, region), task, ""
        elif task.step is StepName.RANKER:
            yield from ((ref, task, owner) for ref, owner in _of_rankers(day))
        else:
            is_by_source = STEPS[task.step].grain is Grain.SOURCE
            for source in sources_of(task.step, day.config.recommender) if is_by_source else [""]:
                yield day.ref(task.step, region, task.view, source), task, source


def _of_rankers(day: Day) -> Iterator[tuple[Ref, str]]:
    """Names the day's ranker; beside challengers those of the chosen ones, each by its name."""
    if not day.config.recommender.challengers:
        yield day.ref(StepName.RANKER), ""
        return
    with suppress(AbsentError, DamagedError):  # then none is fitted
        for name, one in day.of_rankers.items():
            yield one.ref(StepName.RANKER), name


def _noun(task: Task) -> str:
    noun = NOUNS.get(task.step, f"result of {task.step}")
    return f"{task.view} {noun}" if task.view else noun


def note_damaged_releases(past: Past, damaged: Damages) -> None:
    """Notes the releases that were met until now and are damaged."""
    damaged |= {f"release {name}": one_line(one) for name, one in past.catalogue.damaged.items()}


def _past(lake: Lake, damaged: Damages) -> tuple[Past, Live | None]:
    live = None
    with damaged.noted("LIVE"):
        live = read_live(lake)
    return Past(Catalogue(lake), live or Live()), live


def find_release(found: FoundDay) -> Release | None:
    """Finds the day's release: the one made of exactly the day's evaluations and shards.

    Where several are (published once with the gate and once by force, or for some regions only),
    the one of the configured mode and then the most complete one is taken.
    """
    snapshot_id = found.day.ref(StepName.SNAPSHOT).id
    mode = found.day.config.publish.mode
    ranked = [
        (release.mode == mode, num_own, release)
        for release in found.past.of_day(found.day.as_of)
        if release.snapshot_id == snapshot_id
        if (num_own := _num_own_ids(found, release)) > 0
    ]
    return max(ranked, key=lambda row: row[:2])[-1] if ranked else None


def _num_own_ids(found: FoundDay, release: Release) -> int:
    """Counts the day's evaluations and shards that the release names; 0 if it names another."""
    num_own = 0
    for region, entry in release.regions.items():
        named = {entry.evaluation_id, entry.candidate_shard_id} - {None}
        if not named:
            continue
        own = {found.id_of(step, region) for step in (StepName.EVALUATE, StepName.SHARD)}
        if not named <= own:
            return 0
        num_own += len(named)
    return num_own
