"""What the report says of a learned ranker."""

from pathlib import Path

import pytest

from graphrec.jobs import fit_ranker
from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.lake.records import RankerFigures
from graphrec_core.report.chances_picture import plot_dependence, plot_reliability
from graphrec_core.report.collect import collect, collect_found
from graphrec_core.report.found import find_day
from graphrec_core.report.page import render_page
from graphrec_core.report.ranker_picture import feature_title, plot_ranker, strongest
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot

SOURCES = {"recent": {"model": "popularity"}, "walks": {"model": "covisitation"}}


def make_config(root: Path) -> PipelineConfig:
    trees = {"model": "lightgbm", "num_rounds": 5, "min_leaf_pairs": 5, "held_frac": 0.3}
    return tiny_config(root, recommender={"sources": SOURCES, "ranker": trees})


def html(config: PipelineConfig) -> str:
    found = find_day(config, AS_OF)
    return render_page(found, collect_found(found))


def test_the_strongest_features_come_first_and_idle_ones_are_left_out() -> None:
    shares = {"b": 0.3, "a": 0.3, "idle": 0.0, "c": 0.4}
    assert list(strongest(shares)) == ["c", "a", "b"]
    assert list(strongest(shares, num=1)) == ["c"]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("nearest_km", "nearest_km\nfrom the nearest of the places that it met last (km)"),
        ("walks_rank", "walks_rank\nits rank in the source walks"),
        ("my_walks_score", "my_walks_score\nits score in the source my_walks"),
        ("region", "region\nwhere the query is"),
    ],
)
def test_features_are_said_in_words(name: str, title: str) -> None:
    assert feature_title(name) == title


def test_nothing_fitted_is_no_picture() -> None:
    nothing = RankerFigures(regions=(), why_none="x", num_queries=0, num_clicks=0, num_pairs=0)
    assert plot_ranker(nothing) is None
    for plot in (plot_dependence, plot_reliability):
        assert plot(nothing) is None


def test_the_page_says_what_it_was_fitted_to(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    write_tiny_snapshot(config)
    assert "The ranker" in html(config)  # it is missing
    figures = fit_ranker.run(Day(config, AS_OF)).figures(RankerFigures)
    told = html(config)
    assert f"Fitted to {figures.num_queries} queries with {figures.num_clicks} clicks" in told
    assert "What the ranker looks at" in told
    assert "The mean chance by the value of each of the strongest features" in told
    assert "Chances against the share that was met" in told
    assert "ordered by a learned ranker" in told
    rankers = collect(config, AS_OF).to_dict()["rankers"]
    assert rankers["recommender"]["num_pairs"] == figures.num_pairs


def test_the_page_says_that_nothing_was_fitted(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    write_tiny_snapshot(config, has_fit=False)
    fit_ranker.run(Day(config, AS_OF))
    assert "Nothing was fitted, and lists are merged by reciprocal rank: 0 queries" in html(config)


def test_a_pipeline_without_one_has_no_chapter_of_it(tmp_path: Path) -> None:
    config = tiny_config(tmp_path, recommender={"sources": SOURCES})
    write_tiny_snapshot(config)
    assert 'id="ranker"' not in html(config)
    assert "merged by reciprocal rank" in html(config)
