"""build-snapshot --rebuild: has the source another past than the day's snapshot was built from?

Not a step: the same snapshot stays in use, or a revision of it, once somebody accepts the change.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.engine import open_engine
from graphrec_core.errors import ConfigError, HistoryChangedError
from graphrec_core.lake import (
    Artifact,
    Attempt,
    FileEntry,
    Lake,
    Manifest,
    attempt,
    find_artifact,
)
from graphrec_core.lake.attempt import remove_attempt
from graphrec_core.ledger.chain import Chain
from graphrec_core.ledger.revisions import (
    Acceptance,
    Revision,
    TableChange,
    changed_tables,
    record_revision,
    refuse_other_rows,
    resized_tables,
)
from graphrec_core.quality import check_source
from graphrec_core.snapshot.calendar import open_calendar
from graphrec_core.sources.root import source_areas
from graphrec_core.types import Region, format_instant
from jobs import build_snapshot

logger = logging.getLogger(__name__)

History = dict[str, Literal["first", "unchanged", "revised"]]
"""What became of the day's history, as build-snapshot prints it."""
Compare = Callable[[Mapping[str, Any], Mapping[str, Any]], list[TableChange]]


def run(
    config: PipelineConfig, as_of: datetime, region: Region, acceptance: Acceptance | None = None
) -> tuple[Manifest, History]:
    """Compares the source, as it was known on that day, with what the day's snapshot was made of.

    Digests of two engines cannot be compared; then the files that a build gives now are, since
    all engines write equal bytes.

    Args:
        config: The pipeline.
        as_of: The day.
        region: All regions.
        acceptance: Who accepts a change, and why; None: nobody does.

    Returns:
        The snapshot that the day's later steps use, and what became of its history.

    Raises:
        HistoryChangedError: The rows differ and nobody accepts it; nothing is written.
        ConflictError: Another run accepted another change meanwhile.
    """
    lake, chain = Lake(config), Chain(config, as_of)
    before = find_artifact(lake.storage, lake.layout.snapshot(as_of, chain.snapshot_id()))
    if before is None:
        logger.info("the day has no snapshot yet: there is no history to compare with")
        return build_snapshot.run(config, as_of, region), {"history": "first"}
    return _Rebuild(config, region, lake, chain, before.manifest).run(acceptance)


def acceptance(by: str, reason: str, *, rebuild: bool, accept: bool) -> Acceptance | None:
    """Takes what says whether, by whom and why a changed history is accepted.

    Raises:
        ConfigError: Something that goes together is missing.
    """
    if accept and not (rebuild and by.strip() and reason.strip()):
        raise ConfigError(
            must="A changed history is accepted with --rebuild --accept --by NAME --reason TEXT: "
            "who and why is recorded.",
            found=f"{'' if rebuild else 'no '}--rebuild, --by {by!r}, --reason {reason!r}",
            fix="Run --rebuild alone first, to see what changed.",
        )
    if not accept and (by or reason):
        raise ConfigError(
            must="--by and --reason say who accepts a changed history, and why.",
            found="no --accept",
            fix="Add --rebuild --accept, or leave them out.",
        )
    return Acceptance(by=by, why=reason) if accept else None


@dataclass(frozen=True)
class _Rebuild:
    config: PipelineConfig
    region: Region
    lake: Lake
    chain: Chain
    before: Manifest

    def run(self, acceptance: Acceptance | None) -> tuple[Manifest, History]:
        now = self._source_now()
        if self.before.stats.get("digest_engine") != now["digest_engine"]:
            return self._by_files(acceptance)
        changes = changed_tables(self.before.stats["row_digests"], now["row_digests"])
        if not changes:
            return self._unchanged("every table has the same rows")
        if acceptance is None:
            raise self._refusal(_listed(changes))
        candidate = self._candidate(now)
        after = find_artifact(self.lake.storage, self._folder(candidate))
        if after is None:
            with self._attempt(candidate) as trial:
                after = self._commit(candidate, trial, self._write(trial))
        else:
            logger.info("snapshot %s was built before, but never recorded", after.manifest.id)
        return self._record(candidate, after.manifest, acceptance, changed_tables)

    def _by_files(self, acceptance: Acceptance | None) -> tuple[Manifest, History]:
        """Builds the day again and compares its files, as far as digests say nothing."""
        candidate = self._candidate(None)
        with self._attempt(candidate) as trial:
            stats = self._write(trial)
            if dict(trial.files()) == self.before.files:
                remove_attempt(self.lake.storage, trial.base)
                return self._unchanged("another engine built it, and this one gives equal files")
            if acceptance is None:
                raise self._refusal(self._differences(trial.files(), stats))
            after = self._commit(candidate, trial, stats)
        return self._record(candidate, after.manifest, acceptance, resized_tables)

    def _source_now(self) -> dict[str, Any]:
        with open_engine(self.config, self.lake) as engine:
            checked = check_source(engine, self.config, self.lake, self.chain.as_of)
            areas = source_areas(self.config, self.lake)
            calendar = open_calendar(engine, self.config, self.chain.as_of)
            (found,) = build_snapshot.source_digests(engine, checked, areas, calendar)
            return {"digest_engine": engine.label, "row_digests": found}

    def _candidate(self, now: Mapping[str, Any] | None) -> Chain:
        """Finds the next revision that is free, or whose snapshot has exactly these rows.

        A snapshot without a record is what a run left that died, or one that is under way.
        """
        number = self.chain.revision + 1
        while not self._is_free(self.chain.at_revision(number), now):
            number += 1
        return self.chain.at_revision(number)

    def _is_free(self, candidate: Chain, now: Mapping[str, Any] | None) -> bool:
        found = find_artifact(self.lake.storage, self._folder(candidate))
        if found is None:
            return True
        return now is not None and all(found.manifest.stats.get(key) == now[key] for key in now)

    def _folder(self, candidate: Chain) -> str:
        return self.lake.layout.snapshot(candidate.as_of, candidate.snapshot_id())

    def _attempt(self, candidate: Chain) -> AbstractContextManager[Attempt]:
        return attempt(self.lake.storage, self._folder(candidate), candidate.snapshot_id())

    def _write(self, trial: Attempt) -> dict[str, Any]:
        return build_snapshot.write_snapshot(self.config, self.lake, self.chain.as_of, trial)

    def _commit(self, candidate: Chain, trial: Attempt, stats: dict[str, Any]) -> Artifact:
        inputs, as_of = candidate.snapshot_inputs(), candidate.as_of
        done = trial.commit(StepName.SNAPSHOT, self.config, as_of, self.region, inputs, stats)
        refuse_other_rows(as_of, done.manifest.stats["row_digests"], stats["row_digests"])
        return done

    def _record(
        self, candidate: Chain, after: Manifest, acceptance: Acceptance, compare: Compare
    ) -> tuple[Manifest, History]:
        revision = Revision(
            number=candidate.revision,
            snapshot_id=after.id,
            revises=self.before.id,
            accepted=acceptance,
            changes=compare(self.before.stats.get("row_digests", {}), after.stats["row_digests"]),
        )
        record_revision(self.lake, candidate.as_of, candidate.first_snapshot_id(), revision)
        logger.warning(
            "history changed, accepted as revision %d: later steps of %s use snapshot %s instead "
            "of %s; what is live stays live until they have run",
            revision.number, format_instant(candidate.as_of), after.id, self.before.id,
        )  # fmt: skip
        return after, {"history": "revised"}

    def _unchanged(self, why: str) -> tuple[Manifest, History]:
        logger.info("history unchanged since snapshot %s was built: %s", self.before.id, why)
        return self.before, {"history": "unchanged"}

    def _differences(self, files: Mapping[str, FileEntry], stats: Mapping[str, Any]) -> str:
        old = self.before.files
        names = sorted(name for name in {*old, *files} if old.get(name) != files.get(name))
        resized = resized_tables(self.before.stats.get("row_digests", {}), stats["row_digests"])
        return (
            f"{len(names)} of {len({*old, *files})} files differ, such as {names[0]}; rows: "
            f"{_listed(resized) or 'every table has as many as before'}"
        )

    def _refusal(self, found: str) -> HistoryChangedError:
        day = format_instant(self.chain.as_of)
        late = ", ".join(self.before.stats.get("tables_without_known_at", [])) or "none"
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


def _listed(changes: Sequence[TableChange]) -> str:
    return "; ".join(map(str, changes))
