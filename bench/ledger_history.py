"""A long history of releases, generated straight into a lake: what years of nights leave behind.

The releases are as large as real ones (every rule of the gate, for every region). Some regions
are refused for months, some releases were rolled back, some days ran twice. The layout is that of
a lake without a catalogue, so that reading it for the first time builds one.
"""

import hashlib
from datetime import UTC, datetime, timedelta

from graphrec_core.lake import Lake
from graphrec_core.lake.records.decision import GateDecision
from graphrec_core.ledger.live import Live
from graphrec_core.ledger.release import Release, ReleasedRegion
from graphrec_core.ledger.replay import LiveRegion
from graphrec_core.types import ArtifactId, Region, format_instant

FIRST_DAY = datetime(2022, 1, 1, tzinfo=UTC)
NUM_RULES = 14
LONG_REFUSED = 5
"""Regions that pass on the first tenth of the days alone."""
ROLLED_BACK = 20
"""Every so many days the release was rolled back, and the day ran again."""


def region_name(number: int) -> Region:
    """Names a region."""
    return Region(f"region {number:04d}")


def day_of(number: int) -> datetime:
    """Returns the instant of a day, counted from 0."""
    return FIRST_DAY + timedelta(days=number)


def write_history(lake: Lake, num_days: int, num_regions: int) -> None:
    """Writes the releases of ``num_days`` days, oldest first, and LIVE.

    Args:
        lake: An empty lake.
        num_days: Days, one release each and a second where the first was rolled back.
        num_regions: Regions of every release.
    """
    live = Live()
    for day in range(num_days):
        is_twice = day % ROLLED_BACK == ROLLED_BACK - 1
        for number in (1, 2) if is_twice else (1,):
            release = make_release(day, number, num_days, num_regions)
            lake.storage.write(lake.layout.release(release.id), release.to_bytes())
            is_withdrawn = is_twice and number == 1
            live = _withdrawn(live, release) if is_withdrawn else _published(live, release)
    lake.storage.write(lake.layout.live, live.to_bytes())


def make_release(day: int, number: int, num_days: int, num_regions: int) -> Release:
    """Makes one release of a day."""
    as_of = format_instant(day_of(day))
    regions = {
        region_name(one): _entry(day, number, one, is_passed=_passes(day, one, num_days))
        for one in range(num_regions)
    }
    return Release(
        id=_id("release", day, number),
        as_of=as_of,
        snapshot_id=_id("snapshot", day),
        mode="auto",
        regions=regions,
        number=number,
        is_whole=True,
    )


def _passes(day: int, region: int, num_days: int) -> bool:
    if region < LONG_REFUSED:
        return day < max(1, num_days // 10)
    return (day * 31 + region * 17) % 10 > 0


def _entry(day: int, number: int, region: int, *, is_passed: bool) -> ReleasedRegion:
    shard = _id("shard", day, number, region)
    return ReleasedRegion(
        shard_id=shard,
        as_of=format_instant(day_of(day)),
        serves="model",
        passed=is_passed,
        verdict="passed" if is_passed else "refused",
        follows="live" if is_passed else "keep",
        rules=tuple(_rule(one, is_passed=is_passed) for one in range(NUM_RULES)),
        evaluation_id=_id("evaluation", day, number, region),
        references={"champion": _id("shard", day - 1, 1, region)},
        candidate_shard_id=shard,
        recommender_id=_id("recommender", day, number, region),
        number=number,
    )


def _rule(number: int, *, is_passed: bool) -> GateDecision:
    return GateDecision(
        rule="champion",
        slice=f"slice {number}",
        metric="recall",
        reference="champion",
        value=0.123456789012345,
        bound=-0.00612345678901,
        difference=0.00123456789012,
        interval_low=-0.00412345678901,
        interval_high=0.00512345678901,
        num_queries=1234,
        num_own_queries=1234,
        pooled=False,
        outcome="passed" if is_passed else "failed",
    )


def _published(live: Live, release: Release) -> Live:
    claims = sorted(name for name, entry in release.regions.items() if entry.passed)
    served = {
        name: LiveRegion.model_validate(
            {
                "shard_id": release.regions[name].shard_id,
                "as_of": release.as_of,
                "serves": "model",
                "release_id": release.id,
                "number": release.number,
            }
        )
        for name in claims
    }
    return live.model_copy(
        update={
            "high_water": release.as_of,
            "release_id": release.id,
            "regions": {**live.regions, **served},
            "history": [*live.history, release.id],
            "claims": {**live.claims, release.id: claims},
        }
    )


def _withdrawn(live: Live, release: Release) -> Live:
    return live.model_copy(update={"withdrawn": sorted([*live.withdrawn, release.id])})


def _id(*parts: object) -> ArtifactId:
    return ArtifactId(hashlib.sha256(repr(parts).encode()).hexdigest()[:16])
