"""Storing a release: first its names, by which it is found, then the release itself."""

from graphrec_core.lake.identity import canonical_json
from graphrec_core.lake.lake import Lake
from graphrec_core.lake.meter import process_meter
from graphrec_core.ledger.catalogue import announce
from graphrec_core.ledger.release import Release, find_release, read_release


def store_release(lake: Lake, release: Release) -> Release:
    """Puts the release if absent, notes what that took, and returns the stored one.

    Raises:
        DamagedError: It is there already, and damaged.
    """
    if find_release(lake, release.id) is None:
        announce(lake, release)
        lake.storage.write_if_absent(lake.layout.release(release.id), release.to_bytes())
    run = (canonical_json(process_meter().take()) + "\n").encode()
    lake.storage.write_if_absent(lake.layout.release_run(release.id), run)
    return read_release(lake, release.id)
