import json
from pathlib import Path

import pytest

from graphrec.dags.run_params import run_params
from graphrec.local.run_once import LocalRun, logical_day, main
from graphrec_core.config import load_pipeline, triggered_overrides
from graphrec_core.types import parse_instant
from tests.dags.pipelines import write_pipeline
from tests.local.test_run_log import ERROR, step
from tests.local.test_run_verdict import region, run


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2026-01-01", "2026-01-01"),
        ("2025-06-01", "2026-01-01"),
        ("2026-01-02", "2026-01-01"),
        ("2026-01-20T12:00:00", "2026-01-19"),
        ("2026-02-02", "2026-02-01"),
        ("2026-02-03", "2026-02-01"),
        ("2027-01-01", "2026-02-01"),
    ],
)
def test_airflow_is_given_a_day_within_the_schedule(
    tmp_path: Path, as_of: str, expected: str
) -> None:
    schedule = {"start": "2026-01-01", "end": "2026-02-01"}
    config = load_pipeline(write_pipeline(tmp_path, "tiny", schedule=schedule))
    assert logical_day(config, parse_instant(as_of)).isoformat() == expected


def test_without_an_end_every_later_day_is_within(tmp_path: Path) -> None:
    config = load_pipeline(write_pipeline(tmp_path, "tiny"))
    assert logical_day(config, parse_instant("2036-01-02")).isoformat() == "2036-01-01"


def test_airflow_reads_the_columns_of_a_file_in_their_order(tmp_path: Path) -> None:
    columns = {"user": "string", "film": "string", "at": "bigint"}
    table = {"path": "u.data", "format": "csv", "columns": columns}
    overrides = [f"source.tables.ratings={json.dumps(table)}"]
    config = load_pipeline(write_pipeline(tmp_path, "tiny"), overrides)
    day = LocalRun(config, parse_instant("2026-01-05"), tmp_path / "airflow")
    day.hand_over()
    read = load_pipeline(Path(day.environment["GRAPHREC_CONFIG_DIR"]))
    assert list(read.source.tables["ratings"].columns.items()) == list(columns.items())


def test_airflow_reads_one_file_that_holds_every_setting(tmp_path: Path) -> None:
    """A triggered run could carry none of these; who runs a day here may set everything."""
    path = write_pipeline(tmp_path, "tiny")
    overrides = ["publish.mode=never", "gate.min_recall=0.5", "lake.root=s3://key:pa55word@bucket"]
    config = load_pipeline(path, overrides)
    day = LocalRun(config, parse_instant("2026-01-05"), tmp_path / "airflow")
    day.hand_over()
    handed = Path(day.environment["GRAPHREC_CONFIG_DIR"])
    read = load_pipeline(handed, triggered_overrides(handed, day.overrides))
    assert read.schedule.overridable == ("gate.min_recall",)
    assert read.model_dump(exclude={"schedule"}) == config.model_dump(exclude={"schedule"})
    assert read.yaml_gate == load_pipeline(path).yaml_gate
    assert day.overrides == ["gate.min_recall=0.5"]
    assert handed.stat().st_mode & 0o077 == 0
    assert json.loads(day.command()[-1]) == {
        "as_of": "2026-01-05T00:00:00+00:00",
        "overrides": day.overrides,
    }
    assert run_params(load_pipeline(handed))["publish"].value == "never"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--as-of", "soon"], "ISO"),
        (["--data", "no/such/folder"], "--data must be a folder"),
        (["--set", "training.epochs=1"], "unknown key training"),
    ],
)
def test_wrong_arguments_end_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    config = write_pipeline(tmp_path, "tiny")
    assert main(["--config", str(config), *arguments]) == 2
    assert message in capsys.readouterr().out


def test_a_missing_file_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", "no.yaml"]) == 2
    assert "no.yaml" in capsys.readouterr().out


def day_of(folder: Path, *parts: list[str]) -> LocalRun:
    """A day whose Airflow wrote these lines, with an empty lake."""
    config = load_pipeline(write_pipeline(folder, "tiny"), [f"lake.root={folder}/lake"])
    day = LocalRun(config, parse_instant("2026-01-01"), folder)
    day.hand_over()
    for line in (line for part in parts for line in part):
        day.log.read(line)
    return day


REPORT = step("write-report", 0, '{"report": "file:///index.html"}')


def test_a_run_that_stops_early_ends_with_1_and_says_why(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    day = day_of(tmp_path, step("validate-source", 3, ERROR, "  to do: mend them"), REPORT)
    assert day.show(1) == 1
    shown = capfd.readouterr().out
    assert "validate-source: exit code 3\n  BadRowsError: At most 1% may be bad.\n" in shown
    assert "to do: mend them" in shown
    assert "publish-release did not run" in shown
    assert "Report: file:///index.html" in shown


def test_a_sample_query_that_fails_fails_the_day(tmp_path: Path) -> None:
    """The status says that something is live; the lake holds nothing."""
    day = day_of(tmp_path, step("publish-release", 0), REPORT)
    assert day.judge(json.dumps({"run": run(region())})) == "the sample query failed"


def test_a_day_that_is_not_to_go_live_asks_no_query(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = day_of(tmp_path, step("publish-release", 3), REPORT)
    assert day.judge(json.dumps({"run": run(region(live=None), mode="never")})) == ""
    shown = capsys.readouterr().out
    assert "Released, not live" in shown
    assert "sample query" not in shown


def test_a_day_without_a_report_or_a_status_is_not_done(tmp_path: Path) -> None:
    day = day_of(tmp_path, step("publish-release", 0))
    assert day.judge(json.dumps({"run": run(region())})) == "it left no report"
    assert day.judge(None) == "its status cannot be read"
