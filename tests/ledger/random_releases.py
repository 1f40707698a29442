"""Random releases of a few regions: passed, refused, undecided, forced, of part of the regions."""

import hashlib
from datetime import timedelta

import numpy as np

from graphrec_core.lake import Lake
from graphrec_core.lake.records import GateDecision
from graphrec_core.ledger.past import read_past
from graphrec_core.ledger.release import Release, ReleasedRegion
from graphrec_core.types import ArtifactId, Region, format_instant
from tests.support.snapshots import AS_OF

REGIONS = (Region("east"), Region("west"), Region("Nord/Süd"))
NUM_DAYS, NUM_MOVES, NUM_SEEDS = 70, 30, 8
LACKS = GateDecision(
    rule="champion",
    slice="all",
    metric="mrr",
    reference="champion",
    num_queries=9,
    num_own_queries=9,
    pooled=False,
    outcome="undecided",
)
REVISED = "revised"
"""Snapshot of the later revision of some days."""


def id_of(*parts: object) -> ArtifactId:
    return ArtifactId(hashlib.sha256(repr(parts).encode()).hexdigest()[:16])


def draw_entry(rng: np.random.Generator, day: int, region: Region, mode: str) -> ReleasedRegion:
    """An entry; a rerun of the day may bring the same shard, or another."""
    verdict = str(rng.choice(["passed", "passed", "refused", "undecided"]))
    is_lacking = verdict == "undecided" and rng.random() < 0.3
    shard = id_of("shard", day, region, int(rng.integers(2)))
    passed = verdict == "passed" or (verdict == "undecided" and rng.random() < 0.3)
    kept = id_of("shard", max(day - 1, 0), region, 0)
    serves = passed or mode == "force"
    return ReleasedRegion.model_validate(
        {
            "shard_id": shard if serves else kept,
            "as_of": format_instant(AS_OF + timedelta(days=day if serves else max(day - 1, 0))),
            "serves": "model" if serves or rng.random() < 0.5 else "popular",
            "passed": passed,
            "verdict": verdict,
            "follows": "live" if serves else "keep",
            "rules": (LACKS,) if is_lacking else (),
            "candidate_shard_id": shard,
            "recommender_id": id_of("recommender", shard, int(rng.integers(2**40))),
            "number": int(rng.integers(1, 4)),
        }
    )


def draw_release(rng: np.random.Generator, lake: Lake, place: int) -> Release:
    """A release of any day, of some regions or all, forced, never meant to serve, or looser."""
    day = int(rng.integers(NUM_DAYS)) if rng.random() < 0.6 else int(min(place, NUM_DAYS - 1))
    mode = str(rng.choice(["auto", "auto", "auto", "force", "never"]))
    names = [one for one in REGIONS if rng.random() < 0.8] or [REGIONS[0]]
    as_of = AS_OF + timedelta(days=day)
    return Release(
        id=id_of("release", place, int(rng.integers(2**40))),
        as_of=format_instant(as_of),
        snapshot_id=ArtifactId(REVISED if rng.random() < 0.3 else "s"),
        mode=mode,
        regions={one: draw_entry(rng, day, one, mode) for one in names},
        number=read_past(lake).next_number(as_of),
        looser=["x"] if rng.random() < 0.1 else [],
        is_whole=bool(rng.random() < 0.2),
    )
