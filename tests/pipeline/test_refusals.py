"""A worse model never goes live, and an earlier day never replaces a later one."""

import shutil
from pathlib import Path

import pytest

from tests.pipeline.conftest import TownDay
from tests.pipeline.steps import (
    DAY,
    REGIONS,
    UNTRAINED,
    WEEK_BEFORE,
    live_bytes,
    run_regions,
    run_step,
    status,
)

pytestmark = [pytest.mark.pipeline, pytest.mark.airflow, pytest.mark.spark]


def test_an_untrained_model_is_refused_and_the_week_before_stays_live(
    town_day: TownDay, week_before: Path, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(week_before, lake)
    for artefacts in ("snapshots", "verdicts"):
        shutil.copytree(
            town_day.lake / "town" / artefacts, lake / "town" / artefacts, dirs_exist_ok=True
        )
    before = live_bytes(lake)
    run_regions(lake, DAY, REGIONS, *UNTRAINED)
    refused = run_step("publish-release", lake, "--as-of", DAY, *UNTRAINED, code=3)
    assert "GateRefusedError" in refused.err
    for region in REGIONS:
        assert f"{region}: " in refused.err
    assert live_bytes(lake) == before
    regions = status(lake)["regions"]
    assert {state["as_of"][:8] for state in regions.values()} == {WEEK_BEFORE.replace("-", "")}

    run_step("write-report", lake, "--as-of", DAY, *UNTRAINED)
    (page,) = (lake / "town" / "reports" / "as_of=20260101T000000Z").glob("index.html")
    assert "refused" in page.read_text()
    assert "popularity" in page.read_text()


def test_a_run_for_an_earlier_date_is_released_and_leaves_live_as_it_was(
    town_day: TownDay, week_before: Path, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(town_day.lake, lake)
    for artefacts in ("snapshots", "verdicts", "models", "embeddings", "evaluations", "shards"):
        shutil.copytree(
            week_before / "town" / artefacts, lake / "town" / artefacts, dirs_exist_ok=True
        )
    before = live_bytes(lake)
    num_releases = len(list((lake / "town" / "releases").glob("*.json")))
    run_step("publish-release", lake, "--as-of", WEEK_BEFORE)
    assert live_bytes(lake) == before
    assert len(list((lake / "town" / "releases").glob("*.json"))) == num_releases + 1
