"""Runs steps by the command line, in this process; the demo runs each in one of its own."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.support.command_line import Done, run_main

REPOSITORY = Path(__file__).parents[2]
TOWN = REPOSITORY / "configs" / "town.yaml"
REGIONS = ("ash", "birch", "cedar")
DAY = "2026-01-01"
WEEK_BEFORE = "2025-12-25"
NUM_USERS = 60
SMALL = {
    "source.town.num_regions": 1,
    "source.town.num_users": NUM_USERS,
    "source.town.num_places": 40,
    "source.town.num_days": 30,
    "training.num_epochs": 1,
    "publish.mode": "force",
    "publish.forced_by": "test",
    "publish.forced_why": "too few queries for the gate",
}
SMALL_TOWN = tuple(word for key, value in SMALL.items() for word in ("--set", f"{key}={value}"))
"""The town of one region, whose day takes seconds, and goes live whatever it is worth."""
UNTRAINED = ("--set", "training.num_epochs=0")


def run_step(step: str, lake: Path, *arguments: str, code: int = 0) -> Done:
    """Runs one step of the town and holds it to its exit code."""
    done = run_main(step, "--config", str(TOWN), "--lake", str(lake), *arguments)
    assert done.code == code, f"{step} ended with {done.code}:\n{done.err[-3000:]}"
    return done


def run_regions(lake: Path, as_of: str, regions: Iterable[str], *arguments: str) -> None:
    """Runs every region's steps."""
    for region in regions:
        here = ("--as-of", as_of, "--region", region, *arguments)
        run_step("train-model", lake, *here)
        run_step("generate-embeddings", lake, "--view", "train", *here)
        run_step("evaluate-model", lake, *here)
        run_step("generate-embeddings", lake, "--view", "serve", *here)
        run_step("build-shard", lake, *here)


def status(lake: Path, *arguments: str) -> dict[str, Any]:
    """What ``graphrec status --json`` says."""
    return dict(json.loads(run_step("status", lake, "--json", *arguments).out))


def live_bytes(lake: Path) -> bytes:
    """The live pointer."""
    return (lake / "town" / "LIVE.json").read_bytes()


def committed_bytes(lake: Path) -> dict[str, str]:
    """Path -> sha256 of everything that equal runs must have equal.

    Manifests hold the sha256 of every file of their artefact; attempts' tokens, times and reports
    are left out, as the design says.
    """
    root = lake / "town"
    kept = [*root.rglob("manifest.json"), *(root / "releases").glob("*.json"), root / "LIVE.json"]
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(kept)
        if "quarantine" not in path.parts
    }
