"""Where there is no Java: what is told, and which engine a day gets."""

from pathlib import Path

import pytest

from graphrec.local.java import has_java, load_for_here
from graphrec.local.run_once import main
from tests.dags.pipelines import write_pipeline


def put_java(folder: Path, version: str) -> None:
    """Puts a ``java`` into ``folder`` that tells its version as the real ones do."""
    program = folder / "java"
    folder.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    program.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole ``PATH``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def on_spark(tmp_path: Path) -> Path:
    """A pipeline whose YAML asks for Spark."""
    return write_pipeline(tmp_path, "tiny", snapshot={"engine": "spark"})


@pytest.mark.parametrize("version", ["17", "17.0.15", "21.0.1"])
def test_java_17_is_new_enough(path: Path, version: str) -> None:
    put_java(path, version)
    assert has_java()


@pytest.mark.parametrize("version", ["16.0.2", "11.0.2", "1.8.0_402", "nonsense"])
def test_an_older_java_is_none(path: Path, version: str) -> None:
    put_java(path, version)
    assert not has_java()


def test_no_java_is_none(path: Path) -> None:
    assert not has_java()


def test_java_home_goes_before_the_path(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_java(path, "21")
    put_java(tmp_path / "home" / "bin", "11.0.2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert not has_java()


def test_without_java_the_day_runs_on_duckdb_and_says_so(path: Path, on_spark: Path) -> None:
    config, note = load_for_here(on_spark, [])
    assert config.snapshot.engine == "duckdb"
    assert "DuckDB runs this day (snapshot.engine=duckdb)" in note
    put_java(path, "17")
    config, note = load_for_here(on_spark, [])
    assert (config.snapshot.engine, note) == ("spark", "")


def test_an_engine_that_was_asked_for_stays(path: Path, on_spark: Path) -> None:
    config, note = load_for_here(on_spark, ["snapshot.engine=spark"])
    assert (config.snapshot.engine, note) == ("spark", "")


def test_java_is_missed_for_spark_alone(path: Path, on_spark: Path) -> None:
    asked = ["--config", str(on_spark), "--needs-java"]
    assert main(asked) == 0
    assert main([*asked, "--set", "snapshot.engine=duckdb"]) == 1
    put_java(path, "17")
    assert main(asked) == 1
