"""How much of its history a night reads: files, names and seconds, after few days and after many.

A generated history (``bench.ledger_history``) of 1,000 days and 200 regions, and one of a tenth of
the days. What evaluate-model reads of the past for one region, and what publish-release does for
all; the peer is the reading of every release that is stored, as it was before the catalogue.

    python -m bench.ledger --json bench/results/ledger.json
    python -m bench.ledger --quick
"""

import argparse
import importlib.metadata
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.ledger_history import LONG_REFUSED, day_of, make_release, region_name, write_history
from graphrec_core.config import PipelineConfig
from graphrec_core.lake import Lake
from graphrec_core.lake.storage import Storage
from graphrec_core.ledger.catalogue import announce, complete
from graphrec_core.ledger.past import Past, read_past
from graphrec_core.ledger.release import scan_releases
from graphrec_core.publishing.held import held_back
from graphrec_core.types import ArtifactId, Region, parse_instant

FULL, QUICK = (1000, 200), (100, 20)
"""Days and regions."""
FEWER = 10
"""The shorter history has this part of the days."""
MEMORY_DAYS = 28
NUM_ASKED = 20
"""Regions and days whose answers are compared with those of a full scan."""
MAX_READS, MAX_LISTED, MAX_DECIDE_S, MAX_PUBLISH_READS = 10, 200, 3.0, 30
PACKAGES = ("fsspec", "pydantic")
OWN = ArtifactId("own")


class CountingStorage(Storage):
    """A storage that counts files and bytes that are read, listings, and the names they give."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.counts = {"files": 0, "bytes": 0, "listings": 0, "names": 0}

    def find(self, path: str) -> bytes | None:
        """Reads a file and counts it."""
        data = super().find(path)
        self.counts["files"] += 1
        self.counts["bytes"] += len(data or b"")
        return data

    def files(self, path: str) -> list[str]:
        """Lists files and counts them."""
        return self._listed(super().files(path))

    def folders(self, path: str) -> list[str]:
        """Lists folders and counts them."""
        return self._listed(super().folders(path))

    def _listed(self, names: list[str]) -> list[str]:
        self.counts["listings"] += 1
        self.counts["names"] += len(names)
        return names


@dataclass(frozen=True)
class History:
    """One generated lake."""

    config: PipelineConfig
    num_days: int
    num_regions: int

    def counted(self, work: Callable[[Lake], object]) -> dict[str, float]:
        """Does work on the lake as a new process would; returns what it read and its seconds."""
        lake, storage = Lake(self.config), CountingStorage(self.config.lake.root)
        lake.__dict__["storage"] = storage
        started = time.perf_counter()
        work(lake)
        return {**storage.counts, "seconds": round(time.perf_counter() - started, 4)}

    def decide(self, region: Region, day: int) -> dict[str, float]:
        """Reads what evaluate-model does of the past."""
        return self.counted(lambda lake: _decide(read_past(lake), region, day))

    def publish(self) -> dict[str, float]:
        """Reads what publish-release does of the past, for all regions."""
        return self.counted(lambda lake: _publish(lake, self))


def main() -> int:
    """Measures, writes, and returns 0 when every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 days and 20 regions")
    parser.add_argument("--json", type=Path, help="write the result here")
    parser.add_argument("--keep", type=Path, help="a folder for the lakes, kept and used again")
    given = parser.parse_args()
    num_days, num_regions = QUICK if given.quick else FULL
    with tempfile.TemporaryDirectory() as scratch:
        result = measure(given.keep or Path(scratch), num_days, num_regions)
    result["quick"] = given.quick
    text = json.dumps(result, indent=1, sort_keys=True)
    sys.stdout.write(text + "\n")
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    return 0 if result["pass"] else 1


def measure(folder: Path, num_days: int, num_regions: int) -> dict[str, Any]:
    """Measures both histories and judges the longer one."""
    few = _history(folder / "few", num_days // FEWER, num_regions)
    many = _history(folder / "many", num_days, num_regions)
    shorter, longer = _figures(few), _figures(many)
    scan = many.counted(scan_releases)
    bars = bars_of(shorter, longer, scan, _num_different(many))
    return {
        "benchmark": "ledger",
        "days": num_days,
        "regions": num_regions,
        "fewer_days": few.num_days,
        "bars": bars,
        "pass": all(bar["pass"] for bar in bars),
        "longer": longer,
        "shorter": shorter,
        "full_scan": scan,
        "cores": os.cpu_count(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def _history(folder: Path, num_days: int, num_regions: int) -> History:
    data = {
        "pipeline": "bench",
        "source": {
            "tables": {"all": {"path": "all.parquet"}},
            "nodes": {"user": "select * from all", "item": "select * from all"},
            "edges": {"saw": "select * from all"},
        },
        "task": {"query": "user", "candidate": "item", "edge": "saw"},
        "region": {"user": "column", "item": "column"},
        "recommender": {"model": "lightgcn"},
        "schedule": {"start": "2022-01-01"},
        "lake": {"root": str(folder)},
    }
    config = PipelineConfig.model_validate(data)
    lake = Lake(config)
    if not lake.storage.exists(lake.layout.live):  # written last
        write_history(lake, num_days, num_regions)
    lake.storage.remove(lake.layout.catalogue)
    return History(config, num_days, num_regions)


def _figures(history: History) -> dict[str, dict[str, float]]:
    """Reads a history in the ways of a night; the first one builds the catalogue."""
    day, usual = history.num_days, region_name(history.num_regions - 1)
    figures = {"first reading": history.decide(usual, day)}
    figures["names of a release"] = _announced(history)
    numbers = range(LONG_REFUSED, min(NUM_ASKED, history.num_regions))
    asked = [history.decide(region_name(one), day) for one in numbers]
    figures["a region"] = {
        **{key: max(one[key] for one in asked) for key in asked[0]},
        "seconds": statistics.median(one["seconds"] for one in asked),
    }
    figures["a region refused for long"] = history.decide(region_name(0), day)
    figures["a region of a backfill"] = history.decide(usual, history.num_days // 2)
    figures["all regions, publishing"] = history.publish()
    return figures


def _announced(history: History) -> dict[str, float]:
    """Writes the names of the last release once more, as if it were new."""
    last = make_release(history.num_days - 1, 2, history.num_days, history.num_regions)
    return history.counted(lambda lake: announce(lake, last))


def _decide(past: Past, region: Region, day: int) -> dict[str, ArtifactId]:
    as_of = day_of(day)
    list(past.decisions(as_of, ArtifactId("snapshot"), region))
    return past.references(region, as_of, MEMORY_DAYS, OWN)


def _publish(lake: Lake, history: History) -> None:
    complete(lake)
    past, as_of = read_past(lake), day_of(history.num_days)
    for number in range(history.num_regions):
        region = region_name(number)
        _decide(past, region, history.num_days)
        past.kept(region, as_of)
        past.next_number(as_of)
    last = make_release(history.num_days, 1, history.num_days, history.num_regions)
    held_back(read_past(lake), last)


def _num_different(history: History) -> int:
    """Counts the champions that differ from the newest that a full scan finds."""
    lake = Lake(history.config)
    past, (releases, _) = read_past(lake), scan_releases(lake)
    withdrawn = set(past.live.withdrawn)
    releases = [one for one in releases if one.id not in withdrawn]
    num_different = 0
    for number in range(NUM_ASKED):
        region = region_name(number % history.num_regions)
        as_of = day_of(history.num_days * (number + 1) // NUM_ASKED)
        passed = [
            one.regions[region].candidate_shard_id
            for one in releases
            if parse_instant(one.as_of) < as_of and one.regions[region].passed
        ]
        found = past.champion(region, as_of)
        champion = found.candidate_shard_id if found else None
        num_different += champion != (passed[-1] if passed else None)
    return num_different


def bars_of(
    shorter: dict[str, dict[str, float]],
    longer: dict[str, dict[str, float]],
    scan: dict[str, float],
    num_different: int,
) -> list[dict[str, Any]]:
    """Holds the figures of both histories against their bounds, beside those of a full scan."""
    usual, refused = longer["a region"], longer["a region refused for long"]
    publish, few = longer["all regions, publishing"], shorter["a region"]
    rows = [
        ("files read to decide a region's day", usual["files"], MAX_READS, scan["files"]),
        ("the same, beyond those of a tenth of the days", usual["files"] - few["files"], 0, None),
        ("the same, of a region refused for long", refused["files"], MAX_READS, scan["files"]),
        ("names listed to decide a region's day", usual["names"], MAX_LISTED, scan["names"]),
        ("seconds to decide a region's day", usual["seconds"], MAX_DECIDE_S, scan["seconds"]),
        ("files read to publish", publish["files"], MAX_PUBLISH_READS, 3 * scan["files"]),
        ("champions that a full scan finds otherwise", num_different, 0, None),
    ]
    return [
        {"name": name, "value": value, "bound": bound, "peer": peer, "pass": bool(value <= bound)}
        for name, value, bound, peer in rows
    ]


if __name__ == "__main__":
    sys.exit(main())
