"""The page: whole, self-contained, escaped, the same bytes again, and there on a failed day."""

import dataclasses
import os
from pathlib import Path

import pytest

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.lake import Lake
from graphrec_core.lake.records import LeftOutPairs, SnapshotFigures
from graphrec_core.report.collect import collect_found
from graphrec_core.report.found import find_day
from graphrec_core.report.page import render_page
from graphrec_core.types import Region
from tests.support import example_day
from tests.support.page import Page, foreign
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot

SECTIONS = ["live", "metrics", "gate", "regions", "training", "embeddings", "source", "steps"]


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    return tiny_config(tmp_path)


@pytest.fixture(scope="module")
def whole_day(tmp_path_factory: pytest.TempPathFactory) -> PipelineConfig:
    config = tiny_config(tmp_path_factory.mktemp("lake"))
    example_day.write_validation(config)
    example_day.write_example_day(config)
    return config


@pytest.fixture(scope="module")
def whole_page(whole_day: PipelineConfig) -> str:
    return _render(whole_day)


def _render(config: PipelineConfig) -> str:
    found = find_day(config, AS_OF)
    return render_page(found, collect_found(found))


def test_a_whole_day(whole_day: PipelineConfig, whole_page: str) -> None:
    release = collect_found(find_day(whole_day, AS_OF)).release
    page = Page(whole_page)
    assert page.open == []
    assert [name for name in page.ids if name in SECTIONS] == SECTIONS
    assert "1 of 2 regions went live." in page.text
    assert "west was refused because recall@20 .080 is below popularity's .110" in page.text
    assert "is missing" not in page.text
    assert "In quarantine: 2 rows" in page.text
    assert release is not None
    assert release.id in page.text
    # metrics, two gates, sizes, training, embeddings, steps
    assert len(page.alts) == 7
    assert all(page.alts)


def test_nothing_is_loaded_from_elsewhere(whole_page: str) -> None:
    assert foreign(whole_page) == []
    assert "script" not in Page(whole_page).tags


def test_the_same_day_gives_the_same_bytes(whole_day: PipelineConfig, whole_page: str) -> None:
    assert _render(whole_day) == whole_page


def test_data_docs_are_linked_where_there_are_some(config: PipelineConfig) -> None:
    assert not any("data_docs" in link for link in Page(_render(config)).links)
    lake = Lake(config)
    docs = f"{lake.layout.data_docs(AS_OF)}/index.html"
    lake.storage.write(docs, b"docs")
    link = next(link for link in Page(_render(config)).links if "data_docs" in link)
    page = Path(lake.layout.report(AS_OF), "index.html")
    assert lake.storage.exists(os.path.normpath(page.parent / link))


def test_an_empty_lake_gives_a_page_that_says_so(config: PipelineConfig) -> None:
    page = Page(_render(config))
    assert page.open == []
    assert "The day has no snapshot" in page.text
    assert "Nothing is live yet." in page.text
    for what in ("Every evaluation", "The snapshot", "Every model", "The validation"):
        assert f"{what} is missing." in page.text
    assert page.alts == []


def test_a_day_that_stopped_half_way_shows_what_it_has(config: PipelineConfig) -> None:
    write_tiny_snapshot(config)
    example_day.write_model(config, AS_OF, Region("east"))
    example_day.write_evaluation(config, AS_OF, Region("east"), 0.3)
    page = Page(_render(config))
    assert page.open == []
    assert "The shard is missing." in page.text
    assert "Every serve-view embedding is missing." in page.text
    assert any("Training loss" in alt for alt in page.alts)


def test_a_recommender_that_trains_nothing_misses_no_model(tmp_path: Path) -> None:
    page = Page(_render(tiny_config(tmp_path, recommender={"model": "popularity"})))
    assert "No source is trained." in page.text
    assert "Every model is missing." not in page.text
    assert "Every serve-view embedding is missing." not in page.text


def test_names_from_the_data_are_escaped(config: PipelineConfig) -> None:
    name = "<script>alert('x')</script> & co"
    example_day.write_example_day(config, regions=(name, "west"))
    text = _render(config)
    page = Page(text)
    assert "script" not in page.tags
    assert name in page.text
    assert "<script>" not in text


def test_a_region_without_queries_is_drawn(config: PipelineConfig) -> None:
    example_day.write_example_day(config, regions=("east",))
    found = find_day(config, AS_OF)
    metrics = {"model": dict.fromkeys(("recall", "mrr", "ndcg", "hit_rate"))}
    evaluation = found.of(StepName.EVALUATE)[Region("east")]
    assert evaluation is not None
    evaluation.manifest.stats["metrics"] = metrics
    assert "<td>-</td>" in render_page(found, collect_found(found))


def test_what_an_older_version_did_not_count_is_a_dash(config: PipelineConfig) -> None:
    example_day.write_example_day(config, regions=("east",))
    found = find_day(config, AS_OF)
    evaluation = found.of(StepName.EVALUATE)[Region("east")]
    assert evaluation is not None
    for key in ("num_self", "num_seen", "unmeasured"):
        del evaluation.manifest.stats[key]
    (east,) = collect_found(found).regions
    assert east.evaluation is not None
    assert east.evaluation.left_out == LeftOutPairs.of({"num_missing_coverage": 0})
    assert "<td>-</td><td>-</td><td>0</td>" in render_page(found, collect_found(found))


def test_pairs_and_queries_are_called_what_they_are(whole_day: PipelineConfig) -> None:
    """Judged pairs stand beside the metrics, all pairs of the holdout beside the regions."""
    found = find_day(whole_day, AS_OF)
    day = collect_found(found)
    east, *others = day.regions
    assert east.evaluation is not None
    evaluation = dataclasses.replace(
        east.evaluation, num_pairs=2111, left_out=LeftOutPairs(2555, 2666, 2222)
    )
    east = dataclasses.replace(
        east,
        evaluation=evaluation,
        num_holdout_pairs=4444,
        holdout_left_out=LeftOutPairs(3555, 3666, 3333),
    )
    left_out = {
        "num_nodes": {"user": 6666},
        "num_homeless_nodes": {"user": 66, "place": 0},
        "num_homeless_edges": {"visited": 5, "knows": 0},
        "num_dropped_edges": {"visited": {"east": 70, "west": 50, "north": 20}, "knows": {}},
    }
    merged = {"nook": "east", "cove": "east"}
    assert day.snapshot is not None
    told = {"num_no_history": 77, "left_out": {"serve": left_out}, "merged_regions": merged}
    snapshot = SnapshotFigures.model_validate({**day.snapshot.to_json(), **told})
    day = dataclasses.replace(day, regions=(east, *others), snapshot=snapshot)
    text = Page(render_page(found, day)).text
    metrics, regions = text.index("Metrics by region"), text.index("Regions and borders")
    numbers = ("2,111", "2,555", "2,666", "2,222")
    judged = [text.index(number) for number in numbers]
    assert [metrics, *judged, regions] == sorted([metrics, *judged, regions])
    held = [text.index(number) for number in ("4,444", "3,555", "3,666", "3,333")]
    assert [regions, *held] == sorted([regions, *held])
    assert "77 queries of the holdout had no home before it" in text
    assert "66 of 6,666 nodes of user have no home region in the serve view." in text
    assert "5 visited edges of the serve view are in no region" in text
    assert "70 visited edges of the serve view cross a border and were dropped." in text
    assert "east took tiny regions: nook, cove." in text
    assert "knows" not in text


def test_regions_that_passed_are_folded_where_there_are_many(config: PipelineConfig) -> None:
    example_day.write_example_day(config, regions=("a", "b", "c", "west"))
    text = _render(config)
    assert text.count("<details>") == 3
    assert text.count("<details open>") == 1
    assert text.index("<details open>") < text.index("<summary>west")


def test_few_regions_are_not_folded(whole_page: str) -> None:
    assert "<details>" not in whole_page
    assert whole_page.count("<details open>") == 2
