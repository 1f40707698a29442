"""Which entries of releases later candidates are measured against: a matter of the entry alone.

What was rolled back is no measure either, but that changes, so it is LIVE's to say.
"""

from graphrec_core.ledger.release import Release, ReleasedRegion


def is_measure(release: Release, entry: ReleasedRegion) -> bool:
    """Tells whether a later candidate may be held to an entry, while it is not rolled back.

    A release of mode `never` was not meant to serve; one that a looser gate let pass is no
    measure. What a person forced although it was undecided is the new one.
    """
    if release.mode == "never":
        return False
    return _was_settled(release, entry) or (entry.passed and not release.looser)


def starts_anew(release: Release, entry: ReleasedRegion) -> bool:
    """Tells whether an entry is a measure that makes those before it forgotten.

    A person forced it, and it was undecided because what came before can no longer be measured.
    """
    return _was_settled(release, entry) and entry.lacks_reference


def _was_settled(release: Release, entry: ReleasedRegion) -> bool:
    return release.is_forced and entry.verdict == "undecided"
