"""The real command line: exit codes, messages, what it prints where, and what it leaves."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import typer
import yaml

from graphrec.jobs import build_shard, evaluate_model
from graphrec.jobs.cli import app
from graphrec_core.config import PipelineConfig, StepName, child_environment
from graphrec_core.day import Day
from graphrec_core.lake import Lake
from graphrec_core.lake.sweep import find_leftovers
from graphrec_core.ledger.live import read_live
from graphrec_core.ledger.release import list_releases
from graphrec_core.types import REQUIRED_VIEWS, Region
from tests.support import market, snapshots
from tests.support.command_line import run_main, write_yaml
from tests.support.market import market_data, market_tables, write_market
from tests.support.snapshots import tiny_config, write_tiny_snapshot
from tests.support.steps import embed, train

REPOSITORY = Path(__file__).parents[2]
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
DAY = ("--as-of", market.AS_OF.date().isoformat())
TINY_DAY = ("--as-of", snapshots.AS_OF.date().isoformat())
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def run_cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs ``graphrec`` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "graphrec.jobs.cli", *arguments],
        cwd=REPOSITORY,
        env=child_environment(COLUMNS="200", NO_COLOR="1"),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def refuse(code: int, words: tuple[str, ...], *arguments: str) -> None:
    """Runs a command that must end with ``code`` and one message that holds all ``words``."""
    done = run_main(*arguments)
    assert done.code == code, done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    message = " ".join(done.err.split())
    for word in words:
        assert word in message, done.err


def assert_nothing_half_written(lake: Lake) -> None:
    """Fails on attempts without manifest, scratch and temporary files, and on any artefact.

    The quarantine of a refused validation is whole, and meant to be looked at.
    """
    assert find_leftovers(lake, -1) == [] == find_leftovers(lake, 0)
    quarantine = f"{lake.layout.pipeline}/quarantine/"
    files = lake.storage.files(lake.layout.pipeline)
    assert [name for name in files if not name.startswith(quarantine)] == []
    attempts = {name.rpartition("/attempt-")[0] for name in files if "/attempt-" in name}
    assert all(lake.storage.exists(f"{folder}/manifest.json") for folder in attempts)


@pytest.fixture
def market_yaml(tmp_path: Path) -> Path:
    """The market's pipeline; its tables are there."""
    return write_yaml(tmp_path / "market.yaml", write_market(tmp_path / "lake"))


# ---------------------------------------------------------------------------- without Spark


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("build-snapshot", *DAY, "--set", "training.epochs=3"), ("unknown key training.epochs",)),
        (("train-model", *DAY, "--set", "training.seed"), ("section.key=value", "training.seed")),
        (("train-model", *DAY), ("works on one region", "Add --region")),
        (("generate-embeddings", *DAY, "--view", "train"), ("works on one region",)),
        (("evaluate-model", *DAY), ("works on one region", "Add --region")),
        (("build-shard", *DAY), ("works on one region", "Add --region")),
        (("build-snapshot", "--as-of", "yesterday"), ("ISO date", "'yesterday'", "2010-09-01")),
        (("status", "--as-of", "31.1.2026"), ("ISO date", "'31.1.2026'")),
        (("train-model", "--region", "east"), ("--as-of",)),
        (("wait-for-source", *DAY, "--region", "east"), ("works on all regions", "east")),
        (("validate-source", *DAY, "--region", "east"), ("works on all regions", "east")),
        (("build-snapshot", *DAY, "--region", "east"), ("works on all regions", "east")),
        (("write-report", *DAY, "--region", "east"), ("works on all regions", "east")),
        (("generate-embeddings", *DAY, "--view", "both"), ("both", "fit", "train", "serve")),
    ],
)
def test_wrong_usage_is_refused(
    market_yaml: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    refuse(2, words, arguments[0], "--config", str(market_yaml), *arguments[1:])
    assert not (market_yaml.parent / "lake").exists()


@pytest.mark.parametrize("is_ready", [True, False])
def test_one_look_at_the_source(market_yaml: Path, *, is_ready: bool) -> None:
    (market_yaml.parent / "raw" / "2026-01-31.done").touch()
    marker = "{as_of}.done" if is_ready else "{as_of}.late"
    settings = ("--timeout-s", "0", "--set", f"source.ready_marker='{marker}'")
    done = run_main("wait-for-source", "--config", str(market_yaml), *DAY, *settings)
    assert done.code == (0 if is_ready else 1), done.err
    assert json.loads(done.out) == {"step": "wait-for-source", "ready": is_ready}
    assert ("2026-01-31.late does not exist" in done.err) != is_ready


def test_a_missing_configuration_is_refused(tmp_path: Path) -> None:
    refuse(2, ("nothing.yaml", "readable"), "status", "--config", str(tmp_path / "nothing.yaml"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    done = run_main(command, "--help")
    assert done.code == 0
    assert f"Example: graphrec {command}" in done.out


def test_every_step_is_a_command() -> None:
    others = {"rollback-release", "serve", "query", "recommend", "status", "sweep", "show-config"}
    others |= {"quarantine", "init", "run-day", "run-days", "backtest", "tune"}
    assert set(COMMANDS) == {str(step) for step in StepName} | others


def test_help_names_the_steps_that_work_on_all_regions() -> None:
    assert "it works on all regions" in run_main("build-snapshot", "--help").out
    assert "it works on all regions" not in run_main("train-model", "--help").out


@pytest.mark.process
@pytest.mark.parametrize(("given", "found"), [({}, "1 1"), ({"OMP_NUM_THREADS": "3"}, "3 1")])
def test_numerical_libraries_start_with_one_thread(
    market_yaml: Path, given: dict[str, str], found: str
) -> None:
    """Unless the user says otherwise; training.num_threads wins, as torch is told it."""
    code = f"""
import sys
sys.argv = ["graphrec", "show-config", "--config", {str(market_yaml)!r}]
import os, graphrec.jobs.cli
heavy = {{"numpy", "torch", "scipy", "pyarrow", "faiss"}} & set(sys.modules)
assert not heavy, heavy
try:
    graphrec.jobs.cli.main()
except SystemExit:
    import torch
    print(*(os.environ[name] for name in {THREADS!r}))
    torch.set_num_threads(2)
    print(torch.get_num_threads())
"""
    environment = child_environment(**given)
    for name in {*THREADS, "MKL_NUM_THREADS"} - set(given):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == [found, "2"]


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of a model of zero epochs in one region, up to its evaluation: its YAML."""
    root = tmp_path_factory.mktemp("untrained")
    gate = {"min_queries": 20}
    config = tiny_config(root / "lake", training={"num_epochs": 0}, gate=gate)
    write_tiny_snapshot(config, regions=("east",))
    east = Region("east")
    train(Day(config, snapshots.AS_OF), east)
    for view in REQUIRED_VIEWS:
        embed(Day(config, snapshots.AS_OF), east, view)
    build_shard.run(Day(config, snapshots.AS_OF), east)
    return write_yaml(root / "tiny.yaml", config)


@pytest.mark.process
def test_a_step_prints_one_line_of_json_and_logs_elsewhere(untrained: Path) -> None:
    command = ("evaluate-model", "--config", str(untrained), *TINY_DAY, "--region", "east")
    first, again = run_cli(*command), run_cli(*command)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr
    assert first.stdout == again.stdout
    (line,) = first.stdout.splitlines()
    result = json.loads(line)
    assert (result["step"], result["region"], result["verdict"]) == (
        "evaluate-model",
        "east",
        "refused",
    )
    assert set(result["metrics"]) == {"model", "popularity", "recent_popularity", "covisitation"}
    assert "INFO" in again.stderr
    assert "already there" in again.stderr


def test_a_refused_release_ends_visibly(untrained: Path) -> None:
    config = PipelineConfig.model_validate(yaml.safe_load(untrained.read_text(encoding="utf-8")))
    evaluate_model.run(Day(config, snapshots.AS_OF), Region("east"))
    day = ("--config", str(untrained), *TINY_DAY)
    refuse(3, ("east: ", "recall", "covisitation", "to do: See"), "publish-release", *day)
    lake = Lake(config)
    (release,) = list_releases(lake)
    assert not release.regions[Region("east")].passed
    assert read_live(lake).regions[Region("east")].serves == "popular"
    state = json.loads(run_main("status", "--json", *day).out)["regions"]["east"]
    assert (state["gate"], state["serves"]) == ("refused", "popular")
    assert "covisitation" in {rule["reference"] for rule in state["refusals"]}
    assert find_leftovers(lake, 0) == []


# ------------------------------------------------------------------------------- bad input


def _without_time() -> dict[str, pd.DataFrame]:
    return {"visits": market_tables()["visits"].drop(columns="at")}


def _time_in_text() -> dict[str, pd.DataFrame]:
    return {"visits": market_tables()["visits"].assign(at="2026-01-05 10:00")}


def _no_visits() -> dict[str, pd.DataFrame]:
    return {"visits": market_tables()["visits"].iloc[:0]}


def _unknown_places() -> dict[str, pd.DataFrame]:
    visits = market_tables()["visits"]
    return {"visits": visits.assign(place=["nowhere"] * 30 + visits["place"].tolist()[30:])}


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (_without_time, ("source.edges.visited", "`at`", "to do: ", "add the column")),
        (_time_in_text, ("edges/visited", "`event_time`", "string", "try_to_timestamp")),
        (_no_visits, ("edges/visited", "at least one good row", "to do: Check its source table")),
        (
            _unknown_places,
            (
                "of the rows of every table",
                "edges/visited: 30 of 120: 30 x dst is an unknown",
                "to do: ",
            ),
        ),
    ],
)
def test_bad_input_is_refused(
    tmp_path: Path, tables: Callable[[], dict[str, pd.DataFrame]], words: tuple[str, ...]
) -> None:
    config = write_market(tmp_path / "lake", **tables())
    path = write_yaml(tmp_path / "market.yaml", config)
    refuse(3, words, "validate-source", "--config", str(path), *DAY)
    assert_nothing_half_written(Lake(config))


def test_an_unreadable_table_is_refused(tmp_path: Path) -> None:
    config = write_market(tmp_path / "lake")
    (tmp_path / "raw" / "visits.parquet").unlink()
    path = tmp_path / "market.yaml"
    path.write_text(yaml.safe_dump(market_data(tmp_path / "lake")), encoding="utf-8")
    words = ("source.tables.visits must be readable", "visits.parquet", "to do: Check the path")
    refuse(2, words, "build-snapshot", "--config", str(path), *DAY)
    assert_nothing_half_written(Lake(config))
