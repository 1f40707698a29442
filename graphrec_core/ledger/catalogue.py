"""Finds releases by day and by region without reading them all.

The catalogue holds names and nothing else: below ``days`` each release under the month of its day,
and below a region each release that may be a measure there (see ``measure``). So the newest one
before a day is found by listing a month, and what a name leads to is always read from the release.

Names are written before the release is stored, so every stored release has all of its names,
wherever a process died. A name whose release was never stored counts for nothing, and a second
writing changes nothing. The releases of a time without a catalogue are in one file (``older``).
"""

import logging
from collections.abc import Iterator
from functools import cached_property

from graphrec_core.errors import DamagedError
from graphrec_core.lake.lake import Lake
from graphrec_core.ledger.listed import MONTH, Listed
from graphrec_core.ledger.measure import is_measure, starts_anew
from graphrec_core.ledger.older import Older, build_older, read_older
from graphrec_core.ledger.release import Release, find_release, release_ids
from graphrec_core.ledger.revisions import revision_numbers
from graphrec_core.types import ArtifactId, Region

logger = logging.getLogger(__name__)


def announce(lake: Lake, release: Release) -> None:
    """Writes the names of a release; it is stored afterwards."""
    layout, own = lake.layout, Listed(release.as_of, release.id)
    paths = [f"{layout.catalogued_days}/{own.month}/{own}"]
    for region, entry in release.regions.items():
        if is_measure(release, entry):
            named = Listed(release.as_of, release.id, starts_anew(release, entry))
            paths.append(f"{layout.catalogued_region(region)}/{named.month}/{named}")
    lake.storage.write_all(dict.fromkeys(paths, b""))


def complete(lake: Lake) -> None:
    """Takes in releases that have no names: those of an earlier version, or of another lake.

    It lists the names of all releases, which is why only publishing does it.
    """
    listed = (Listed.read(path.rpartition("/")[2]) for path in _days(lake))
    older = read_older(lake)
    known = {one.release_id for one in (*older.all(), *filter(None, listed))}
    if missing := set(release_ids(lake)) - known - set(older.unread):
        logger.info("the catalogue takes in %d releases", len(missing))
        build_older(lake)


class Catalogue:
    """The releases as one job sees them; each is read at most once.

    Args:
        lake: The pipeline's lake.

    Attributes:
        lake: The lake.
        damaged: What is wrong with the releases that were met and cannot be read. They count for
            nothing, and an error is logged.
    """

    def __init__(self, lake: Lake) -> None:
        self.damaged: dict[ArtifactId, DamagedError] = {}
        self.lake = lake
        self._found: dict[ArtifactId, Release | None] = {}
        self._months: dict[str, frozenset[Listed]] = {}
        self._of_day: dict[str, tuple[Release, ...]] = {}

    def find(self, release_id: ArtifactId) -> Release | None:
        """Reads a release; None where it is not stored, or damaged."""
        if release_id not in self._found:
            try:
                self._found[release_id] = find_release(self.lake, release_id)
            except DamagedError as error:
                logger.error("%s", error)
                self._found[release_id], self.damaged[release_id] = None, error
        return self._found[release_id]

    def of_day(self, as_of: str) -> tuple[Release, ...]:
        """Reads the releases of a day, as they were decided.

        That is by the revision of their snapshot, by their number, and then by id.

        Args:
            as_of: The day, as ``20100901T000000Z``.
        """
        if as_of not in self._of_day:
            own = self._in_month(self.lake.layout.catalogued_days, as_of, self._older.all())
            ids = sorted({one.release_id for one in own if one.as_of == as_of})
            releases = [found for name in ids if (found := self.find(name)) is not None]
            numbers = revision_numbers(self.lake, as_of) if len(releases) > 1 else {}
            releases.sort(key=lambda one: (numbers.get(one.snapshot_id, 0), one.number, one.id))
            self._of_day[as_of] = tuple(releases)
        return self._of_day[as_of]

    def days(self, first: str, last: str) -> list[str]:
        """Names the days that have a release, from the first to the last, in order."""
        folder, older = self.lake.layout.catalogued_days, self._older.all()
        months = {*self.lake.storage.folders(folder), *(one.month for one in older)}
        wanted = (month for month in months if first[:MONTH] <= month <= last)
        found = {one.as_of for month in wanted for one in self._in_month(folder, month, older)}
        return sorted(day for day in found if first <= day <= last)

    def measures(self, region: Region, until: str) -> Iterator[Listed]:
        """Names what may be a measure in a region, newest first.

        Args:
            region: The region.
            until: The last day, as ``20100901T000000Z``; itself included.
        """
        folder, older = self.lake.layout.catalogued_region(region), self._older.of_region(region)
        months = {*self.lake.storage.folders(folder), *(one.month for one in older)}
        for month in sorted(months, reverse=True):
            if month <= until:
                named = self._in_month(folder, month, older)
                yield from sorted((one for one in named if one.as_of <= until), reverse=True)

    def newest(self) -> Release | None:
        """Reads the last release, by day and then by id, that can be read."""
        folder, older = self.lake.layout.catalogued_days, self._older.all()
        months = {*self.lake.storage.folders(folder), *(one.month for one in older)}
        for month in sorted(months, reverse=True):
            for one in sorted(self._in_month(folder, month, older), reverse=True):
                if (found := self.find(one.release_id)) is not None:
                    return found
        return None

    @cached_property
    def _older(self) -> Older:
        return read_older(self.lake)

    def _in_month(self, folder: str, month: str, older: list[Listed]) -> set[Listed]:
        """Names what a folder and the older releases have in the month of an instant."""
        month = month[:MONTH]
        path = f"{folder}/{month}"
        if path not in self._months:
            names = (name.rpartition("/")[2] for name in self.lake.storage.files(path))
            self._months[path] = frozenset(filter(None, map(Listed.read, names)))
        return {*self._months[path], *(one for one in older if one.month == month)}


def _days(lake: Lake) -> list[str]:
    return lake.storage.files(lake.layout.catalogued_days)
