"""One broken YAML takes one pipeline out, whatever stands in it."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.dags.config_files import read_pipelines
from tests.config.test_yaml_reader import WRONG
from tests.dags.pipelines import write_pipeline


@pytest.mark.parametrize("text", [text for text, _, _ in WRONG.values()], ids=WRONG.keys())
def test_only_the_broken_pipeline_is_out(tmp_path: Path, text: str) -> None:
    good = write_pipeline(tmp_path, "good")
    bad = write_pipeline(tmp_path, "bad")
    bad.write_text(f"{bad.read_text()}{text}\n", encoding="utf-8")
    pipelines, problems = read_pipelines(tmp_path)
    assert list(pipelines) == [good]
    (problem,) = problems
    assert problem.startswith("bad.yaml: ")


def test_an_impossible_start_is_named_with_file_line_and_key(tmp_path: Path) -> None:
    path = write_pipeline(tmp_path, "bad")
    text = path.read_text().replace("'2026-01-01'", "2026-02-30")
    path.write_text(text)
    line = text[: text.index("2026-02-30")].count("\n") + 1
    _, (problem,) = read_pipelines(tmp_path)
    assert "bad.yaml" in problem
    assert f"line {line}, schedule.start: " in problem
    assert "day is out of range for month" in problem


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: t.encode(errors="replace")))
def test_no_content_whatever_raises(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "any.yml").write_bytes(content)
    pipelines, problems = read_pipelines(tmp_path)
    assert (pipelines, len(problems)) == ({}, 1)


def test_a_folder_or_a_dangling_link_with_a_yaml_name_is_a_problem_of_its_own(
    tmp_path: Path,
) -> None:
    good = write_pipeline(tmp_path, "good")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere")
    pipelines, problems = read_pipelines(tmp_path)
    assert list(pipelines) == [good]
    assert len(problems) == 2
