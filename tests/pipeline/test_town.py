"""The demo's promise: the right recommendations of the town are known, and they come out."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from docs.make.samples import README, day_sample, put
from tests.pipeline.conftest import TownDay
from tests.pipeline.steps import (
    DAY,
    REGIONS,
    committed_bytes,
    run_regions,
    run_step,
    status,
)

pytestmark = [pytest.mark.pipeline, pytest.mark.airflow, pytest.mark.spark]


def test_every_region_is_live_and_its_model_beats_both_baselines(town_day: TownDay) -> None:
    regions = status(town_day.lake)["regions"]
    assert sorted(regions) == list(REGIONS)
    for state in regions.values():
        assert (state["serves"], state["gate"]) == ("model", "passed")
        assert state["ann_recall"] >= 0.95
        for metric in ("recall", "mrr"):
            model = state["metrics"]["model"][metric]
            assert model > state["metrics"]["popularity"][metric]
            assert model > state["metrics"]["covisitation"][metric]
            assert state["metrics"]["source_taste"][metric] > 0  # each source stands beside
        assert state["metrics"]["source_walks"] == state["metrics"]["covisitation"]


def test_the_demo_prints_table_report_and_a_sample_query(town_day: TownDay) -> None:
    for region in REGIONS:
        assert region in town_day.output
    assert "recall@20" in town_day.output
    assert "build-" in town_day.output
    assert "Report: file://" in town_day.output
    assert "-p" in town_day.output.split("A sample query")[1]


def test_the_readme_shows_this_day(town_day: TownDay) -> None:
    """Apart from numbers: another processor may round a vector otherwise."""
    shown = README.read_text(encoding="utf-8")
    assert without_numbers(put(shown, day_sample(town_day.lake))) == without_numbers(shown)


def without_numbers(text: str) -> str:
    return re.sub(" +", " ", re.sub("[0-9a-f]{16}|[0-9][0-9.,]*", "0", text))


def test_the_report_is_one_self_contained_page(town_day: TownDay) -> None:
    (page,) = (town_day.lake / "town" / "reports").rglob("index.html")
    text = page.read_text()
    assert "<svg" in text or "data:image/png" in text
    assert 'src="http' not in text
    assert 'href="http' not in text
    for region in REGIONS:
        assert region in text


def test_recommendations_are_of_the_users_own_taste_and_new_to_them(
    town_day: TownDay, tmp_path: Path
) -> None:
    """Nine of ten visits follow the planted taste; of the recommendations nearly all must."""
    output = tmp_path / "top.parquet"
    done = run_step("recommend", town_day.lake, "--k", "10", "--output", str(output))
    top = pd.read_parquet(output)
    assert json.loads(done.out)["num_rows"] == len(top)
    assert list(top) == ["query_id", "region", "rank", "candidate_id", "score", "sources"]
    (folder,) = (town_day.lake / "town" / "town").iterdir()
    places = pd.read_parquet(folder / "places.parquet").set_index("place")["community"]
    visits = pd.read_parquet(folder / "visits.parquet")
    visits["community"] = visits["place"].map(places)
    taste = visits.groupby("user")["community"].agg(lambda column: column.mode()[0])
    named = top["sources"].map(set)
    assert set().union(*named) <= {"taste", "walks", "popular"}
    assert (named == {"taste", "walks"}).mean() > 0.3  # both, for it is near the top of both
    model = top[named != {"popular"}]
    assert len(model) > 0.9 * len(top)
    share = (model["candidate_id"].map(places) == model["query_id"].map(taste)).mean()
    assert share > 0.7  # by chance .25
    seen = set(map(tuple, visits[["user", "place"]].to_numpy()))
    assert not seen & set(map(tuple, top[["query_id", "candidate_id"]].to_numpy()))


def test_the_stored_top_lists_give_the_reported_recall(town_day: TownDay) -> None:
    """Anyone can recompute the numbers from what is stored."""
    for region in REGIONS:
        state = status(town_day.lake)["regions"][region]
        (folder,) = (town_day.lake / "town" / "evaluations").glob(f"*/region={region}/attempt-*")
        top = pd.read_parquet(folder / "topk.parquet")
        queries = pd.read_parquet(folder / "queries.parquet").set_index("query_id")
        hits = top[top["rank"] <= 20].groupby("query_id")["hit"].sum().reindex(queries.index)
        recall = (hits.fillna(0) / queries["num_targets"]).mean()
        assert recall == pytest.approx(state["metrics"]["model"]["recall"])
        first = top[top["hit"]].groupby("query_id")["rank"].min().reindex(queries.index)
        assert (1 / first).fillna(0).mean() == pytest.approx(state["metrics"]["model"]["mrr"])


def test_a_query_is_answered_with_labels(town_day: TownDay) -> None:
    answer = json.loads(run_step("query", town_day.lake, "birch-u3", "--k", "4", "--json").out)
    assert answer["region"] == "birch"
    assert [row["rank"] for row in answer["items"]] == [1, 2, 3, 4]
    assert all(" of birch-p" in row["title"] for row in answer["items"])
    assert {name for row in answer["items"] for name in row["sources"]} <= {"taste", "walks"}


def test_the_day_is_described_by_status(town_day: TownDay) -> None:
    run = status(town_day.lake, "--as-of", DAY)["run"]
    assert {row["region"] for row in run["regions"]} == set(REGIONS)


def test_steps_run_by_hand_on_duckdb_give_the_bytes_of_the_dag_on_spark(
    town_day: TownDay, tmp_path: Path
) -> None:
    """The DAG ran each in a process of its own; each engine has its own digests of the rows."""
    lake, duckdb = tmp_path / "lake", ("--set", "snapshot.engine=duckdb")
    run_step("build-snapshot", lake, "--as-of", DAY, *duckdb)
    run_regions(lake, DAY, REGIONS)
    run_step("publish-release", lake, "--as-of", DAY)
    by_hand, of_dag = committed_bytes(lake), committed_bytes(town_day.lake)
    assert by_hand.keys() == of_dag.keys()
    [snapshot] = [name for name in of_dag if name.startswith("snapshots/")]
    assert {name for name in of_dag if by_hand[name] != of_dag[name]} == {snapshot}
    here, there = (
        json.loads((at / "town" / snapshot).read_text()) for at in (lake, town_day.lake)
    )
    assert here["files"] == there["files"]
