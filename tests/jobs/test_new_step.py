"""A new step is one entry in the table of steps and one file in ``jobs/``; all else follows."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from graphrec.jobs import cli, show_config, status
from graphrec.jobs.cli_steps import add_steps
from graphrec_core.config import STEPS, PipelineConfig
from graphrec_core.day import Day
from graphrec_core.lake import Lake, find_artifact
from graphrec_core.types import Region
from tests.support.command_line import run_main, write_yaml
from tests.support.new_step import COUNT_HOMES, ENTRY, new_step
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot

EAST = Region("east")
DAY = ("--as-of", AS_OF.date().isoformat())


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    return tiny_config(tmp_path)


@pytest.fixture
def newcomer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with new_step():
        app = typer.Typer(rich_markup_mode="markdown")
        add_steps(app)
        monkeypatch.setattr(cli, "app", app)
        yield


def test_without_its_entry_there_is_no_such_step(config: PipelineConfig, tmp_path: Path) -> None:
    done = run_main(COUNT_HOMES, "--config", str(write_yaml(tmp_path / "tiny.yaml", config)), *DAY)
    assert done.code == 2
    with pytest.raises(KeyError):
        Day(config, AS_OF).ref(COUNT_HOMES, EAST)
    assert COUNT_HOMES not in show_config.run(config)


@pytest.mark.usefixtures("newcomer")
def test_its_help_follows_from_its_entry() -> None:
    assert "Counts a region's home users." in run_main("--help").out
    done = run_main(COUNT_HOMES, "--help")
    assert done.code == 0
    assert "Example: graphrec count-homes" in done.out
    assert "--region ash" in " ".join(done.out.split())
    assert "--view" not in done.out


@pytest.mark.usefixtures("newcomer")
def test_its_command_leaves_its_result_at_its_place(
    config: PipelineConfig, tmp_path: Path
) -> None:
    write_tiny_snapshot(config, num_users=60)
    path = str(write_yaml(tmp_path / "tiny.yaml", config))
    command = (COUNT_HOMES, "--config", path, *DAY, "--region", "east")
    first, again = run_main(*command), run_main(*command)
    ref = Day(config, AS_OF).ref(COUNT_HOMES, EAST)
    assert first.code == 0, first.err
    assert json.loads(first.out) == {
        "step": "count-homes", "id": ref.id, "region": "east", "num_users": 60,
    }  # fmt: skip
    assert again.out == first.out
    assert ref.folder == f"tiny/home_counts/region=east/{ref.id}"
    artifact = find_artifact(Lake(config).storage, ref.folder)
    assert artifact is not None
    assert artifact.manifest.config == {"quality.min_count": config.quality.min_count}
    assert run_main(*command[:-1], "mars").code == 2
    assert run_main(*command[:-2]).code == 2


@pytest.mark.usefixtures("newcomer")
def test_its_id_follows_from_its_entry(tmp_path: Path) -> None:
    config, other = tiny_config(tmp_path), tiny_config(tmp_path, quality={"min_count": 7})
    before = Day(config, AS_OF).ref(COUNT_HOMES, EAST).id
    assert Day(other, AS_OF).ref(COUNT_HOMES, EAST).id != before
    assert Day(tiny_config(tmp_path, recommender={"model": "graphsage"}), AS_OF).ref(
        COUNT_HOMES, EAST
    ).id == before  # fmt: skip
    STEPS[COUNT_HOMES] = replace(ENTRY, version=2)
    assert Day(config, AS_OF).ref(COUNT_HOMES, EAST).id != before


@pytest.mark.usefixtures("newcomer")
def test_status_lists_it_where_it_ran_and_where_it_did_not(
    config: PipelineConfig, tmp_path: Path
) -> None:
    write_tiny_snapshot(config)
    path = str(write_yaml(tmp_path / "tiny.yaml", config))
    assert run_main(COUNT_HOMES, "--config", path, *DAY, "--region", "east").code == 0
    steps = status.run(config, AS_OF)["run"]["steps"]
    assert [(row["region"], row["is_done"]) for row in steps if row["step"] == COUNT_HOMES] == [
        ("east", True),
        ("west", False),
    ]
    names = list(dict.fromkeys(row["step"] for row in steps))
    at = names.index(COUNT_HOMES)
    assert names[at - 1] == "evaluate-model"
    assert names[at + 1 : at + 3] == ["generate-embeddings-serve", "build-shard"]


@pytest.mark.usefixtures("newcomer")
def test_show_config_says_what_it_depends_on(config: PipelineConfig) -> None:
    lines = show_config.run(config).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  min_count:"))
    comment = " ".join(line.strip(" #") for line in lines[at - 3 : at])
    assert comment.endswith("[train-model, count-homes]")
