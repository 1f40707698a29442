"""LIVE: the one mutable file, the pointer to what serves each region; changed by swapping.

``regions`` follows from ``history`` and ``claims`` alone: each region is served by the last
release of ``history`` that claimed it (see ``replay``).

- ``history``: the releases that are live, each once, in the order in which they went live, never
  a later day before an earlier one, and each with a claim. Publishing one of them again changes
  nothing, except by force, which moves it to the end.
- ``withdrawn``: the releases that were rolled back; none of them is in ``history``. Neither they
  nor their shards go live again, under any release's name, except by force.
- A rollback takes shards back for good: an earlier release that had brought the same shard loses
  its claim to it, so that no further rollback returns to it, and without any claim it is
  withdrawn too.
- ``high_water``: the greatest day that was ever live; no release of an earlier day goes live, by
  force neither, so backfills never move the pointer backwards. A rollback leaves it where it is.
  After a release of a mistaken day a person lowers it to the newest day that is still live, and
  ``lowered`` records who and why.
"""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from graphrec_core.errors import DamagedError
from graphrec_core.lake.identity import canonical_json
from graphrec_core.lake.lake import Lake
from graphrec_core.ledger.release import Release, read_stored
from graphrec_core.ledger.replay import LiveRegion
from graphrec_core.types import ArtifactId, Region

NOTHING = ArtifactId("nothing")
"""Names, for a rollback, the time before the first release."""


RESTORE_LIVE = (
    "Restore the file from a backup: nothing else knows what was withdrawn, nor the high-water "
    "mark. A server that runs goes on with what it has loaded."
)


class Lowered(BaseModel):
    """One lowering of the high-water mark.

    Attributes:
        by: Who lowered it.
        why: Why.
        from_as_of: The mark before.
        to_as_of: The mark afterwards; empty where nothing was live any more.
    """

    model_config = ConfigDict(frozen=True)

    by: str
    why: str
    from_as_of: str
    to_as_of: str


class Live(BaseModel):
    """The pointer to what serves.

    Attributes:
        high_water: The greatest as_of that ever went live, unless it was lowered.
        release_id: The release that last changed the pointer.
        regions: What serves each region.
        withdrawn: Ids of releases that were rolled back, sorted.
        history: Ids of the releases that are live, in order.
        claims: The regions that each release of ``history`` changed.
        lowered: How the high-water mark was lowered, in order.
    """

    model_config = ConfigDict(frozen=True)

    high_water: str = ""
    release_id: ArtifactId | None = None
    regions: dict[Region, LiveRegion] = {}
    withdrawn: list[ArtifactId] = []
    history: list[ArtifactId] = []
    claims: dict[ArtifactId, list[Region]] = {}
    lowered: list[Lowered] = []

    def to_bytes(self) -> bytes:
        """Writes the pointer as canonical JSON."""
        return (canonical_json(self.model_dump(mode="json")) + "\n").encode()


def read_live(lake: Lake) -> Live:
    """Reads the pointer; an empty one where nothing was ever published.

    Raises:
        DamagedError: The file is not what graphrec wrote.
    """
    return find_live(lake) or Live()


def find_live(lake: Lake) -> Live | None:
    """Reads the pointer; None where there is no such file.

    Raises:
        DamagedError: The file is not what graphrec wrote.
    """
    path = lake.layout.live
    if not lake.storage.exists(path):
        return None
    try:
        live = read_stored(lake, path, Live)
    except DamagedError as error:
        raise DamagedError(must=error.must, found=error.found, fix=RESTORE_LIVE) from error
    if missing := {*Live().model_dump(exclude={"claims", "lowered"})} - live.model_fields_set:
        raise DamagedError(
            must=f"{lake.storage.uri(path)} must hold what graphrec wrote there.",
            found=f"no {', '.join(sorted(missing))}",
            fix=RESTORE_LIVE,
        )
    return live


def withdrawn_shards(releases: Sequence[Release], live: Live) -> set[ArtifactId]:
    """Returns the shards that were rolled back, but for those that were revived."""
    withdrawn, revived = set[ArtifactId](), set[ArtifactId]()
    for release in releases:
        own = release.regions.items()
        if release.id in live.withdrawn:
            withdrawn |= {entry.candidate_shard_id for _, entry in own if entry.candidate_shard_id}
        elif release.id in live.history:
            claims = live.claims.get(release.id, release.regions)
            revived |= {
                entry.candidate_shard_id
                for region, entry in own
                if region in claims and entry.candidate_shard_id
                if entry.passed or release.is_forced
            }
    return withdrawn - revived
