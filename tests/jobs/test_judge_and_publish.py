import threading
from datetime import timedelta
from pathlib import Path

import faiss
import numpy as np
import pyarrow.parquet as pq
import pytest

from graphrec.jobs import (
    build_shard,
    evaluate_model,
    query,
    recommend,
    rollback_release,
)
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.publish import PublishConfig
from graphrec_core.day import Day, evaluation_ref
from graphrec_core.errors import (
    ConfigError,
    DamagedError,
    GateRefusedError,
    LakeError,
    LeakageError,
    RefusedError,
    UnavailableError,
)
from graphrec_core.lake import Artifact, Lake, open_artifact
from graphrec_core.lake.layout import holdout_file
from graphrec_core.ledger.live import Live, read_live
from graphrec_core.ledger.past import read_past
from graphrec_core.ledger.release import Release
from graphrec_core.publishing.publish import publish
from graphrec_core.types import ArtifactId, Region, View
from tests.support.days import BOTH, EAST, WEST, lake_bytes, prepare_day, run_day
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot
from tests.support.vectors import write_vectors

pytestmark = pytest.mark.pipeline

NEXT = AS_OF + timedelta(days=1)


def test_metrics_can_be_recomputed_from_what_is_stored(config: PipelineConfig) -> None:
    prepare_day(config)
    manifest = evaluate_model.run(Day(config, AS_OF), EAST)
    lake, day = Lake(config), Day(config, AS_OF)
    folder = lake.layout.evaluation(EAST, evaluation_ref(day, read_past(lake), EAST).id)
    evaluation = open_artifact(lake.storage, folder)
    snapshot = day.open(day.ref(StepName.SNAPSHOT))
    holdout = snapshot.read_table(holdout_file(EAST)).to_pylist()
    wanted: dict[str, set[str]] = {}
    for row in holdout:
        wanted.setdefault(row["query_id"], set()).add(row["candidate_id"])
    for system, name in (("model", "topk"), ("popularity", "topk_popularity")):
        shown: dict[str, list[str]] = {}
        for row in evaluation.read_table(f"{name}.parquet").to_pylist():
            assert row["hit"] == (row["candidate_id"] in wanted[row["query_id"]])
            shown.setdefault(row["query_id"], []).append(row["candidate_id"])
        recalls = [
            len(targets & set(shown[q][:5])) / len(targets) for q, targets in wanted.items()
        ]
        ranks = [
            next((1 / rank for rank, c in enumerate(shown[q], 1) if c in targets), 0)
            for q, targets in wanted.items()
        ]
        metrics = manifest.stats["metrics"][system]
        assert metrics["recall"] == pytest.approx(np.mean(recalls))
        assert metrics["mrr"] == pytest.approx(np.mean(ranks))
    assert manifest.stats["metrics"]["model"]["recall"] > 0.8
    assert manifest.stats["num_queries"] == len(wanted)
    assert manifest.stats["verdict"] == "passed"
    assert evaluation.read_json("report.json")["metrics"] == manifest.stats["metrics"]


def test_a_random_model_is_refused_and_the_job_ends_normally(config: PipelineConfig) -> None:
    prepare_day(config, bad=("east",))
    manifest = evaluate_model.run(Day(config, AS_OF), EAST)
    failed = {
        (rule["rule"], rule["reference"])
        for rule in manifest.stats["rules"]
        if rule["outcome"] == "failed"
    }
    assert ("baseline", "covisitation") in failed
    assert manifest.stats["verdict"] == "refused"


def test_serve_view_vectors_are_refused(config: PipelineConfig) -> None:
    snapshot = write_tiny_snapshot(config)
    write_vectors(config, AS_OF, snapshot, "east", files_of=View.SERVE)
    write_vectors(config, AS_OF, snapshot, "west")
    with pytest.raises(LeakageError, match="of the serve view have seen the holdout"):
        evaluate_model.run(Day(config, AS_OF), EAST)
    assert evaluate_model.run(Day(config, AS_OF), WEST).stats["verdict"] == "passed"


def test_first_day_goes_live(config: PipelineConfig, first_day: Release) -> None:
    live = read_live(Lake(config))
    assert live.release_id == first_day.id
    for region in BOTH:
        assert live.regions[region].shard_id == Day(config, AS_OF).ref(StepName.SHARD, region).id
        assert {rule.rule for rule in first_day.regions[region].rules} == {
            "floor", "baseline", "slice", "ann_recall",
        }  # fmt: skip


def test_the_same_commands_twice_leave_the_same_bytes(
    config: PipelineConfig, first_day: Release
) -> None:
    before = lake_bytes(config)
    assert run_day(config) == first_day
    assert lake_bytes(config) == before


def test_two_lakes_hold_the_same_bytes(tmp_path: Path) -> None:
    lakes = []
    for name in ("one", "two"):
        config = tiny_config(tmp_path / name, gate={"min_queries": 20})
        run_day(config, bad=("west",))
        lakes.append(lake_bytes(config))
    assert lakes[0] == lakes[1]


def test_a_refused_region_keeps_its_shard_and_the_other_moves(
    config: PipelineConfig, champions: Release
) -> None:
    run_day(config, NEXT, bad=("west",))
    live = read_live(Lake(config))
    assert live.regions[EAST].shard_id == Day(config, NEXT).ref(StepName.SHARD, EAST).id
    assert live.regions[WEST].shard_id == champions.regions[WEST].shard_id
    before = lake_bytes(config)
    with pytest.raises(GateRefusedError, match="west: refused: baseline"):
        publish(Day(config, NEXT))
    assert lake_bytes(config) == before
    rolled = rollback_release.run(config)
    assert rolled.regions[EAST].shard_id == champions.regions[EAST].shard_id


def test_the_champion_is_measured_and_named_as_an_input(
    config: PipelineConfig, champions: Release
) -> None:
    prepare_day(config, NEXT)
    manifest = evaluate_model.run(Day(config, NEXT), EAST)
    assert manifest.inputs["champion"] == champions.regions[EAST].candidate_shard_id
    assert manifest.stats["metrics"]["champion"]["recall"] > 0
    assert {rule["rule"] for rule in manifest.stats["rules"]} >= {"champion"}


def test_an_older_day_is_released_but_does_not_go_live(config: PipelineConfig) -> None:
    run_day(config, NEXT)
    before = Lake(config).storage.read(Lake(config).layout.live)
    older = run_day(config, AS_OF)
    assert older.regions[EAST].passed
    assert Lake(config).storage.read(Lake(config).layout.live) == before


def test_a_region_that_never_passed_serves_its_popular_list(config: PipelineConfig) -> None:
    release = run_day(config, bad=("west",))
    entry = release.regions[WEST]
    assert (entry.serves, entry.passed) == ("popular", False)
    answer = query.run(config, "west-u3", 4)
    assert [item.sources for item in answer.items] == [["popular"]] * len(answer.items)
    east = query.run(config, "east-u3", 4)
    assert [item.sources for item in east.items] == [["lightgcn"]] * 4


def test_mode_never_and_force(config: PipelineConfig, tmp_path: Path) -> None:
    never = config.model_copy(update={"publish": PublishConfig(mode="never")})
    run_day(never)
    assert read_live(Lake(config)) == Live()
    by = {"forced_by": "me", "forced_why": "a test"}
    forced = config.model_copy(update={"publish": PublishConfig(mode="force", **by)})
    release = run_day(forced, bad=("west",), as_of=NEXT)
    assert read_live(Lake(config)).regions[WEST].serves == "model"
    assert (release.forced_by, release.forced_why) == ("me", "a test")
    assert not release.regions[WEST].passed


def test_a_missing_artefact_refuses_after_the_others_went_live(config: PipelineConfig) -> None:
    prepare_day(config)
    for region in BOTH:
        evaluate_model.run(Day(config, AS_OF), region)
    build_shard.run(Day(config, AS_OF), EAST)
    with pytest.raises(RefusedError, match="missing for west; refused: none") as caught:
        publish(Day(config, AS_OF))
    assert caught.value.exit_code == 3
    assert set(read_live(Lake(config)).regions) == {EAST}
    build_shard.run(Day(config, AS_OF), WEST)
    publish(Day(config, AS_OF))
    assert set(read_live(Lake(config)).regions) == set(BOTH)


def damage(lake: Lake, artifact: Artifact, name: str) -> bytes:
    """Flips one bit of a file and returns what it held."""
    data = artifact.read(name)
    lake.storage.write(f"{artifact.base}/{name}", bytes([data[0] ^ 1]) + data[1:])
    return data


@pytest.mark.parametrize("part", ["sources/lightgcn/index.faiss", "queries.parquet"])
def test_a_damaged_artefact_stops_its_region_only(
    config: PipelineConfig, champions: Release, part: str
) -> None:
    prepare_day(config, NEXT)
    for region in BOTH:
        evaluate_model.run(Day(config, NEXT), region)
        build_shard.run(Day(config, NEXT), region)
    lake, day = Lake(config), Day(config, NEXT)
    folder = lake.layout.shard(EAST, day.ref(StepName.SHARD, EAST).id)
    if part == "queries.parquet":
        folder = lake.layout.evaluation(EAST, evaluation_ref(day, read_past(lake), EAST).id)
    data = damage(lake, damaged := open_artifact(lake.storage, folder), part)
    with pytest.raises(DamagedError, match=f"east: {part}"):
        publish(Day(config, NEXT))
    live = read_live(lake).regions
    assert live[EAST].shard_id == champions.regions[EAST].shard_id
    assert live[WEST].shard_id == day.ref(StepName.SHARD, WEST).id
    lake.storage.write(f"{damaged.base}/{part}", data)
    publish(Day(config, NEXT))
    assert read_live(lake).regions[EAST].shard_id == day.ref(StepName.SHARD, EAST).id


def test_a_damaged_shard_that_a_refused_region_keeps_stops_no_other(
    config: PipelineConfig, champions: Release
) -> None:
    lake = Lake(config)
    folder = lake.layout.shard(WEST, Day(config, AS_OF).ref(StepName.SHARD, WEST).id)
    damage(lake, open_artifact(lake.storage, folder), "sources/lightgcn/index.faiss")
    prepare_day(config, NEXT, bad=("west",))
    for region in BOTH:
        evaluate_model.run(Day(config, NEXT), region)
        build_shard.run(Day(config, NEXT), region)
    with pytest.raises(DamagedError, match="west: the shard that it keeps"):
        publish(Day(config, NEXT))
    live = read_live(lake).regions
    assert live[EAST].shard_id == Day(config, NEXT).ref(StepName.SHARD, EAST).id
    assert live[WEST].shard_id == champions.regions[WEST].shard_id


def test_few_queries_are_judged_pooled(config: PipelineConfig) -> None:
    """A model as good as co-visitation: 59 queries are too few to tell, 118 are enough."""
    gate = config.gate.model_copy(update={"min_queries": 100, "tolerance_frac": 0.02})
    release = run_day(config.model_copy(update={"gate": gate}))
    rules = {
        (rule.rule, rule.reference, rule.metric): rule for rule in release.regions[EAST].rules
    }
    undecided = rules["baseline", "covisitation", "recall"]
    assert (undecided.pooled, undecided.outcome) == (True, "passed")
    assert (undecided.num_queries, undecided.num_own_queries) == (118, 59)
    clear = rules["baseline", "popularity", "recall"]
    assert (clear.pooled, clear.num_queries) == (False, 59)
    assert release.regions[EAST].passed
    assert set(release.pooled) == set(BOTH)


def test_only_regions_of_the_snapshot_can_be_published(config: PipelineConfig) -> None:
    prepare_day(config)
    with pytest.raises(ConfigError, match="north"):
        publish(Day(config, AS_OF), (Region("north"),))


def test_a_part_of_the_regions_leaves_the_others(
    config: PipelineConfig, champions: Release
) -> None:
    prepare_day(config, NEXT)
    evaluate_model.run(Day(config, NEXT), EAST)
    build_shard.run(Day(config, NEXT), EAST)
    release = publish(Day(config, NEXT), (EAST,))
    assert set(release.regions) == {EAST}
    live = read_live(Lake(config)).regions
    assert live[EAST].release_id == release.id
    assert live[WEST].release_id == champions.id


def test_a_reader_never_sees_a_partial_release(config: PipelineConfig, champions: Release) -> None:
    lake, stop, seen = Lake(config), threading.Event(), []

    def poll() -> None:
        while not stop.is_set():
            seen.append(read_live(Lake(config)))

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        second = run_day(config, NEXT)
    finally:
        stop.set()
        reader.join()
    assert second.regions[EAST].passed
    allowed = {
        tuple(release.regions[region].shard_id for region in BOTH)
        for release in (champions, second)
    }
    assert {tuple(live.regions[region].shard_id for region in BOTH) for live in seen} <= allowed
    assert read_live(lake).release_id == second.id


def test_batch_recommendations(config: PipelineConfig, first_day: Release, tmp_path: Path) -> None:
    output = tmp_path / "out" / "top.parquet"
    num_rows = recommend.run(config, 7, output)
    rows = pq.read_table(output).to_pylist()
    assert num_rows == len(rows) == 2 * 60 * 7
    assert [row["rank"] for row in rows[:7]] == [1, 2, 3, 4, 5, 6, 7]
    assert rows[0]["region"] == "east"
    answer = query.run(config, rows[0]["query_id"], 7)
    assert [item.candidate_id for item in answer.items] == [
        row["candidate_id"] for row in rows[:7]
    ]
    seen = _seen(config)
    assert not {(row["query_id"], row["candidate_id"]) for row in rows} & seen
    data = config.model_dump(mode="json")
    data["training"]["num_threads"], data["index"]["num_threads"] = 1, 2
    threaded = PipelineConfig.model_validate(data)
    recommend.run(threaded, 40, output, first_day.id, include_seen=True)
    assert faiss.omp_get_max_threads() == 2
    everything = pq.read_table(output).to_pylist()
    assert seen <= {(row["query_id"], row["candidate_id"]) for row in everything}
    assert [path.name for path in output.parent.iterdir()] == ["top.parquet"]


def test_a_damaged_region_is_named_and_the_others_are_answered(
    config: PipelineConfig, first_day: Release, tmp_path: Path
) -> None:
    lake = Lake(config)
    folder = lake.layout.shard(EAST, Day(config, AS_OF).ref(StepName.SHARD, EAST).id)
    damage(lake, open_artifact(lake.storage, folder), "queries.parquet")
    assert query.run(config, "west-u3").region == "west"
    assert query.run(config).region == "west"
    with pytest.raises(UnavailableError, match=r"east: queries\.parquet"):
        query.run(config, "east-u3")
    output = tmp_path / "top.parquet"
    with pytest.raises(UnavailableError, match=r"without east: queries\.parquet"):
        recommend.run(config, 7, output)
    assert set(pq.read_table(output)["region"].to_pylist()) == {"west"}


def _seen(config: PipelineConfig) -> set[tuple[str, str]]:
    lake, pairs = Lake(config), set()
    for region in BOTH:
        folder = lake.layout.shard(region, Day(config, AS_OF).ref(StepName.SHARD, region).id)
        for row in open_artifact(lake.storage, folder).read_table("seen.parquet").to_pylist():
            pairs.add((row["query_id"], row["candidate_id"]))
    assert len(pairs) > 500
    return pairs


def test_query_without_an_id_and_with_an_unknown_one(
    config: PipelineConfig, first_day: Release
) -> None:
    answer = query.run(config)
    assert (answer.region, len(answer.items)) == ("east", 10)
    assert answer.items[0].title == f"title of {answer.items[0].candidate_id}"
    assert answer.to_text().count("\n") == 10
    with pytest.raises(ConfigError, match="nobody"):
        query.run(config, "nobody")


@pytest.mark.parametrize("name", ["../../LIVE", "nobody", "0" * 16])
def test_a_release_is_named_by_its_id(
    config: PipelineConfig, first_day: Release, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ConfigError, match=first_day.id):
        recommend.run(config, 5, tmp_path / "top.parquet", ArtifactId(name))
    with pytest.raises(ConfigError, match=first_day.id):
        rollback_release.run(config, ArtifactId(name))
    with pytest.raises(ConfigError, match="live before: none"):
        rollback_release.run(config, first_day.id)
    assert not (tmp_path / "top.parquet").exists()


def test_nothing_live_is_said(config: PipelineConfig, tmp_path: Path) -> None:
    for query_id in ("", "somebody"):
        with pytest.raises(LakeError, match="Run a day and publish it first"):
            query.run(config, query_id)
    with pytest.raises(LakeError, match="LIVE"):
        recommend.run(config, 5, tmp_path / "top.parquet")
    assert not (tmp_path / "top.parquet").exists()
