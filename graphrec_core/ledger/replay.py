"""What serves after releases went live one after another: a pure function of their claims.

What a release changes when it goes live are its *claims*:

- A region that passed (or was forced) takes the release's shard.
- A refused or undecided region keeps what serves it; only one that no model serves takes the
  release's. `gate.undecided` says otherwise of an undecided one (``ReleasedRegion.follows``).
- No region goes back to a shard that a release of the same day, or of a later one, replaced: a
  decision that is replayed does not undo the one that superseded it. Nor to one that was decided
  before the model of the same day that serves it, and so was never compared with that. Only
  force does.
- A release of the whole map retires the regions that its map no longer has.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from graphrec_core.ledger.release import Release, ReleasedRegion, Serves
from graphrec_core.types import ArtifactId, Region


class LiveRegion(BaseModel):
    """What serves one region now.

    Attributes:
        shard_id: The shard.
        as_of: Its instant.
        serves: ``model``, or ``popular``: its popular list alone.
        release_id: The release that brought it.
        number: Place of the decision for it among those of its day (``ReleasedRegion.number``).
    """

    model_config = ConfigDict(frozen=True)

    shard_id: ArtifactId
    as_of: str
    serves: Serves
    release_id: ArtifactId
    number: int = 0


@dataclass(frozen=True)
class Replayed:
    """What serves after some releases.

    Attributes:
        regions: What serves each region.
        superseded: The shards that were replaced or retired, by region and id, each with the
            ``as_of`` of the release that did so last.
    """

    regions: Mapping[Region, LiveRegion] = field(default_factory=dict)
    superseded: Mapping[tuple[Region, ArtifactId], str] = field(default_factory=dict)

    def then(self, release: Release, claims: Collection[Region] | None = None) -> "Replayed":
        """Returns what serves once ``release`` is live too.

        Args:
            release: The release.
            claims: The regions that it changes; None: as the rules say.
        """
        if claims is None:
            claims = self.claims(release)
        after = dict(self.regions)
        for region in claims:
            entry = release.regions.get(region)
            if entry is None:
                after.pop(region, None)
            else:
                after[region] = served_by(release, entry)
        superseded = dict(self.superseded)
        for region, old in self.regions.items():
            new = after.get(region)
            if new is None or new.shard_id != old.shard_id:
                superseded[region, old.shard_id] = release.as_of
        return Replayed(dict(sorted(after.items())), superseded)

    def claims(self, release: Release) -> list[Region]:
        """Names the regions that ``release`` changes if it goes live now."""
        taken = [
            region
            for region, entry in release.regions.items()
            if self._is_taken(release, region, entry)
        ]
        return sorted([*taken, *self.retired_by(release)])

    def retired_by(self, release: Release) -> list[Region]:
        """Names the served regions that a release of the whole map no longer has."""
        if not release.is_whole:
            return []
        return sorted(set(self.regions) - set(release.regions) - set(release.empty_regions))

    def superseded_in(self, release: Release) -> list[Region]:
        """Names the regions for which ``release`` brings a shard that was superseded."""
        return sorted(
            region
            for region, entry in release.regions.items()
            if entry.shard_id is not None and self._is_superseded(release, region, entry)
        )

    def _is_taken(self, release: Release, region: Region, entry: ReleasedRegion) -> bool:
        if entry.shard_id is None or entry.as_of is None:
            return False
        served = self.regions.get(region)
        if served is None:
            return not self._is_superseded(release, region, entry)
        stays = not (entry.passed or release.is_forced or entry.follows == "popular")
        if stays and served.serves == "model":
            return False
        is_same = (served.shard_id, served.serves) == (entry.shard_id, entry.serves)
        return not is_same and not self._is_superseded(release, region, entry)

    def _is_superseded(self, release: Release, region: Region, entry: ReleasedRegion) -> bool:
        if release.is_forced or entry.shard_id is None:
            return False
        if self.superseded.get((region, entry.shard_id), "") >= release.as_of:
            return True
        served = self.regions.get(region)
        return (
            served is not None
            and (served.as_of, served.serves) == (entry.as_of, "model")
            and served.shard_id != entry.shard_id
            and served.number > entry.number
        )


def replay(
    releases: Iterable[Release], claims: Mapping[ArtifactId, Collection[Region]]
) -> Replayed:
    """Replays releases from nothing.

    Args:
        releases: In the order in which they went live.
        claims: The regions that each of them changed; one that is not there claims by the rules.
    """
    state = Replayed()
    for release in releases:
        state = state.then(release, claims.get(release.id))
    return state


def served_by(release: Release, entry: ReleasedRegion) -> LiveRegion:
    """Returns what serves a region once a release is live for it."""
    return LiveRegion.model_validate(
        {
            "shard_id": entry.shard_id,
            "as_of": entry.as_of,
            "serves": entry.serves,
            "release_id": release.id,
            "number": entry.number,
        }
    )
