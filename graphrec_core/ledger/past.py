"""What was decided before: all releases and the pointer, read once by a job."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from graphrec_core.lake.lake import Lake
from graphrec_core.ledger.live import Live, read_live, withdrawn_shards
from graphrec_core.ledger.release import Release, ReleasedRegion, list_releases
from graphrec_core.ledger.revisions import revision_numbers
from graphrec_core.types import ArtifactId, Region, format_instant, parse_instant

CHAMPION, SAME_DAY, ELDER = "champion", "same_day", "elder"
RELEASED = (CHAMPION, SAME_DAY, ELDER)
"""References that are earlier releases, as evaluations, rules and reports name them."""


@dataclass(frozen=True)
class Past:
    """The stored releases as one job sees them, from its start to its end.

    None of it is read from LIVE but what was withdrawn, so that a backfill is judged as it would
    have been that night.

    Attributes:
        releases: All of them, by as_of, by the revision of their snapshot, by their number among
            the releases of their day, and then by id.
        live: The pointer; only what it withdrew counts.
    """

    releases: tuple[Release, ...]
    live: Live

    def champion(self, region: Region, as_of: datetime) -> ReleasedRegion | None:
        """Finds a region's newest good entry of a day before ``as_of``."""
        for instant, entry in self._good(region):
            if instant < as_of:
                return entry
        return None

    def same_day(self, region: Region, as_of: datetime) -> ReleasedRegion | None:
        """Finds a region's newest good entry of the day itself: what a further run replaces."""
        for instant, entry in self._good(region):
            if instant == as_of:
                return entry
        return None

    def elder(self, region: Region, as_of: datetime, memory_days: int) -> ReleasedRegion | None:
        """Finds the champion of ``memory_days`` ago, so that small losses do not add up.

        Where no entry is that old, it is the oldest one before ``as_of``. 0 days: none.
        """
        found = None
        for instant, entry in self._good(region) if memory_days else ():
            if instant < as_of:
                found = entry
            if instant <= as_of - timedelta(days=memory_days):
                break
        return found

    def references(
        self, region: Region, as_of: datetime, memory_days: int, own: ArtifactId
    ) -> dict[str, ArtifactId]:
        """Names the models of earlier releases that a candidate must not be worse than.

        Args:
            region: The region.
            as_of: The candidate's day.
            memory_days: ``gate.memory_days``.
            own: The candidate's model; it is not compared with itself.

        Returns:
            Name of ``RELEASED`` -> model, where there is one.
        """
        found = {
            CHAMPION: self.champion(region, as_of),
            SAME_DAY: self.same_day(region, as_of),
            ELDER: self.elder(region, as_of, memory_days),
        }
        models = {name: entry.model_id for name, entry in found.items() if entry}
        return {name: model for name, model in models.items() if model and model != own}

    def kept(self, region: Region, as_of: datetime) -> ReleasedRegion | None:
        """Finds the entry whose shard a refused region lists."""
        return self.same_day(region, as_of) or self.champion(region, as_of)

    def decisions(
        self, as_of: datetime, snapshot_id: ArtifactId, region: Region
    ) -> Iterator[ReleasedRegion]:
        """Yields what the releases of a day, made from this snapshot, say of a region."""
        for release in self.releases:
            if (release.as_of, release.snapshot_id) == (format_instant(as_of), snapshot_id):
                entry = release.regions.get(region)
                if entry is not None:
                    yield entry

    def next_number(self, as_of: datetime) -> int:
        """Numbers a further release of a day, from 1: no clock tells which came first."""
        own = [one.number for one in self.releases if one.as_of == format_instant(as_of)]
        return max(own, default=0) + 1

    def number_of(
        self, as_of: datetime, region: Region, evaluation_id: ArtifactId, shard_id: ArtifactId
    ) -> int:
        """Returns the place of a region's decision among those of its day.

        Args:
            as_of: The day.
            region: The region.
            evaluation_id: How the candidate was judged.
            shard_id: The candidate.

        Returns:
            The number of the first release that holds it; the next one where none does.
        """
        decision = (evaluation_id, shard_id)
        numbers = [
            release.number
            for release in self.releases
            if release.as_of == format_instant(as_of)
            if (entry := release.regions.get(region)) is not None
            if (entry.evaluation_id, entry.candidate_shard_id) == decision
        ]
        return min(numbers, default=self.next_number(as_of))

    def _good(self, region: Region) -> Iterator[tuple[datetime, ReleasedRegion]]:
        """Yields the instants and entries that a candidate may be held to, newest first.

        A release of mode `never` was not meant to serve; one that was rolled back, or that lists
        again what was, is no measure either; nor is one that a looser gate let pass. What a
        person forced although it was undecided is the new measure. Where it was so because what
        came before can no longer be measured, that is forgotten.
        """
        for instant, release in self._newest_first:
            entry = release.regions.get(region)
            if entry is None or entry.candidate_shard_id in self._barred:
                continue
            was_settled = release.is_forced and entry.verdict == "undecided"
            if was_settled or (entry.passed and not release.looser):
                yield instant, entry
            if was_settled and entry.lacks_reference:
                return

    @cached_property
    def _newest_first(self) -> list[tuple[datetime, Release]]:
        return [
            (parse_instant(release.as_of), release)
            for release in reversed(self.releases)
            if release.mode != "never" and release.id not in self.live.withdrawn
        ]

    @cached_property
    def _barred(self) -> set[ArtifactId]:
        return withdrawn_shards(self.releases, self.live)


def read_past(lake: Lake) -> Past:
    """Reads all releases and the pointer.

    Raises:
        DamagedError: LIVE is damaged.
    """
    return past_of(lake, list_releases(lake), read_live(lake))


def past_of(lake: Lake, releases: Sequence[Release], live: Live) -> Past:
    """Puts releases that were read already into their order.

    Args:
        lake: The lake; the numbers of the revisions are read from it.
        releases: All that can be read.
        live: The pointer.
    """
    numbers = revision_numbers(lake)

    def order(release: Release) -> tuple[datetime, int, int, str]:
        revision = numbers.get(release.snapshot_id, 0)
        return parse_instant(release.as_of), revision, release.number, release.id

    return Past(tuple(sorted(releases, key=order)), live)
