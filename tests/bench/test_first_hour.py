"""The first hour's bars: what they sum, and that each can fail."""

import json
from pathlib import Path

import pytest

from bench.first_hour import BOUNDS, COMMANDS, bars_of, measure, step_seconds

GOOD = {"clone": 1.0, "set-up": 30.0, "java": 9.0, "demo": 95.0, "quick tests": 80.0,
        "all tests": 700.0}  # fmt: skip


def test_all_hold_within_their_bounds() -> None:
    bars = {bar["name"]: bar for bar in bars_of(GOOD)}
    assert all(bar["pass"] for bar in bars.values())
    assert bars["from clone to table, seconds"]["value"] == 1 + 30 + 9 + 95


@pytest.mark.parametrize("name", BOUNDS)
def test_each_can_fail(name: str) -> None:
    failed = [bar["name"] for bar in bars_of({**GOOD, name: BOUNDS[name] + 1}) if not bar["pass"]]
    assert failed == [f"{name}, seconds"]


def test_parts_that_hold_may_be_too_long_together() -> None:
    bars = bars_of({**GOOD, "set-up": 60, "java": 60, "demo": 100})
    assert [bar["name"] for bar in bars if not bar["pass"]] == ["from clone to table, seconds"]


def test_the_commands_of_the_readme_run_in_order(tmp_path: Path) -> None:
    ran: list[str] = []

    def run(name: str) -> float:
        ran.append(name)
        return 1.0

    result = measure(tmp_path, [name for name in COMMANDS if name != "all tests"], run)
    assert ran == ["clone", "set-up", "java", "demo", "quick tests"]
    assert result["seconds"]["demo"] == 1.0
    assert [bar["name"] for bar in result["bars"]][-1] == "from clone to table, seconds"


def test_a_steps_seconds_are_those_of_its_results(tmp_path: Path) -> None:
    for folder, seconds in (("models/b", 2.5), ("models/a", 1.5), ("shards/a", 0.5)):
        path = tmp_path / "town" / folder / "run.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"seconds": seconds}))
    assert step_seconds(tmp_path) == {"models": [1.5, 2.5], "shards": [0.5]}
