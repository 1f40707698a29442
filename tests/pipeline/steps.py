"""Runs steps as people and Airflow run them: each in its own process, by the command line."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
TOWN = REPOSITORY / "configs" / "town.yaml"
REGIONS = ("ash", "birch", "cedar")
DAY = "2026-01-01"
WEEK_BEFORE = "2025-12-25"
UNTRAINED = ("--set", "training.num_epochs=0")


def command(step: str, lake: Path, *arguments: str) -> list[str]:
    """The argument list of one step of the town."""
    town = ("--config", str(TOWN), "--lake", str(lake))
    return [sys.executable, "-m", "jobs.cli", step, *town, *arguments]


def run_step(
    step: str, lake: Path, *arguments: str, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """Runs one step of the town and holds it to its exit code."""
    done = subprocess.run(
        command(step, lake, *arguments),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, f"{step} ended with {done.returncode}:\n{done.stderr[-3000:]}"
    return done


def run_regions(lake: Path, as_of: str, regions: Iterable[str], *arguments: str) -> None:
    """Runs every region's steps, two regions at a time."""

    def run_region(region: str) -> None:
        here = ("--as-of", as_of, "--region", region, *arguments)
        run_step("train-model", lake, *here)
        run_step("generate-embeddings", lake, "--view", "train", *here)
        run_step("evaluate-model", lake, *here)
        run_step("generate-embeddings", lake, "--view", "serve", *here)
        run_step("build-shard", lake, *here)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run_region, regions))


def status(lake: Path, *arguments: str) -> dict[str, Any]:
    """What ``graphrec status --json`` says."""
    return dict(json.loads(run_step("status", lake, "--json", *arguments).stdout))


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
