"""Revisions of a day's snapshot: its history changed, and somebody accepted that.

A snapshot's id leaves the source out, so a day that is built again would get the id it has. A
revision's number enters the id. It is in use from the moment its record is there, and that is put
last, if absent: a crash before changes nothing, and of several writers one wins. Numbers may have
gaps, where a snapshot was committed but never recorded and the source changed again since.
"""

import logging
import re
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from graphrec_core.errors import ConflictError, DamagedError
from graphrec_core.lake.identity import canonical_json
from graphrec_core.lake.lake import Lake
from graphrec_core.lake.records import Digests
from graphrec_core.ledger.release import read_stored
from graphrec_core.types import ArtifactId, format_instant

logger = logging.getLogger(__name__)

RECORD = re.compile(r"([1-9][0-9]*)\.json")


class Acceptance(BaseModel):
    """Who accepts a changed history, and why."""

    model_config = ConfigDict(frozen=True)

    by: str
    why: str


class TableChange(BaseModel):
    """What changed in one table of a source's past.

    Attributes:
        table: The canonical table, such as ``edges/visited``, or ``region.areas``.
        num_rows_before: Its rows, good and bad, when the snapshot was built; None: not counted.
        num_rows: Its rows now; None: not counted.
    """

    model_config = ConfigDict(frozen=True)

    table: str
    num_rows_before: int | None
    num_rows: int | None

    def __str__(self) -> str:
        before, now = self.num_rows_before, self.num_rows
        if before is None or now is None:
            return f"{self.table}: not the same"
        if before == now:
            return f"{self.table}: {now} rows as before, but not the same"
        return f"{self.table}: {before} rows then, {now} now"


class Revision(BaseModel):
    """The record that puts a revision to use.

    Attributes:
        number: Its number, from 1.
        snapshot_id: The snapshot that the day's later steps use.
        revises: The snapshot that they used before.
        accepted: Who accepted the change, and why.
        changes: The tables that changed; none where only the snapshots' files could be compared
            and every table has as many rows as before.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    snapshot_id: ArtifactId
    revises: ArtifactId
    accepted: Acceptance
    changes: list[TableChange]

    def __str__(self) -> str:
        changes = "; ".join(map(str, self.changes)) or "the snapshot's files"
        return (
            f"revision {self.number}: snapshot {self.snapshot_id} instead of {self.revises}, "
            f"accepted by {self.accepted.by}: {self.accepted.why} ({changes})"
        )

    def to_bytes(self) -> bytes:
        """Writes the record as canonical JSON."""
        return (canonical_json(self.model_dump(mode="json")) + "\n").encode()


def newest_revision(lake: Lake, as_of: datetime, first_id: ArtifactId) -> int:
    """Returns the number of the revision in use; 0 where the first snapshot is.

    Args:
        lake: The lake.
        as_of: The day.
        first_id: Id of the day's first snapshot.
    """
    return max(_numbers(lake, lake.layout.snapshot_revisions(as_of, first_id)), default=0)


def scan_revisions(
    lake: Lake, as_of: datetime, first_id: ArtifactId
) -> tuple[list[Revision], dict[int, DamagedError]]:
    """Reads the records of a day's revisions, in order, and says what is wrong with the others.

    Returns:
        The records that can be read; number -> what is wrong with a damaged one.
    """
    revisions, damaged = list[Revision](), dict[int, DamagedError]()
    for number in sorted(_numbers(lake, lake.layout.snapshot_revisions(as_of, first_id))):
        path = lake.layout.revision(as_of, first_id, number)
        try:
            revisions.append(read_stored(lake, path, Revision))
        except DamagedError as error:
            damaged[number] = error
    return revisions, damaged


def revision_numbers(lake: Lake, as_of: str) -> dict[ArtifactId, int]:
    """Returns the number of every revision of a day, by the snapshot's id.

    A damaged record counts for nothing here, and an error is logged: it stops its own day only.
    """
    numbers = {}
    for path in lake.storage.files(f"{lake.layout.revisions}/as_of={as_of}"):
        if RECORD.fullmatch(path.rpartition("/")[2]):
            try:
                record = read_stored(lake, path, Revision)
            except DamagedError as error:
                logger.error("%s", error)
            else:
                numbers[record.snapshot_id] = record.number
    return numbers


def record_revision(
    lake: Lake, as_of: datetime, first_id: ArtifactId, revision: Revision
) -> Revision:
    """Puts a revision to use, or finds that somebody else did so first.

    Its snapshot must be committed.

    Returns:
        The stored record, this one or the earlier one.

    Raises:
        ConflictError: A later revision was accepted meanwhile.
        LakeError: The stored record is damaged.
    """
    path = lake.layout.revision(as_of, first_id, revision.number)
    if not lake.storage.write_if_absent(path, revision.to_bytes()):
        logger.info("revision %d was accepted by another run", revision.number)
    newest = newest_revision(lake, as_of, first_id)
    if newest != revision.number:
        raise _overtaken(as_of, f"revision {newest}, accepted meanwhile")
    return read_stored(lake, path, Revision)


def changed_tables(before: Digests, now: Digests) -> list[TableChange]:
    """Compares two sources' digests, made by one engine.

    Args:
        before: Table -> digest of its rows, as in a snapshot's ``row_digests``.
        now: The same.

    Returns:
        The tables that differ, sorted.
    """
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    return [_change(name, before, now) for name in names]


def resized_tables(before: Digests, now: Digests) -> list[TableChange]:
    """Compares two sources' row counts, which are comparable whatever engine counted."""
    changes = [_change(name, before, now) for name in sorted({*before, *now})]
    return [change for change in changes if change.num_rows != change.num_rows_before]


def refuse_other_rows(as_of: datetime, committed: object, own: object) -> None:
    """Refuses to record a snapshot that another run committed from other rows.

    Raises:
        ConflictError: The two differ.
    """
    if committed != own:
        raise _overtaken(as_of, "a snapshot that another run built from other rows meanwhile")


def _numbers(lake: Lake, folder: str) -> list[int]:
    names = [path.removeprefix(f"{folder}/") for path in lake.storage.files(folder)]
    return [int(match[1]) for name in names if (match := RECORD.fullmatch(name))]


def _change(name: str, before: Digests, now: Digests) -> TableChange:
    return TableChange(
        table=name,
        num_rows_before=before[name].num_rows if name in before else None,
        num_rows=now[name].num_rows if name in now else None,
    )


def _overtaken(as_of: datetime, found: str) -> ConflictError:
    return ConflictError(
        must=f"One run at a time may accept a changed history of {format_instant(as_of)}.",
        found=found,
        fix="Run it again: it compares the source with what is in use now.",
    )
