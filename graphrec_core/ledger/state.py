"""What serves after LIVE's history, or a part of it, from its claims and a few releases.

LIVE says which regions each release changed, so what serves a region is what the last release that
claimed it brought. Only releases of one day and later have to be replayed: what an earlier one
replaced binds no later day (see ``replay``).
"""

from collections.abc import Sequence

from graphrec_core.ledger.past import Past
from graphrec_core.ledger.replay import LiveRegion, Replayed, served_by
from graphrec_core.types import ArtifactId, Region


def state_of(past: Past, history: Sequence[ArtifactId], since: str) -> Replayed:
    """Says what serves after some releases; one whose file is damaged counts for nothing.

    Args:
        past: The pointer; the whole of its own history gives its own regions, damaged or not.
        history: Ids of releases of LIVE's history, in its order.
        since: The day that is asked about: what was superseded before it is left out.
    """
    live, start = past.live, 0
    if set(history) <= set(live.claims):  # else LIVE is of a time without claims
        start = _first_since(past, history, since)
    state = Replayed(_served_after(past, history[:start]))
    for name in history[start:]:
        if (release := past.catalogue.find(name)) is not None:
            state = state.then(release, live.claims.get(name))
    if list(history) == live.history:
        return Replayed(live.regions, state.superseded)
    return state


def newest_live(past: Past) -> str:
    """Returns the newest day that is live; empty: none is. Days never go back in a history."""
    found = (past.catalogue.find(name) for name in reversed(past.live.history))
    return next((release.as_of for release in found if release is not None), "")


def _first_since(past: Past, history: Sequence[ArtifactId], since: str) -> int:
    """Returns the place in a history of the first release of ``since`` or later."""
    for place in reversed(range(len(history))):
        release = past.catalogue.find(history[place])
        if release is not None and release.as_of < since:
            return place + 1
    return 0


def _served_after(past: Past, history: Sequence[ArtifactId]) -> dict[Region, LiveRegion]:
    """Says what serves after releases that have claims."""
    live, claimers = past.live, dict[Region, list[ArtifactId]]()
    for name in history:
        for region in live.claims[name]:
            claimers.setdefault(region, []).append(name)
    newest = {region: name for name in live.history for region in live.claims.get(name, ())}
    regions = {}
    for region, names in sorted(claimers.items()):
        served = live.regions.get(region)
        if names[-1] != newest.get(region):
            served = _served(past, region, names)
        if served is not None:
            regions[region] = served
    return regions


def _served(past: Past, region: Region, names: Sequence[ArtifactId]) -> LiveRegion | None:
    for name in reversed(names):
        if (release := past.catalogue.find(name)) is not None:
            entry = release.regions.get(region)
            return None if entry is None else served_by(release, entry)
    return None
