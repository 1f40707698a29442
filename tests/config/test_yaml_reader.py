"""Reading YAML strictly: what a setting cannot be is named with its line, never taken silently."""

import contextlib
import datetime as dt
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.config import load_pipeline
from graphrec_core.config.yaml_reader import MAX_BYTES, YamlProblem, read_yaml
from graphrec_core.errors import ConfigError
from tests.dags.pipelines import write_pipeline


def bomb() -> str:
    """Ten lines that stand for a thousand million values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    return "\n".join(lines)


def merge_bomb() -> str:
    """Merges of empty mappings, which leave no value to count."""
    lines = ["a0: &a0 {}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}" for i in range(1, 10)]
    return "\n".join(lines)


WRONG = {
    "an impossible day": ("a: 1\nstart: 2026-02-30", "line 2, start", "timestamp"),
    "an impossible month": ("start: 2026-13-01", "line 1, start", "month"),
    "an impossible year": ("start: 0000-01-01", "line 1, start", "year"),
    "an impossible offset": ("t: 2026-01-01 00:00:00 +99:99", "line 1, t", "timestamp"),
    "a number that is none": ("n: !!int x", "line 1, n", "int"),
    "binary digits": ("n: !!int 0b2", "line 1, n", "int"),
    "5,000 digits": (f"n: {'9' * 5000}", "line 1, n", "int"),
    "5,000 hexadecimal digits": (f"n: 0x{'f' * 5000}", "line 1, n", "int"),
    "more than 64 bits": ("n: 9223372036854775808", "line 1, n", "64 bits"),
    "base64": ("n: !!binary '***'", "line 1, n", "binary"),
    "a set": ("n: !!set {a, b}", "line 1, n", "set"),
    "an object": ("n: !!python/object/apply:os.system [x]", "line 1, n", "python/object"),
    "an own tag": ("n: !secret x", "line 1, n", "!secret"),
    "a lone equals sign": ("sep: =", "line 1, sep", "quote"),
    "a key that comes twice": ("a: 1\nb: 2\na: 3", "line 3, a", "line 1"),
    "deep down": ("a:\n  b:\n    c: 1\n    c: 1", "line 4, a.b.c", "twice"),
    "in a list": ("a:\n- {b: 1, b: 2}", "line 2, a.0.b", "twice"),
    "by quotes": ("a: 1\n'a': 2", "line 2, a", "twice"),
    "by a merge": ("x: &x {p: 1}\ny:\n  <<: *x\n  p: 2", "line 4, y.p", "twice"),
    "by two merges": ("x: &x {p: 1}\ny: {<<: *x, <<: *x}", "line 1, y.p", "twice"),
    "a merge of text": ("y: {<<: x}", "line 1, y", "merge"),
    "a key that is a number": ("a: {8: x}", "line 1, a", "key must be text"),
    "a key that is false": ("a: {no: x}", "line 1, a", "key must be text"),
    "a key that is a list": ("? [a]\n: 1", "line 1", "key must be text"),
    "a key that is a date": ("2026-02-30: 1", "line 1", "timestamp"),
    "a list in itself": ("a: &a [*a]", "line 1, a", "deeply"),
    "a mapping in itself": ("a: &a {b: *a}", "line 1, a", "deeply"),
    "a mapping merged into itself": ("a: &a {<<: *a}", "line 1, a", "deeply"),
    "a deep list": ("a: " + "[" * 30_000, "line 1", "deeply"),
    "a deep mapping": ("{a: " * 30_000, "line 1", "deeply"),
    "a bomb of aliases": (bomb(), "line", "more than"),
    "a bomb of merges": (merge_bomb(), "line", "more than"),
    "half a character": ('a: "\\ud800"', "line 1, a", "surrogate"),
    "an impossible character": ('a: "\\UFFFFFFFF"', "line 1", ""),
    "a null byte": ("a: \x00", "", "not allowed"),
    "a tab": ("a:\n\t- b", "line 2", "cannot start"),
    "an open list": ("a: [1", "line 1", "expected"),
    "two documents": ("a: 1\n---\nb: 2", "line 2", "single document"),
    "an unknown alias": ("a: *b", "line 1", "alias"),
    "a huge version": (f"%YAML 1.{'9' * 5000}\n---\na: 1", "line 1", "limit"),
    "too long a text": ("a: " + "x" * MAX_BYTES, "", "longer"),
}


@pytest.mark.parametrize(("text", "place", "why"), WRONG.values(), ids=WRONG.keys())
def test_what_no_setting_can_be(text: str, place: str, why: str) -> None:
    started_s = time.thread_time()
    with pytest.raises(YamlProblem) as problem:
        read_yaml(text)
    assert str(problem.value).startswith(place)
    assert why in str(problem.value)
    assert time.thread_time() - started_s < 10


@pytest.mark.parametrize(("text", "place", "why"), WRONG.values(), ids=WRONG.keys())
def test_a_file_or_an_override_with_it_is_a_configuration_error(
    tmp_path: Path, text: str, place: str, why: str
) -> None:
    good = write_pipeline(tmp_path, "tiny")
    bad = tmp_path / "bad.yaml"
    bad.write_text(f"{text}\n", encoding="utf-8")
    for path, overrides in ((bad, []), (good, [f"training.seed={text}"])):
        with pytest.raises(ConfigError) as error:
            load_pipeline(path, overrides)
        assert error.value.exit_code == 2
        assert len(str(error.value)) < 1000


def test_everything_that_a_setting_can_be() -> None:
    value, lines = read_yaml(
        "\ufeffa: 1\nb: [x, 2.5, 1.0e+3]\nc:\n  d: 2026-02-28\n  e: null\n"
        "f: &f {g: yes}\nh: {<<: *f, i: 'no'}\nj: *f\n"
    )
    assert value == {
        "a": 1,
        "b": ["x", 2.5, 1000.0],
        "c": {"d": dt.date(2026, 2, 28), "e": None},
        "f": {"g": True},
        "h": {"g": True, "i": "no"},
        "j": {"g": True},
    }
    assert lines[("b", "1")] == 2
    assert lines[("c", "e")] == 5
    assert lines[("h", "i")] == 7


def test_no_problem_quotes_the_text(tmp_path: Path) -> None:
    for text in (
        "a: [hunter2",
        "a: hunter2\na: 1",
        "hunter2: [}",
        "a: !!int hunter2",
        "a: @hunter2",
    ):
        with pytest.raises(YamlProblem) as problem:
            read_yaml(text)
        assert "hunter2" not in str(problem.value).replace("hunter2:", "")


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_whatever_the_text_a_problem_is_all_that_is_raised(text: str) -> None:
    for document in (text, f"a: {text}", f'a: "{text}"', f"? {text}\n: 1"):
        with contextlib.suppress(YamlProblem):
            read_yaml(document)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\xff\xfep\x00i\x00", "UTF-8"),
        ("pipeline: Zürich".encode("latin-1"), "byte 11 is not UTF-8"),
        ("pipeline: tiny".encode("utf-16-le"), "not allowed"),
    ],
)
def test_another_encoding_is_named(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        load_pipeline(path)
    assert found in error.value.found


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    path = write_pipeline(tmp_path, "tiny")
    text = path.read_text().replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load_pipeline(path).pipeline == "tiny"
