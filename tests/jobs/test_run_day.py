"""run-day and run-days: what the steps leave by hand, told as the steps tell it, and no more."""

import json
import shutil
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graphrec.jobs.run_days import days_between
from graphrec_core.config import flow_of, load_pipeline
from graphrec_core.config.schedule import ScheduleConfig
from graphrec_core.errors import ConfigError
from tests.pipeline.steps import DAY, TOWN, committed_bytes, run_step
from tests.support.command_line import Done, run_main

NEXT = "2026-01-02"
BOTH = ("ash", "birch")
SETTINGS = (
    "snapshot.engine=duckdb",
    "source.town.num_regions=2",
    "source.town.num_users=60",
    "source.town.num_places=40",
    "training.num_epochs=1",
    "training.num_threads=2",
    "index.num_threads=2",
)
FORCED = "publish={mode: force, forced_by: test, forced_why: two days suffice}"
STRICT = "gate.min_recall=1.0"


def settings(*more: str) -> list[str]:
    return [word for one in (*SETTINGS, *more) for word in ("--set", one)]


def run_day(lake: Path, *more: str, code: int = 0, as_of: str = DAY) -> Done:
    return run_step("run-day", lake, "--as-of", as_of, *settings(*more), code=code)


def run_days(lake: Path, *more: str, code: int = 0) -> Done:
    span = ("--from", DAY, "--to", NEXT, *settings(*more))
    return run_step("run-days", lake, *span, code=code)


def result(done: Done) -> dict[str, Any]:
    (line,) = done.out.splitlines()
    return dict(json.loads(line))


def by_hand(lake: Path, as_of: str, *more: str) -> None:
    """Runs the day's commands one by one, written out as a person types them."""
    here = ("--as-of", as_of, *settings(*more))
    for step in ("wait-for-source", "validate-source", "build-snapshot"):
        run_step(step, lake, *here)
    for region in BOTH:
        at = ("--region", region, *here)
        run_step("train-model", lake, *at)
        run_step("generate-embeddings", lake, "--view", "train", *at)
        run_step("evaluate-model", lake, *at)
        run_step("generate-embeddings", lake, "--view", "serve", *at)
        run_step("build-shard", lake, *at)
    run_step("publish-release", lake, *here)
    run_step("write-report", lake, *here)


def all_files(lake: Path) -> set[str]:
    """Every file by its place, without the tokens of attempts."""
    found = (path.relative_to(lake) for path in lake.rglob("*") if path.is_file())
    return {
        "/".join("attempt" if part.startswith("attempt-") else part for part in path.parts)
        for path in found
    }


def read_runs(lake: Path) -> dict[str, dict[str, Any]]:
    return {str(path): json.loads(path.read_text()) for path in lake.rglob("run.json")}


@pytest.fixture(scope="module")
def forced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    lake = tmp_path_factory.mktemp("run_day") / "lake"
    return lake, run_day(lake, FORCED)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    lake = tmp_path_factory.mktemp("run_days") / "lake"
    return lake, run_days(lake, FORCED)


@pytest.mark.pipeline
def test_it_leaves_what_the_steps_leave_by_hand(forced: tuple[Path, Done], tmp_path: Path) -> None:
    by_hand(tmp_path / "hand", DAY, FORCED)
    assert len(committed_bytes(forced[0])) > 15
    assert committed_bytes(forced[0]) == committed_bytes(tmp_path / "hand")
    assert all_files(forced[0]) == all_files(tmp_path / "hand")


@pytest.mark.pipeline
def test_it_tells_how_it_ended(forced: tuple[Path, Done]) -> None:
    _, done = forced
    told = result(done)
    assert (told["exit_code"], told["failed"], told["skipped"]) == (0, {}, [])
    assert (told["as_of"], told["regions"]) == ("20260101T000000Z", list(BOTH))
    assert told["num_tasks"] == 3 + 1 + 2 * 5 + 2
    assert Path(told["report"].removeprefix("file://")).is_file()
    lines = [line for line in done.err.splitlines() if " done in " in line]
    assert len(lines) == told["num_tasks"]
    assert "train-model [birch] done in " in done.err
    assert "town, 2026-01-01, serve view and gate" in done.err  # the table of `status`


@pytest.mark.pipeline
def test_its_tasks_are_those_of_the_table_in_its_order(forced: tuple[Path, Done]) -> None:
    flow = flow_of(load_pipeline(TOWN, list(SETTINGS)).recommender)
    (stage,) = flow.stages
    wanted = [one.name for one in flow.early] + ["choose-regions"]
    wanted += [f"{one.name} [{region}]" for region in BOTH for one in stage.per_region]
    wanted += [one.name for one in flow.late]
    ended = (line.split("  ")[1] for line in forced[1].err.splitlines() if " done in " in line)
    assert [line.split(" done in ")[0] for line in ended] == wanted


@pytest.mark.pipeline
def test_a_step_is_measured_by_itself(forced: tuple[Path, Done]) -> None:
    """Seconds counted from the start of the process would only grow, and sum to many days."""
    lake, done = forced
    runs = read_runs(lake)
    assert sum(run["seconds"] for run in runs.values()) <= result(done)["seconds"]
    assert all(run["peak_memory_mb"] > 100 for run in runs.values())


@pytest.mark.pipeline
def test_a_refusal_is_told_and_the_report_is_written(
    forced: tuple[Path, Done], tmp_path: Path
) -> None:
    lake = shutil.copytree(forced[0], tmp_path / "lake")
    shutil.rmtree(lake / "town" / "reports")
    done = run_day(lake, STRICT, code=3)
    told = result(done)
    assert (told["failed"], told["skipped"]) == ({"publish-release": 3}, [])
    assert "GateRefusedError: " in done.err
    assert "Failed: publish-release (exit code 3)." in done.err
    assert told["report"]


RANKED = "recommender.ranker={model: lightgbm, min_leaf_pairs: 5}"


@pytest.mark.pipeline
@pytest.mark.parametrize("more", [(), (RANKED,)], ids=["one stage", "two stages"])
def test_a_fault_in_one_region_leaves_the_others(tmp_path: Path, more: tuple[str, ...]) -> None:
    lake = tmp_path / "lake"
    (lake / "town" / "models").mkdir(parents=True)
    (lake / "town" / "models" / "region=ash").write_text("a file where a folder must be")
    done = run_day(lake, FORCED, *more, code=1)
    told = result(done)
    assert told["failed"] == {"train-model [ash]": 1, "publish-release": 3}
    assert told["skipped"] == [
        "generate-embeddings-train [ash]", "evaluate-model [ash]",
        "generate-embeddings-serve [ash]", "build-shard [ash]",
    ]  # fmt: skip
    live = json.loads((lake / "town" / "LIVE.json").read_text())["regions"]
    assert set(live) == {"birch"}
    assert told["report"]
    assert "Failed: train-model [ash] (exit code 1), publish-release (exit code 3)." in done.err


def test_refused_data_stop_the_day_but_not_its_report(tmp_path: Path) -> None:
    raw = TOWN.parent  # without a table there is no source
    done = run_day(
        tmp_path / "lake",
        "source={tables: {visits: {path: none.parquet}}, nodes: {user: select 1 from visits, "
        "place: select 1 from visits}, edges: {visited: select 1 from visits}, "
        f"root: {raw}}}",
        code=2,
    )
    told = result(done)
    assert told["failed"] == {"validate-source": 2}
    assert told["skipped"] == ["build-snapshot", "publish-release"]
    assert told["report"]


def test_a_day_that_is_not_over_is_not_ready(tmp_path: Path) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    done = run_day(tmp_path / "lake", as_of=tomorrow, code=1)
    assert result(done)["failed"] == {"wait-for-source": 1}
    assert result(done)["skipped"] == ["validate-source", "build-snapshot", "publish-release"]
    assert "NotReadyError: " in done.err
    assert "it is before " in done.err


def test_it_waits_for_the_source_where_it_is_told_to(tmp_path: Path) -> None:
    """The day that comes in while one waits is validated; one look finds nothing to do."""
    marked = (f"source.root={tmp_path}", "source.ready_marker=ready", "schedule.wait_poll_s=0.05")
    broken = (*marked, "source.earliest_time=2030-01-01")  # no row is left: ends early
    assert result(run_day(tmp_path / "lake", *broken, code=1))["failed"] == {"wait-for-source": 1}
    threading.Timer(0.3, (tmp_path / "ready").touch).start()
    wait = ("--timeout-s", "60", *settings(*broken))
    started_s = time.monotonic()
    done = run_main(
        "run-day", "--config", str(TOWN), "--lake", str(tmp_path / "lake"), "--as-of", DAY, *wait
    )
    assert "wait-for-source" not in result(done)["failed"]
    assert time.monotonic() - started_s < 60


@pytest.mark.pipeline
def test_only_wanted_regions_run_and_an_unknown_one_is_named(
    forced: tuple[Path, Done], tmp_path: Path
) -> None:
    lake = shutil.copytree(forced[0], tmp_path / "lake")
    here = ("--as-of", DAY, *settings(FORCED))
    told = result(run_step("run-day", lake, *here, "--region", "birch"))
    assert (told["regions"], told["num_tasks"]) == (["birch"], 3 + 1 + 5 + 2)
    done = run_step("run-day", lake, *here, "--region", "mars", code=2)
    assert result(done)["failed"] == {"choose-regions": 2}
    assert "found: ['mars']" in done.err


@pytest.mark.parametrize("words", [("--as-of", "tomorrow"), ("--as-of", DAY, "--set", "x=1")])
def test_wrong_use_runs_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run_step("run-day", tmp_path / "lake", *words, code=2)
    assert done.out == ""
    assert not (tmp_path / "lake").exists()


@pytest.mark.pipeline
def test_days_run_in_order_go_on_after_a_refusal_and_find_what_is_done(
    forced: tuple[Path, Done], days: tuple[Path, Done], tmp_path: Path
) -> None:
    told = result(days[1])
    assert [day["as_of"] for day in told["days"]] == ["20260101T000000Z", "20260102T000000Z"]
    assert (told["exit_code"], told["num_not_run"], told["next"]) == (0, 0, None)
    lake = shutil.copytree(forced[0], tmp_path / "lake")
    run_day(lake, FORCED, as_of=NEXT)
    assert committed_bytes(days[0]) == committed_bytes(lake)
    before, runs = committed_bytes(lake), read_runs(lake)
    # As by hand: a day forced again cannot go live while a later one is.
    again = run_days(lake, FORCED, code=3)
    assert [day["exit_code"] for day in result(again)["days"]] == [3, 0]
    assert [day["failed"] for day in result(again)["days"]] == [{"publish-release": 3}, {}]
    assert again.err.count("Failed: publish-release (exit code 3).") == 1
    assert committed_bytes(lake) == before
    assert read_runs(lake) == runs  # no attempt is a new one


def test_days_stop_at_one_that_is_not_ready(tmp_path: Path) -> None:
    marked = (f"source.root={tmp_path}", "source.ready_marker='{as_of}.done'")
    span = ("--from", "2025-12-31", "--to", NEXT, *settings(*marked))
    done = run_step("run-days", tmp_path / "lake", *span, code=1)
    told = result(done)
    assert [day["failed"] for day in told["days"]] == [{"wait-for-source": 1}]
    assert (told["num_not_run"], told["next"]) == (2, "2025-12-31T00:00:00+00:00")
    rest = "--from 2025-12-31T00:00:00+00:00 --to 2026-01-02T00:00:00+00:00"
    assert f"Days not run: 2. Go on with {rest}" in done.err  # the day that stopped it included


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_range_has_both_its_ends() -> None:
    schedule = ScheduleConfig.model_validate({"start": "2026-01-01"})
    first, last = day("2026-01-30T06:00"), day("2026-02-01T06:00")
    assert days_between(schedule, first, last) == [first, day("2026-01-31T06:00"), last]
    assert days_between(schedule, first, first) == [first]


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("2026-01-03", "2026-01-02", "must not lie before"),
        ("2026-01-02", "2026-01-03T06:00", "whole days apart"),
        ("2025-12-31", "2026-01-02", r"from 2026-01-01T00:00:00\+00:00 \(schedule.start\)"),
        ("2026-01-04", "2026-01-07", r"to 2026-01-06T00:00:00\+00:00"),
    ],
)
def test_a_range_that_no_schedule_has_is_refused(first: str, last: str, told: str) -> None:
    schedule = ScheduleConfig.model_validate({"start": "2026-01-01", "end": "2026-01-05"})
    with pytest.raises(ConfigError, match=told):
        days_between(schedule, day(first), day(last))
    assert len(days_between(schedule, day("2026-01-01"), day("2026-01-06"))) == 6
