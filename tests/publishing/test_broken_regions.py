"""A region that the snapshot's suites found broken: the others go live, the run ends refused."""

from datetime import timedelta

import pytest

from graphrec.jobs import build_shard, check_snapshot, evaluate_model
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.quality import QualityConfig
from graphrec_core.day import Day
from graphrec_core.errors import ConfigError, ExpectationError, GateRefusedError, LakeError
from graphrec_core.lake import Lake
from graphrec_core.ledger.live import read_live
from graphrec_core.ledger.release import Release
from graphrec_core.publishing.publish import publish
from graphrec_core.report.collect import collect
from tests.support.days import BOTH, EAST, WEST, lake_bytes, prepare_day
from tests.support.snapshots import AS_OF, write_verdict

pytestmark = pytest.mark.pipeline

NEXT = AS_OF + timedelta(days=1)
WHY = "serve num_edges visited: halved."


def judge_day(config: PipelineConfig, bad: tuple[str, ...] = ()) -> None:
    """Prepares the day's shards and evaluations, even of broken regions: by hand one can."""
    prepare_day(config, NEXT, bad)
    for region in BOTH:
        build_shard.run(Day(config, NEXT), region)
        evaluate_model.run(Day(config, NEXT), region)


def test_a_broken_region_keeps_its_shard_and_the_run_ends_refused(
    config: PipelineConfig, champions: Release
) -> None:
    write_verdict(config, NEXT, ("east",), {"west": WHY})
    judge_day(config)
    with pytest.raises(ExpectationError, match=f"west: {WHY}") as caught:
        publish(Day(config, NEXT))
    assert caught.value.exit_code == 3
    live = read_live(Lake(config))
    assert live.regions[EAST].shard_id == Day(config, NEXT).ref(StepName.SHARD, EAST).id
    assert live.regions[WEST].shard_id == champions.regions[WEST].shard_id
    before = lake_bytes(config)
    with pytest.raises(ExpectationError, match="west"):
        publish(Day(config, NEXT))
    assert lake_bytes(config) == before
    day = collect(config, NEXT)
    assert day.empty_regions == {"west": f"broken: {WHY}"}
    assert [region.region for region in day.regions] == ["east"]
    assert day.release is not None
    assert "west" not in {step.region for step in day.steps}


def test_a_broken_and_a_refused_region_are_both_named(
    config: PipelineConfig, champions: Release
) -> None:
    write_verdict(config, NEXT, ("east",), {"west": WHY})
    judge_day(config, bad=("east",))
    with pytest.raises(GateRefusedError, match=r"east: refused: .*\| west: serve num_edges"):
        publish(Day(config, NEXT))
    live = read_live(Lake(config))
    assert {name: live.regions[name].shard_id for name in BOTH} == {
        name: champions.regions[name].shard_id for name in BOTH
    }


def test_a_region_that_vanished_is_not_retired(config: PipelineConfig, champions: Release) -> None:
    write_verdict(config, NEXT, ("east",), {"west": "gone"})
    prepare_day(config, NEXT, regions=("east",))
    build_shard.run(Day(config, NEXT), EAST)
    evaluate_model.run(Day(config, NEXT), EAST)
    with pytest.raises(ExpectationError, match="west: gone"):
        publish(Day(config, NEXT))
    live = read_live(Lake(config))
    assert live.regions[WEST].shard_id == champions.regions[WEST].shard_id


def test_a_broken_region_cannot_be_published_by_name(
    config: PipelineConfig, champions: Release
) -> None:
    write_verdict(config, NEXT, ("east",), {"west": WHY})
    judge_day(config)
    with pytest.raises(ConfigError, match="not broken"):
        publish(Day(config, NEXT), (WEST,))
    assert publish(Day(config, NEXT), (EAST,)).regions.keys() == {EAST}


@pytest.mark.parametrize(
    ("kept", "rule"), [(("east",), "stop"), ((), "skip")], ids=["stop", "none left"]
)
def test_nothing_is_published_where_no_region_may_go_on(
    config: PipelineConfig, first_day: Release, kept: tuple[str, ...], rule: str
) -> None:
    config = config.model_copy(update={"quality": QualityConfig(on_broken_region=rule)})
    broken = dict.fromkeys({*BOTH} - {*kept}, WHY)
    write_verdict(config, NEXT, kept, broken)
    judge_day(config)
    before = lake_bytes(config)
    with pytest.raises(ExpectationError, match="within the limits of `quality`") as refusal:
        publish(Day(config, NEXT))
    assert ("quality.on_broken_region=skip" in str(refusal.value)) == bool(kept)
    assert lake_bytes(config) == before


def test_an_unchecked_snapshot_is_not_published(config: PipelineConfig) -> None:
    prepare_day(config)
    config = config.model_copy(update={"quality": QualityConfig(max_halo_frac=0.5)})
    with pytest.raises(LakeError, match="Run the earlier steps"):
        publish(Day(config, AS_OF))
    manifest = check_snapshot.run(Day(config, AS_OF))
    assert manifest.stats["kept_regions"] == ["east", "west"]
