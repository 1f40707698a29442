"""The cost row: what is run of each version, and the bound with its twin."""

from pathlib import Path

import pytest

from bench.day_cost import REPOSITORY, Version, calls_before, calls_now, rows
from graphrec_core.config import StepName, Task
from graphrec_core.types import View

NOW = Version(REPOSITORY, "graphrec.jobs.cli", ())


def test_a_day_is_run_as_the_dag_has_it() -> None:
    found = list(calls_now(NOW, ("a", "b")))
    steps = list(dict.fromkeys(task.step for task, _ in found))
    assert steps[0] is StepName.VALIDATE  # nothing waits
    assert steps[-1] is StepName.REPORT
    assert StepName.RANKER in steps
    assert {region for task, region in found if task == Task(StepName.EMBED, View.SERVE)} == {
        "a",
        "b",
    }
    before = calls_before(("a", "b"))
    assert len(before) == 2 + 2 * 5 + 2


@pytest.mark.parametrize(("seconds", "passes"), [(250.0, True), (251.0, False)])
def test_the_gate_is_told_apart(seconds: float, *, passes: bool) -> None:
    before = {"build-snapshot": 60.0, "train-model": 40.0, "evaluate-model": 10.0}
    now = {"build-snapshot": 50.0, "fit-ranker": seconds - 50, "evaluate-model": 900.0}
    bar, *told = rows(now, before, first=now)
    assert bar["pass"] is passes
    assert bar["value"] == pytest.approx(seconds / 100, abs=0.01)
    assert [row["value"] for row in told] == [50.0, 0, 900.0, seconds - 50]


def test_a_step_that_fails_ends_the_row(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="ended with 2"):
        NOW.run([(Task(StepName.VALIDATE), "")], "2010-07-07", tmp_path, tmp_path / "lake")
