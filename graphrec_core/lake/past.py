"""What was decided before: all releases and the pointer, read once by a job."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from graphrec_core.lake.lake import Lake
from graphrec_core.lake.live import Live, read_live, withdrawn_shards
from graphrec_core.lake.release import Release, ReleasedRegion, list_releases
from graphrec_core.lake.revisions import revision_numbers
from graphrec_core.types import ArtifactId, Region, format_instant


@dataclass(frozen=True)
class Past:
    """The stored releases as one job sees them, from its start to its end.

    Attributes:
        releases: All of them, by as_of, by the revision of their snapshot, and then by id.
        live: The pointer; only what it withdrew counts.
    """

    releases: tuple[Release, ...]
    live: Live

    def champion(self, region: Region, as_of: datetime) -> ReleasedRegion | None:
        """Finds what a region's candidate must beat: its newest passed entry before ``as_of``.

        Never read from LIVE, so that a backfill is judged as it would have been that night. A
        release of mode `never` was not meant to serve, so it is nobody's champion; nor is one
        that was rolled back, or that lists again what was.
        """
        for release in reversed(self.releases):
            entry = release.regions.get(region)
            if entry is None or not entry.passed:
                continue
            if release.as_of >= format_instant(as_of) or release.mode == "never":
                continue
            if release.id in self.live.withdrawn or entry.candidate_shard_id in self._barred:
                continue
            return entry
        return None

    def decisions(
        self, as_of: datetime, snapshot_id: ArtifactId, region: Region
    ) -> Iterator[ReleasedRegion]:
        """Yields what the releases of a day, made from this snapshot, say of a region."""
        for release in self.releases:
            if (release.as_of, release.snapshot_id) == (format_instant(as_of), snapshot_id):
                entry = release.regions.get(region)
                if entry is not None:
                    yield entry

    @cached_property
    def _barred(self) -> set[ArtifactId]:
        return withdrawn_shards(self.releases, self.live)


def read_past(lake: Lake) -> Past:
    """Reads all releases and the pointer.

    Raises:
        LakeError: A file is damaged.
    """
    numbers = revision_numbers(lake)

    def order(release: Release) -> tuple[str, int, str]:
        return release.as_of, numbers.get(release.snapshot_id, 0), release.id

    return Past(tuple(sorted(list_releases(lake), key=order)), read_live(lake))
