"""A day of the town with start nodes: what newcomers get, and that nobody else is touched."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest

from graphrec_core.axes.rows import is_start
from graphrec_core.config import PipelineConfig, StepName, load_pipeline
from graphrec_core.day import Day
from graphrec_core.evaluation.holdout import read_holdout
from graphrec_core.graph import load_graph
from graphrec_core.lake import Artifact, Lake, open_artifact
from graphrec_core.ledger.live import Live
from graphrec_core.ledger.replay import LiveRegion
from graphrec_core.retrieval.from_shard import recommend_to_stranger, sources_of
from graphrec_core.retrieval.shard import Shard, open_shard
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.training.pairs import hold_out_newest
from graphrec_core.types import ArtifactId, Region, View
from jobs import (
    build_shard,
    check_snapshot,
    evaluate_model,
    generate_embeddings,
    query,
    train_model,
)

AS_OF = datetime(2025, 11, 20, tzinfo=UTC)
ASH = Region("ash")
TOWN = Path(__file__).parents[2] / "configs" / "town.yaml"
SETTINGS = (
    "source.town.num_regions=1",
    "source.town.num_users=400",
    "source.town.num_places=200",
    "snapshot.engine=duckdb",
    "snapshot.threads=1",
    "training.num_epochs=6",
    "model.embedding_dim=16",
)


@dataclass(frozen=True)
class Built:
    """One day's artefacts."""

    config: PipelineConfig
    snapshot: Artifact
    shard: Shard


def built(lake: Path, *settings: str) -> Built:
    config = load_pipeline(TOWN, [f"lake.root={lake}", *SETTINGS, *settings])
    produce_snapshot(Day(config, AS_OF))
    check_snapshot.run(Day(config, AS_OF))
    train_model.run(Day(config, AS_OF), ASH)
    for view in View:
        generate_embeddings.run(Day(config, AS_OF), ASH, view)
    manifest = build_shard.run(Day(config, AS_OF), ASH)
    evaluate_model.run(Day(config, AS_OF), ASH)
    opened, day = Lake(config), Day(config, AS_OF)
    folder = opened.layout.snapshot(AS_OF, day.ref(StepName.SNAPSHOT).id)
    return Built(
        config,
        open_artifact(opened.storage, folder),
        open_shard(open_artifact(opened.storage, opened.layout.shard(ASH, manifest.id))),
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built(Path(tmp_path_factory.mktemp("plain")))


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built(Path(tmp_path_factory.mktemp("started")), "task.start_node=true")


def first_places(config: PipelineConfig) -> pd.Series:
    """The first place of every user who is new after the day."""
    lake = Lake(config)
    (visits,) = (name for name in lake.storage.files("") if name.endswith("visits.parquet"))
    with lake.storage.open(visits) as handle:
        table = pd.read_parquet(handle).sort_values("visited_at").drop_duplicates("user")
    return table[table["visited_at"] >= AS_OF]["place"]


def test_newcomers_begin_with_what_the_start_node_recommends(started: Built) -> None:
    shard, wanted = started.shard, first_places(started.config)
    ranking = recommend_to_stranger(shard, "model", 20)
    assert set(sources_of(shard, ranking)[0]) == {"start"}
    top = shard.candidate_ids.take(ranking.rows[0]).to_pylist()
    num_hits, chance = wanted.isin(top).sum(), 20 / len(shard.candidate_ids)
    expected = len(wanted) * chance
    assert num_hits > expected + 2 * np.sqrt(expected * (1 - chance))  # of a random top 20


def test_the_shards_lists_are_those_without_start_nodes(plain: Built, started: Built) -> None:
    for table in ("candidates", "seen", "popular"):
        own, other = (getattr(built.shard.tables, table) for built in (started, plain))
        assert own.equals(other), table
    assert not np.isin(started.shard.active_home_rows(), [started.shard.start_row]).any()
    assert started.shard.seen.counts[started.shard.start_row] == 0


def test_the_holdout_and_its_baselines_are_those_without_start_nodes(
    plain: Built, started: Built
) -> None:
    own, other = (
        read_holdout(built.snapshot, ASH, built.config.task) for built in (started, plain)
    )
    assert own.pairs.equals(other.pairs)
    assert own.query_ids.equals(other.query_ids)
    assert np.array_equal(own.degrees, other.degrees)


def test_pairs_of_start_nodes_are_learned_and_never_held_out(started: Built) -> None:
    graph = load_graph(started.snapshot, View.TRAIN, ASH)
    split = hold_out_newest(graph, 0.5, np.random.default_rng(0))
    assert not graph.start_mask[split.held.query].any()
    assert graph.start_mask[split.pairs.query].any()


def test_a_stranger_is_answered_where_the_region_is_said(started: Built) -> None:
    lake = Lake(started.config)
    entry = LiveRegion(
        shard_id=ArtifactId(started.shard.id),
        as_of=started.shard.as_of,
        serves="model",
        release_id=ArtifactId("r"),
    )
    live = Live(release_id=ArtifactId("r"), regions={ASH: entry})
    lake.storage.write(lake.layout.live, live.to_bytes())
    answer = query.run(started.config, "stranger", 5, "ash")
    assert (answer.query_id, answer.region, answer.title) == ("stranger", "ash", None)
    assert [item.source for item in answer.items] == ["start"] * 5
    assert [item.rank for item in answer.items] == [1, 2, 3, 4, 5]
    sample = query.run(started.config)
    assert not pc.any(is_start(pc.cast([sample.query_id], "string"))).as_py()
