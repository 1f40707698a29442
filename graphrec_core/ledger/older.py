"""The releases that were stored before the lake had a catalogue, in one file of it.

Built by reading all of them once, by whoever needs the catalogue first. It is a cache: removed or
damaged, it is built again, from whatever is stored by then.
"""

import logging
from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict

from graphrec_core.errors import DamagedError, LakeError
from graphrec_core.lake.identity import canonical_json
from graphrec_core.lake.lake import Lake
from graphrec_core.ledger.listed import Listed
from graphrec_core.ledger.measure import is_measure, starts_anew
from graphrec_core.ledger.release import Release, find_release, find_stored, scan_releases
from graphrec_core.types import ArtifactId, Region

logger = logging.getLogger(__name__)


class Older(BaseModel):
    """What the catalogue says of older releases.

    Attributes:
        releases: Day and id of each, sorted.
        measures: Region -> which of ``releases`` may be a measure there: bit ``i`` of a
            hexadecimal number stands for the ``i``-th.
        anew: Likewise, which of them make what came before forgotten.
        unread: Ids of the releases whose file was damaged.
    """

    model_config = ConfigDict(frozen=True)

    releases: list[tuple[str, ArtifactId]]
    measures: dict[Region, str]
    anew: dict[Region, str]
    unread: list[ArtifactId]

    def all(self) -> list[Listed]:
        """Names every release."""
        return [Listed(as_of, name) for as_of, name in self.releases]

    def of_region(self, region: Region) -> list[Listed]:
        """Names the releases that may be a measure in a region."""
        anew = set(_places(self.anew.get(region, "0")))
        return [
            Listed(*self.releases[place], place in anew)
            for place in _places(self.measures.get(region, "0"))
        ]


def read_older(lake: Lake) -> Older:
    """Reads the file, or builds it: where there is none, or a damaged release was restored."""
    older = None
    try:
        older = find_stored(lake, lake.layout.older_releases, Older)
    except DamagedError as error:
        logger.warning("%s It is built anew.", error.must)
    if older is None or any(_is_restored(lake, name) for name in older.unread):
        return build_older(lake)
    return older


def build_older(lake: Lake) -> Older:
    """Reads all releases and keeps what the catalogue says of them."""
    releases, damaged = scan_releases(lake)
    older = older_of(releases, sorted(damaged))
    data = (canonical_json(older.model_dump(mode="json")) + "\n").encode()
    try:
        lake.storage.write(lake.layout.older_releases, data)
    except LakeError as error:  # whoever only reads the lake does without
        logger.warning("the catalogue is not kept, so each step reads all releases: %s", error)
    return older


def older_of(releases: Sequence[Release], unread: Sequence[ArtifactId]) -> Older:
    """Says of releases what the catalogue does.

    Args:
        releases: All that can be read.
        unread: Ids of the others.
    """
    ordered = sorted(releases, key=lambda release: (release.as_of, release.id))
    measures, anew = dict[Region, int](), dict[Region, int]()
    for place, release in enumerate(ordered):
        for region, entry in release.regions.items():
            if is_measure(release, entry):
                measures[region] = measures.get(region, 0) | 1 << place
            if starts_anew(release, entry):
                anew[region] = anew.get(region, 0) | 1 << place
    return Older(
        releases=[(release.as_of, release.id) for release in ordered],
        measures={region: f"{bits:x}" for region, bits in measures.items()},
        anew={region: f"{bits:x}" for region, bits in anew.items()},
        unread=list(unread),
    )


def _is_restored(lake: Lake, name: ArtifactId) -> bool:
    try:
        return find_release(lake, name) is not None
    except DamagedError as error:
        logger.error("%s", error)
        return False


def _places(bits: str) -> Iterator[int]:
    number = int(bits, 16)
    return (place for place in range(number.bit_length()) if number >> place & 1)
