from pathlib import Path
from typing import Any

import pytest

from dags.run_log import progress_in, report_in
from dags.run_once import main, problem_of
from tests.dags.pipelines import write_pipeline

AS_OF = "20260101T000000Z"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "2026-01-01T00:00:00Z [info] step started: train-model [new york] [airflow.task]",
            "train-model [new york] ...",
        ),
        (
            "[info     ] step ended: build-snapshot exit=0 seconds=12.3 [airflow] loc=a.py:1",
            "build-snapshot done in 12.3 s",
        ),
        (
            "\x1b[32mstep ended: publish-release exit=-9 seconds=0.1\x1b[0m",
            "publish-release exit code -9 in 0.1 s",
        ),
        ("INFO jobs.train_model: epoch 1", ""),
    ],
)
def test_progress_is_read_from_the_log(line: str, expected: str) -> None:
    assert progress_in(line)[10:] == expected


def test_the_report_is_read_from_the_log() -> None:
    assert report_in('[info] {"report": "file:///lake/index.html"} [task]') == (
        "file:///lake/index.html"
    )
    assert report_in('{"step": "publish-release"}') == ""


def day(gates: list[str], *, released: bool = True, high_water: str = AS_OF) -> dict[str, Any]:
    return {
        "release": {"as_of": AS_OF} if released else None,
        "regions": [{"region": str(index), "gate": gate} for index, gate in enumerate(gates)],
        "live": {"high_water": high_water},
    }


@pytest.mark.parametrize(
    ("run", "problem"),
    [
        (day(["passed", "refused"]), ""),
        (day(["refused", "missing"]), "no region passed the gate"),
        (day(["passed"], released=False), "no release was stored"),
    ],
)
def test_a_day_counts_when_a_region_passed(run: dict[str, Any], problem: str) -> None:
    assert problem_of(run) == problem


def test_an_older_day_is_said_not_to_be_live(capsys: pytest.CaptureFixture[str]) -> None:
    assert problem_of(day(["passed"], high_water="20260201T000000Z")) == ""
    assert "not live" in capsys.readouterr().out


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
