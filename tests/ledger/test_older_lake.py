"""Nobody is left behind: a lake that the first release wrote still serves and is still measured.

``older/lake.tar.gz`` holds two days of a town of two regions as that release published them
(`LIVE.json`, releases, shards, models, evaluations). It is not written anew when the code changes.
"""

import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graphrec.jobs import query, rollback_release, status
from graphrec_core.config import PipelineConfig, load_pipeline
from graphrec_core.day import Day, evaluation_ref, recommender_id
from graphrec_core.judging.evaluate import produce_evaluation
from graphrec_core.judging.of_source import produce_embedding
from graphrec_core.ledger.live import read_live
from graphrec_core.ledger.past import read_past
from graphrec_core.quality.snapshot_suites import check_snapshot
from graphrec_core.report.collect import collect
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.training.region_model import produce_model
from graphrec_core.types import ArtifactId, Region, View
from tests.support.snapshots import SOURCE

pytestmark = pytest.mark.pipeline

LAKE = Path(__file__).with_name("older") / "lake.tar.gz"
TOWN = Path(__file__).parents[2] / "configs" / "town.yaml"
ASH, BIRCH = Region("ash"), Region("birch")
FIRST, SECOND = ArtifactId("a595c8868a001176"), ArtifactId("b5b5ee5dcf28e953")
NEXT = datetime(2026, 1, 2, tzinfo=UTC)
SETTINGS = (
    "source.town={num_regions: 2, num_users: 40, num_places: 30, num_days: 40}",
    "snapshot.engine=duckdb",
    "recommender={model: lightgcn, embedding_dim: 4}",
    "training.num_epochs=2",
)


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    with tarfile.open(LAKE) as archive:
        archive.extractall(tmp_path, filter="data")
    return load_pipeline(TOWN, [f"lake.root={tmp_path}", *SETTINGS])


def test_it_serves(config: PipelineConfig) -> None:
    answer = query.run(config, "ash-u3", 5, None)
    assert (answer.region, len(answer.items)) == (ASH, 5)
    assert [item.sources for item in answer.items] == [["model"]] * 5
    assert all(item.title and item.title.endswith(item.candidate_id) for item in answer.items)


def test_it_is_shown(config: PipelineConfig) -> None:
    regions = status.run(config, None)["regions"]
    assert [regions[name]["gate"] for name in (ASH, BIRCH)] == ["passed", "passed"]
    assert collect(config, NEXT).live == read_live(Day(config, NEXT).lake)


def test_it_rolls_back(config: PipelineConfig) -> None:
    assert read_live(Day(config, NEXT).lake).release_id == SECOND
    rollback_release.run(config)
    live = read_live(Day(config, NEXT).lake)
    assert (live.release_id, set(live.regions)) == (FIRST, {ASH, BIRCH})
    answer = query.run(config, "ash-u3", 5, None)
    assert (answer.shard_id, answer.items[0].sources) == (live.regions[ASH].shard_id, ["model"])


def test_its_champion_is_measured_on_a_new_day(config: PipelineConfig) -> None:
    day = Day(config, NEXT)
    check_snapshot(day, produce_snapshot(day))
    produce_model(day, ASH, SOURCE)
    produce_embedding(day, ASH, View.TRAIN, SOURCE)
    champion = read_past(day.lake).references(ASH, NEXT, 28, recommender_id(day, ASH))
    evaluation = produce_evaluation(day, ASH)
    assert evaluation.manifest.inputs["champion"] == champion["champion"]
    assert evaluation.manifest.id == evaluation_ref(day, read_past(day.lake), ASH).id
    assert evaluation.manifest.stats["metrics"]["champion"]["recall"] > 0
