"""`graphrec init`: an example's configuration, written where nothing is yet."""

from pathlib import Path

import pytest

from graphrec.jobs.init import dags_folder, examples
from tests.support.command_line import Done, run_main

CONFIGS = Path(__file__).parents[2] / "configs"
NAMES = sorted(path.stem for path in CONFIGS.glob("*.yaml"))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(done: Done, *words: str) -> None:
    assert done.code == 2
    assert done.out == ""
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err


@pytest.mark.parametrize("name", NAMES)
def test_an_example_arrives_byte_for_byte(name: str) -> None:
    done = run_main("init", name)
    assert done.code == 0
    written = Path("configs", f"{name}.yaml")
    assert written.read_bytes() == (CONFIGS / written.name).read_bytes()
    assert str(written) in done.out
    assert run_main("show-config", "--config", str(written)).code == 0


def test_the_town_is_what_no_name_means() -> None:
    assert run_main("init").code == 0
    assert [path.name for path in Path("configs").iterdir()] == ["town.yaml"]


def test_a_file_that_is_there_stays() -> None:
    Path("configs").mkdir()
    mine = Path("configs/town.yaml")
    mine.write_text("pipeline: mine\n")
    refused(run_main("init"), "configs/town.yaml", "only where nothing is yet", "move it away")
    assert mine.read_text() == "pipeline: mine\n"


def test_a_file_in_the_folders_place_stays() -> None:
    Path("configs").write_text("mine")
    refused(run_main("init"), "found: configs in")
    assert Path("configs").read_text() == "mine"


def test_a_dangling_link_is_not_followed(tmp_path: Path) -> None:
    Path("configs").mkdir()
    Path("configs/town.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    refused(run_main("init"), "only where nothing is yet")
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_a_folder_that_cannot_be_written_is_said() -> None:
    Path("configs").symlink_to("/proc")
    refused(run_main("init"), "must be able to write configs/town.yaml")


@pytest.mark.parametrize("name", ["nothing", "../town", "/etc/passwd", ""])
def test_other_names_are_refused(name: str) -> None:
    refused(run_main("init", name), "one of gowalla, movielens, town")
    assert not Path("configs").exists()


def test_the_help_names_every_example() -> None:
    assert examples() == NAMES
    out = run_main("init", "--help").out
    assert all(name in out for name in NAMES)


def test_where_the_dags_are_is_printed() -> None:
    assert (dags_folder() / "pipelines.py").is_file()
    assert f"AIRFLOW__CORE__DAGS_FOLDER={dags_folder()}" in run_main("init").out
