"""Which sources a step works on: a region's own, or the global ones; or one by name."""

from pathlib import Path

import pytest

from graphrec.jobs import train_model
from graphrec.jobs.regions import sources_at
from graphrec_core.day import Day
from graphrec_core.errors import ConfigError
from graphrec_core.types import ALL_REGIONS
from tests.support.days import EAST
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot

MIXED = {
    "taste": {"model": "lightgcn", "embedding_dim": 4, "scope": "global"},
    "sage": {"model": "graphsage", "embedding_dim": 4, "hidden_dim": 4},
    "walks": {"model": "covisitation"},
}


@pytest.fixture
def day(tmp_path: Path) -> Day:
    sources = {"recommender": {"sources": MIXED}}
    config = tiny_config(tmp_path, **sources, training={"num_epochs": 1, "refit": False})
    write_tiny_snapshot(config)
    return Day(config, AS_OF)


@pytest.mark.parametrize(
    ("region", "source", "found"),
    [
        ("east", "", (EAST, ["sage", "walks"])),
        ("east", "walks", (EAST, ["walks"])),
        ("", "", (ALL_REGIONS, ["taste"])),
        ("", "taste", (ALL_REGIONS, ["taste"])),
    ],
)
def test_the_sources_of_a_region_and_the_global_ones(
    day: Day, region: str, source: str, found: tuple[str, list[str]]
) -> None:
    assert sources_at(day, region, source) == found


@pytest.mark.parametrize(
    ("region", "source", "words"),
    [
        ("east", "magic", "--source must be one of recommender.sources: sage, taste, walks"),
        ("east", "taste", "Leave --region out: taste is of the other scope"),
        ("", "walks", "Add --region NAME: walks is of the other scope"),
        ("nowhere", "", "must be a region of the day's snapshot: east, west"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    day: Day, region: str, source: str, words: str
) -> None:
    with pytest.raises(ConfigError) as error:
        sources_at(day, region, source)
    assert words in str(error.value)
    assert error.value.exit_code == 2


def test_without_a_global_source_a_region_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="works on one region"):
        sources_at(Day(tiny_config(tmp_path), AS_OF), "", "")


def test_each_source_leaves_an_artefact_of_its_own(day: Day) -> None:
    trained = train_model.run(day, *sources_at(day, "east", ""))
    assert list(trained) == ["sage"]
    everywhere = train_model.run(day, *sources_at(day, "", ""))
    assert {name: one.region for name, one in everywhere.items()} == {"taste": ALL_REGIONS}
