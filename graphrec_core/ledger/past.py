"""What was decided before: champions and the decisions of a day, as one job sees them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby

from graphrec_core.lake.lake import Lake
from graphrec_core.ledger.catalogue import Catalogue
from graphrec_core.ledger.live import Live, read_live, withdrawn_shards
from graphrec_core.ledger.measure import is_measure, starts_anew
from graphrec_core.ledger.release import Release, ReleasedRegion
from graphrec_core.types import ArtifactId, Region, format_instant

CHAMPION, SAME_DAY, ELDER = "champion", "same_day", "elder"
RELEASED = (CHAMPION, SAME_DAY, ELDER)
"""References that are earlier releases, as evaluations, rules and reports name them."""


@dataclass(frozen=True)
class Measures:
    """The entries of one day that a region's candidate may be held to.

    Attributes:
        as_of: The day.
        entries: They, newest first.
        start_anew: Whether what came before the last of them is forgotten.
    """

    as_of: str
    entries: tuple[ReleasedRegion, ...]
    start_anew: bool


@dataclass(frozen=True)
class Past:
    """The stored releases as one job sees them, from its start to its end.

    None of it is read from LIVE but what was withdrawn, and nothing later than the day that is
    asked for counts, so that a backfill is judged as it would have been that night.

    Attributes:
        catalogue: Finds the releases.
        live: The pointer.
    """

    catalogue: Catalogue
    live: Live
    _barred: dict[str, set[ArtifactId]] = field(default_factory=dict, compare=False)

    def champion(self, region: Region, as_of: datetime) -> ReleasedRegion | None:
        """Finds a region's newest good entry of a day before ``as_of``."""
        today = format_instant(as_of)
        for day, _ in self._days(region, today):
            found = self._measures(region, day)
            if day < today and found.entries:
                return found.entries[0]
            if found.start_anew:
                return None
        return None

    def same_day(self, region: Region, as_of: datetime) -> ReleasedRegion | None:
        """Finds a region's newest good entry of the day itself: what a further run replaces."""
        return next(iter(self._measures(region, format_instant(as_of)).entries), None)

    def elder(self, region: Region, as_of: datetime, memory_days: int) -> ReleasedRegion | None:
        """Finds the champion of ``memory_days`` ago, so that small losses do not add up.

        Where no entry is that old, it is the oldest one before ``as_of``. 0 days: none.
        """
        if not memory_days:
            return None
        today, limit = format_instant(as_of), format_instant(as_of - timedelta(days=memory_days))
        younger = list[str]()
        for day, may_start_anew in self._days(region, today):
            if day <= limit or may_start_anew:
                found = self._measures(region, day)
                if day <= limit and found.entries:
                    return found.entries[0]
                if found.start_anew:
                    return found.entries[-1] if day < today else None
            if day < today:
                younger.append(day)
        oldest_first = (self._measures(region, day).entries for day in reversed(younger))
        return next((entries[-1] for entries in oldest_first if entries), None)

    def references(
        self, region: Region, as_of: datetime, memory_days: int, own: ArtifactId
    ) -> dict[str, ArtifactId]:
        """Names the earlier releases' recommenders that a candidate must not be worse than.

        Args:
            region: The region.
            as_of: The candidate's day.
            memory_days: ``gate.memory_days``.
            own: The candidate's recommender; it is not compared with itself.

        Returns:
            Name of ``RELEASED`` -> the shard that release brought, where there is one.
        """
        found = {
            CHAMPION: self.champion(region, as_of),
            SAME_DAY: self.same_day(region, as_of),
            ELDER: self.elder(region, as_of, memory_days),
        }
        others = {name: one for name, one in found.items() if one and one.recommender_id != own}
        shards = {name: entry.candidate_shard_id for name, entry in others.items()}
        return {name: shard for name, shard in shards.items() if shard}

    def kept(self, region: Region, as_of: datetime) -> ReleasedRegion | None:
        """Finds the entry whose shard a refused region lists."""
        return self.same_day(region, as_of) or self.champion(region, as_of)

    def older_model(self, region: Region, as_of: str, shard_id: ArtifactId) -> ArtifactId | None:
        """Finds the model behind a shard of a time when a release named it, and the shard did not.

        Args:
            region: The region.
            as_of: The shard's day, as ``20100901T000000Z``.
            shard_id: The shard, as the candidate of a release.
        """
        entries = [release.regions.get(region) for release in self.catalogue.of_day(as_of)]
        own = [one for one in entries if one and one.candidate_shard_id == shard_id]
        return next((one.model_id for one in own if one.model_id), None)

    def of_day(self, as_of: datetime) -> tuple[Release, ...]:
        """Returns the releases of a day, as they were decided."""
        return self.catalogue.of_day(format_instant(as_of))

    def decisions(
        self, as_of: datetime, snapshot_id: ArtifactId, region: Region
    ) -> Iterator[ReleasedRegion]:
        """Yields what the releases of a day, made from this snapshot, say of a region."""
        for release in self.of_day(as_of):
            if release.snapshot_id == snapshot_id:
                entry = release.regions.get(region)
                if entry is not None:
                    yield entry

    def next_number(self, as_of: datetime) -> int:
        """Numbers a further release of a day, from 1: no clock tells which came first."""
        return max((one.number for one in self.of_day(as_of)), default=0) + 1

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
            for release in self.of_day(as_of)
            if (entry := release.regions.get(region)) is not None
            if (entry.evaluation_id, entry.candidate_shard_id) == decision
        ]
        return min(numbers, default=self.next_number(as_of))

    def barred(self, as_of: str) -> set[ArtifactId]:
        """Returns the shards of a day that were rolled back, but for those that were revived.

        Only a release of its own day brings a shard as its candidate.
        """
        if as_of not in self._barred:
            self._barred[as_of] = withdrawn_shards(self.catalogue.of_day(as_of), self.live)
        return self._barred[as_of]

    def _days(self, region: Region, until: str) -> Iterator[tuple[str, bool]]:
        """Yields the days on which a region may have a measure, newest first.

        With each, whether it may start anew. None of their releases is read.
        """
        named = self.catalogue.measures(region, until)
        standing = (one for one in named if one.release_id not in self._withdrawn)
        for day, listed in groupby(standing, key=lambda one: one.as_of):
            yield day, any(one.starts_anew for one in listed)

    def _measures(self, region: Region, day: str) -> Measures:
        """Reads what a candidate may be held to of one day.

        One that was rolled back, or that lists again what was, is no measure.
        """
        entries = list[ReleasedRegion]()
        for release in reversed(self.catalogue.of_day(day)):
            entry = release.regions.get(region)
            if entry is None or release.id in self._withdrawn or not is_measure(release, entry):
                continue
            if entry.candidate_shard_id in self.barred(day):
                continue
            entries.append(entry)
            if starts_anew(release, entry):
                return Measures(day, tuple(entries), start_anew=True)
        return Measures(day, tuple(entries), start_anew=False)

    @cached_property
    def _withdrawn(self) -> frozenset[ArtifactId]:
        return frozenset(self.live.withdrawn)


def read_past(lake: Lake) -> Past:
    """Reads the pointer, and releases as they are asked for.

    Raises:
        DamagedError: LIVE is damaged.
    """
    return Past(Catalogue(lake), read_live(lake))
