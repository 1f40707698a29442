"""build-snapshot --rebuild: has the source another past than the day's snapshot was built from?

Not a step: the same snapshot stays in use, or a revision of it, once somebody accepts the change.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from graphrec_core.config import StepName
from graphrec_core.day import Day, Ref
from graphrec_core.engine import open_engine
from graphrec_core.errors import HistoryChangedError
from graphrec_core.intake import check_source
from graphrec_core.intake.root import source_areas
from graphrec_core.lake import (
    Artifact,
    Attempt,
    FileEntry,
    Manifest,
)
from graphrec_core.lake.attempt import remove_attempt
from graphrec_core.lake.records import Digests, SnapshotFigures
from graphrec_core.ledger.revisions import (
    Acceptance,
    Revision,
    TableChange,
    changed_tables,
    record_revision,
    refuse_other_rows,
    resized_tables,
)
from graphrec_core.snapshot.daily import produce_snapshot, source_digests, write_snapshot
from graphrec_core.types import format_instant

logger = logging.getLogger(__name__)

History = Literal["first", "unchanged", "revised"]
"""What became of the day's history, as build-snapshot prints it."""
Compare = Callable[[Digests, Digests], list[TableChange]]


@dataclass(frozen=True)
class _Rows:
    """The source's rows by their digests, and the engine that made these."""

    engine: str
    digests: Digests


def rebuild_snapshot(day: Day, acceptance: Acceptance | None = None) -> tuple[Artifact, History]:
    """Compares the source, as it was known on that day, with what the day's snapshot was made of.

    Digests of two engines cannot be compared; then the files that a build gives now are, since
    all engines write equal bytes.

    Args:
        day: The day.
        acceptance: Who accepts a change, and why; None: nobody does.

    Returns:
        The snapshot that the day's later steps use, and what became of its history.

    Raises:
        HistoryChangedError: The rows differ and nobody accepts it; nothing is written.
        ConflictError: Another run accepted another change meanwhile.
    """
    before = day.find(day.ref(StepName.SNAPSHOT))
    if before is None:
        logger.info("the day has no snapshot yet: there is no history to compare with")
        return produce_snapshot(day), "first"
    return _Rebuild(day, before).run(acceptance)


@dataclass(frozen=True)
class _Rebuild:
    day: Day
    snapshot: Artifact

    @property
    def before(self) -> Manifest:
        return self.snapshot.manifest

    @cached_property
    def figures(self) -> SnapshotFigures:
        return self.before.figures(SnapshotFigures)

    def run(self, acceptance: Acceptance | None) -> tuple[Artifact, History]:
        now = self._source_now()
        if self.figures.digest_engine != now.engine:
            return self._by_files(acceptance)
        changes = changed_tables(self.figures.row_digests, now.digests)
        if not changes:
            return self._unchanged("every table has the same rows")
        if acceptance is None:
            raise self._refusal(_listed(changes))
        candidate = self._candidate(now)
        after = candidate.find(_ref(candidate))
        if after is None:
            with candidate.attempt(_ref(candidate)) as trial:
                after = _commit(candidate, trial, write_snapshot(candidate, trial))
        else:
            logger.info("snapshot %s was built before, but never recorded", after.manifest.id)
        return self._record(candidate, after, acceptance, changed_tables)

    def _by_files(self, acceptance: Acceptance | None) -> tuple[Artifact, History]:
        """Builds the day again and compares its files, as far as digests say nothing."""
        candidate = self._candidate(None)
        with candidate.attempt(_ref(candidate)) as trial:
            figures = write_snapshot(candidate, trial)
            if dict(trial.files()) == self.before.files:
                remove_attempt(self.day.lake.storage, trial.base)
                return self._unchanged("another engine built it, and this one gives equal files")
            if acceptance is None:
                raise self._refusal(self._differences(trial.files(), figures.row_digests))
            after = _commit(candidate, trial, figures)
        return self._record(candidate, after, acceptance, resized_tables)

    def _source_now(self) -> _Rows:
        config, lake, as_of = self.day.config, self.day.lake, self.day.as_of
        with open_engine(config, lake) as engine:
            checked = check_source(engine, config, lake, as_of)
            areas = source_areas(config, lake)
            (found,) = source_digests(engine, checked, areas)
            return _Rows(engine.label, found)

    def _candidate(self, now: _Rows | None) -> Day:
        """Finds the next revision that is free, or whose snapshot has exactly these rows.

        A snapshot without a record is what a run left that died, or one that is under way.
        """
        number = self.day.revision + 1
        while not _is_free(self.day.at_revision(number), now):
            number += 1
        return self.day.at_revision(number)

    def _record(
        self, candidate: Day, after: Artifact, acceptance: Acceptance, compare: Compare
    ) -> tuple[Artifact, History]:
        revision = Revision(
            number=candidate.revision,
            snapshot_id=after.manifest.id,
            revises=self.before.id,
            accepted=acceptance,
            changes=compare(self.figures.row_digests, _rows_of(after).digests),
        )
        record_revision(candidate.lake, candidate.as_of, candidate.first_snapshot_id, revision)
        logger.warning(
            "history changed, accepted as revision %d: later steps of %s use snapshot %s instead "
            "of %s; what is live stays live until they have run",
            revision.number, format_instant(candidate.as_of), after.manifest.id, self.before.id,
        )  # fmt: skip
        return after, "revised"

    def _unchanged(self, why: str) -> tuple[Artifact, History]:
        logger.info("history unchanged since snapshot %s was built: %s", self.before.id, why)
        return self.snapshot, "unchanged"

    def _differences(self, files: Mapping[str, FileEntry], digests: Digests) -> str:
        old = self.before.files
        names = sorted(name for name in {*old, *files} if old.get(name) != files.get(name))
        resized = resized_tables(self.figures.row_digests, digests)
        return (
            f"{len(names)} of {len({*old, *files})} files differ, such as {names[0]}; rows: "
            f"{_listed(resized) or 'every table has as many as before'}"
        )

    def _refusal(self, found: str) -> HistoryChangedError:
        day = format_instant(self.day.as_of)
        late = ", ".join(self.figures.tables_without_known_at) or "none"
        return HistoryChangedError(
            must="History changed: the source must give the rows known for "
            f"{day} that snapshot {self.before.id} was built from.",
            found=found,
            fix="Find out why the source changed its past; a table without known_at takes in "
            f"whatever arrives late (here: {late}). `--rebuild --accept --by NAME --reason TEXT` "
            "would add a revision of the day's snapshot: every later step of the day must run "
            "again on it, earlier artefacts stay readable, and what is live stays live until the "
            "day is published again. Other days need a --rebuild of their own.",
        )


def _ref(candidate: Day) -> Ref:
    return candidate.ref(StepName.SNAPSHOT)


def _is_free(candidate: Day, now: _Rows | None) -> bool:
    found = candidate.find(_ref(candidate))
    if found is None:
        return True
    return now is not None and _rows_of(found) == now


def _commit(candidate: Day, trial: Attempt, figures: SnapshotFigures) -> Artifact:
    done = candidate.commit(_ref(candidate), trial, figures)
    refuse_other_rows(candidate.as_of, _rows_of(done).digests, figures.row_digests)
    return done


def _rows_of(snapshot: Artifact) -> _Rows:
    figures = snapshot.manifest.figures(SnapshotFigures)
    return _Rows(figures.digest_engine, figures.row_digests)


def _listed(changes: Sequence[TableChange]) -> str:
    return "; ".join(map(str, changes))
