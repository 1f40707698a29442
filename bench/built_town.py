"""A generated town whose shard is live: built by the project's own steps, but for the gate."""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.measured import NUM_CORES, use_cores
from graphrec_core.config import load_pipeline
from graphrec_core.day import Day
from graphrec_core.judging.build_shard import produce_shard
from graphrec_core.judging.fit_ranker import produce_ranker
from graphrec_core.judging.of_source import produce_embedding
from graphrec_core.lake import Lake
from graphrec_core.lake.records import RankerFigures
from graphrec_core.ledger.live import Live
from graphrec_core.ledger.replay import LiveRegion
from graphrec_core.quality.snapshot_suites import check_snapshot
from graphrec_core.retrieval.from_shard import left_out
from graphrec_core.retrieval.pair_features import Proposed
from graphrec_core.retrieval.shard import Shard, open_shard
from graphrec_core.serving.router import Router
from graphrec_core.snapshot.daily import produce_snapshot
from graphrec_core.types import ArtifactId, Region, View, parse_instant

TOWN = Path(__file__).parents[1] / "configs" / "town.yaml"
REGION, AS_OF = "ash", "2026-01-01"
ASKED = 500
"""Queries that are asked alone."""
PLACE = (
    "select place as node_id, opened as valid_from, region, kind, name as title, "
    "cast(48 as double) + cast(community as double) / 100D as latitude, "
    "cast(11 as double) + cast(cast(substring(place, 6) as int) % 97 as double) / 1000D "
    "as longitude from places"
)
"""A community's places lie in a street."""


@dataclass(frozen=True)
class Town:
    """A town to be built.

    Attributes:
        lake: Its lake.
        num_users: Its queries.
        quota: Candidates of each source.
    """

    lake: str
    num_users: int
    quota: int

    def overrides(self) -> list[str]:
        """Makes the town of configs/town.yaml this one."""
        sources = {
            name: {**settings, "quota": self.quota}
            for name, settings in {
                "explained": {"model": "ease"},
                "spectrum": {"model": "spectral", "rank": 64, "linear": 0},
                "walks": {"model": "covisitation"},
                "recent": {"model": "popularity", "window_days": 28},
            }.items()
        }
        return [
            f"lake.root={self.lake}",
            "source.town={num_regions: 1, num_places: 2000, num_communities: 20, num_days: 60, "
            f"events_per_user: 20, num_users: {self.num_users}}}",
            f"source.nodes.place={PLACE}",
            "time.horizon_days=1",  # the fewer judged queries, the sooner a ranker is fitted
            "snapshot.engine=duckdb",
            f"recommender.sources={json.dumps(sources)}",
            "recommender.ranker={model: lightgbm, num_windows: 1, num_rounds: 120, patience: 120}",
        ]


def build(town: Town) -> dict[str, Any]:
    """Builds a town's shard, and makes it live without a gate."""
    config, region = load_pipeline(TOWN, town.overrides()), Region(REGION)
    day = Day(config, parse_instant(AS_OF))
    check_snapshot(day, produce_snapshot(day))
    ranker = produce_ranker(day).manifest.figures(RankerFigures)
    for name in config.recommender.sources:
        produce_embedding(day, region, View.SERVE, name)
    made, release_id = produce_shard(day, region), ArtifactId("bench")
    entry = LiveRegion(
        shard_id=made.manifest.id,
        as_of=made.manifest.as_of,
        serves="model",
        release_id=release_id,
    )
    pointer = Live(release_id=release_id, regions={region: entry})
    day.lake.storage.write(day.lake.layout.live, pointer.to_bytes())
    shard = open_shard(made)
    return {
        "num_trees": ranker.num_trees,
        "num_queries": len(shard.active_home_rows()),
        "num_proposed": num_proposed(shard),
    }


def num_proposed(shard: Shard) -> float:
    """Counts the candidates that are ranked for a query: the mean of some, evenly chosen."""
    rows = shard.active_home_rows()
    block = rows[np.linspace(0, len(rows) - 1, 512).astype(np.int64)]
    seen = left_out(shard)
    found = [one.source.search(block, one.quota, seen) for one in shard.proposers]
    return len(Proposed.of(found).places) / len(block)


def ask(town: Town) -> dict[str, float]:
    """Asks a service's router for some queries, one after the other, on one core."""
    use_cores(1)
    router = Router(Lake(load_pipeline(TOWN, town.overrides())), check_every_s=60)
    numbers = np.linspace(0, town.num_users - 1, ASKED + 20).astype(int)
    took = []
    for number in numbers:
        started = time.perf_counter()
        router.answer(f"{REGION}-u{number}", 20, "", with_why=False)
        took.append(1000 * (time.perf_counter() - started))
    median, high = np.quantile(took[20:], (0.5, 0.95))
    return {"median_ms": float(median), "high_ms": float(high)}


def main() -> None:
    """Builds one town; the last line says what it is."""
    request = json.loads(sys.argv[1])
    is_asked = request.pop("ask", False)
    town = Town(**request)
    use_cores(NUM_CORES)
    result = {**build(town), **(ask(town) if is_asked else {})}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
