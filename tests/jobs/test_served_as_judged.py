"""What is judged is what is served: evaluation, batch and HTTP give equal ids and scores."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from graphrec.jobs import build_snapshot, check_snapshot, evaluate_model, fit_ranker, recommend
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.day.references import evaluation_ref
from graphrec_core.judging.build_shard import build_shard
from graphrec_core.ledger.live import Live
from graphrec_core.ledger.past import read_past
from graphrec_core.ledger.replay import LiveRegion
from graphrec_core.retrieval.learned_ranker import LearnedRanker
from graphrec_core.serving.app import create_app
from graphrec_core.types import ArtifactId, Region, View, format_instant
from tests.pinned.tiny_day import AS_OF, tiny_town
from tests.support.steps import embed_all

pytestmark = pytest.mark.pipeline

REGIONS = (Region("ash"), Region("birch"))
NUM_QUERIES = 1000
DEPTH = 40
TASTE = "taste: {model: lightgcn, embedding_dim: 16, quota: 60}"
SEVERAL = (
    f"recommender.sources={{{TASTE}, walks: {{model: covisitation, quota: 40}}, "
    "alike: {model: ease, quota: 50}, recent: {model: popularity, quota: 30}}",
    "recommender.ranker={model: lightgbm, num_rounds: 60}",
)
"""Four sources whose quotas are less than there is, and trees."""
VECTORS = (f"recommender.sources={{{TASTE}}}", "recommender.ranker={model: reciprocal_rank}")
"""An encoder alone: its scores are inner products, and no trees round them."""
Lists = dict[str, tuple[list[str], list[float]]]
"""Query -> ids of its candidates, best first, and their scores."""


@dataclass(frozen=True)
class Served:
    """A day whose train view is live.

    Attributes:
        config: The pipeline.
        judged: The lists that the evaluations stored, of whom the train view knows.
    """

    config: PipelineConfig
    judged: Lists


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of a town with 1,800 users."""
    return tmp_path_factory.mktemp("judged") / "lake"


@pytest.fixture(scope="module", params=[SEVERAL, VECTORS], ids=["several", "vectors"])
def served(town: Path, request: pytest.FixtureRequest) -> Served:
    config = tiny_town(
        town,
        "source.town={num_regions: 2, num_users: 900, num_places: 240, num_days: 60, "
        "events_per_user: 30}",
        *request.param,
        "training={num_epochs: 2, refit: false}",
        f"evaluation.depth={DEPTH}",
        "gate.baselines=[]",
    )
    build_snapshot.run(Day(config, AS_OF))
    check_snapshot.run(Day(config, AS_OF))
    for region in REGIONS:
        embed_all(Day(config, AS_OF), region, (View.TRAIN,))
    if config.recommender.ranker.is_fitted:
        fit_ranker.run(Day(config, AS_OF))
    day, judged = Day(config, AS_OF), Lists()
    for region in REGIONS:
        evaluate_model.run(day, region)
        judged |= _judged_lists(day, region)
    _serve_the_train_view(day)
    return Served(config, judged)


def _judged_lists(day: Day, region: Region) -> Lists:
    found = day.open(evaluation_ref(day, read_past(day.lake), region))
    queries = found.read_table("queries.parquet")
    known = queries.filter(np.asarray(queries["degree"]) > 0)["query_id"].to_pylist()
    lists = _lists(found.read_table("topk.parquet"))
    return {query: lists[query] for query in known}


def _serve_the_train_view(day: Day) -> None:
    """Commits each region's shard of the train view, and points LIVE at it."""
    regions, release_id = {}, ArtifactId("of-the-train-view")
    for region in REGIONS:
        built = build_shard(day, region, View.TRAIN)
        assert isinstance(built.ranker, LearnedRanker) == day.config.recommender.ranker.is_fitted
        ref = day.ref(StepName.SHARD, region, given={"view": View.TRAIN})
        day.produce(ref, built.write)
        regions[region] = LiveRegion(
            shard_id=ref.id, as_of=format_instant(AS_OF), serves="model", release_id=release_id
        )
    pointer = Live(release_id=release_id, regions=regions)
    day.lake.storage.write(day.lake.layout.live, pointer.to_bytes())


def _lists(table: pa.Table) -> Lists:
    """Reads lists whose rows stand by query and rank."""
    lists = Lists()
    names = ("query_id", "rank", "candidate_id", "score")
    columns = (table[name].to_pylist() for name in names)
    for query, rank, candidate, score in zip(*columns, strict=True):
        ids, scores = lists.setdefault(query, ([], []))
        assert rank == len(ids) + 1
        ids.append(candidate)
        scores.append(score)
    return lists


def test_a_thousand_queries_get_what_was_judged(served: Served, tmp_path: Path) -> None:
    recommend.run(served.config, DEPTH, tmp_path / "top.parquet")
    by_batch = _lists(pq.read_table(tmp_path / "top.parquet"))
    asked = sorted(served.judged)[:NUM_QUERIES]
    assert len(asked) == NUM_QUERIES
    client = TestClient(create_app(Day(served.config, AS_OF).lake))
    for query in asked:
        items = client.get(f"/recommend/{query}", params={"k": DEPTH}).json()["items"]
        by_http = [item["candidate_id"] for item in items], [item["score"] for item in items]
        assert served.judged[query] == by_batch[query] == by_http
