"""Wrong input ends every command with 2 or 3, never with 1, which Airflow would retry."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from graphrec_core.config import load_pipeline
from tests.support.command_line import Done, run_main, write_yaml
from tests.support.days import run_day
from tests.support.fuzzing import TIMES, fuzz
from tests.support.snapshots import AS_OF, tiny_config

DAY = ("--as-of", AS_OF.isoformat())
ONE = ("train-model", "evaluate-model", "build-shard")
ALL = ("wait-for-source", "validate-source", "build-snapshot", "check-snapshot", "score-release",
       "write-report")  # fmt: skip
STEPS = (*ALL, *ONE, "publish-release", "generate-embeddings")
NO_DAY = ("rollback-release", "query", "status", "sweep", "show-config", "recommend")
VIEW = ("--view", "train")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline with a published day; its raw tables do not exist."""
    folder = Path(tmp_path_factory.mktemp("tiny"))
    config = tiny_config(
        folder,
        gate={"min_queries": 20},
        evaluation={"k": 5, "depth": 20},
        snapshot={"engine": "duckdb"},
    )
    run_day(config)
    return write_yaml(folder / "tiny.yaml", config)


def more(command: str, folder: Path) -> tuple[str, ...]:
    """What a command needs beside the pipeline and the day."""
    extra = {
        "generate-embeddings": (*VIEW, "--region", "east"),
        "recommend": ("--output", str(folder / "top.parquet")),
        "wait-for-source": ("--timeout-s", "0"),
        **dict.fromkeys(ONE, ("--region", "east")),
    }
    return extra.get(command, ())


def refused(done: Done, word: str = "") -> None:
    assert done.code in (2, 3), (done.code, done.err)
    assert "Traceback" not in done.err
    assert done.out == ""
    assert word in done.err


@pytest.mark.parametrize("command", [*STEPS, "quarantine"])
@pytest.mark.parametrize("as_of", ["soon", "", "2026-02-30", "0001-01-01", "9999-12-31", "1e9"])
def test_a_wrong_instant(tiny: Path, tmp_path: Path, command: str, as_of: str) -> None:
    given = ("--config", str(tiny), "--as-of", as_of, *more(command, tmp_path))
    refused(run_main(command, *given))


@pytest.mark.parametrize("command", [*STEPS, *NO_DAY])
@pytest.mark.parametrize(
    "arguments",
    [
        ("--set", "gate.min_recal=1"),
        ("--set", "gate.min_recall=2"),
        ("--set", "no equals sign"),
        ("--set", "gate.seed=2026-02-30"),
        ("--set", "pipeline=other"),
        ("--lake", "nope://bucket/x"),
        ("--lake", "{file}"),
        ("--lake", "{file}/below"),
        ("--lake", "s3://" + "x" * 500),
        ("--lake", "a\0b"),
        ("--bogus", "1"),
        ("--as-of",),
        ("too", "many", "words"),
    ],
    ids=lambda words: " ".join(words)[:30].replace("\0", "0"),
)
def test_a_wrong_setting(
    tiny: Path, tmp_path: Path, command: str, arguments: tuple[str, ...]
) -> None:
    day = DAY if command in STEPS else ()
    words = [word.format(file=tiny) if "{file}" in word else word for word in arguments]
    done = run_main(command, "--config", str(tiny), *day, *more(command, tmp_path), *words)
    needs_no_lake = ("show-config", "wait-for-source")
    if words[0] == "--lake" and command in needs_no_lake and done.code == 0:
        return  # it does not look at the lake
    refused(done)


@pytest.mark.parametrize("command", [*STEPS, *NO_DAY])
@pytest.mark.parametrize("config", ["nowhere.yaml", "", "/dev/null", "{folder}", "a\0b"])
def test_a_wrong_configuration(tiny: Path, tmp_path: Path, command: str, config: str) -> None:
    day = DAY if command in STEPS else ()
    path = config.format(folder=tmp_path)
    refused(run_main(command, "--config", path, *day, *more(command, tmp_path)))
    refused(run_main(command, *day, *more(command, tmp_path)), "--config")


@pytest.mark.parametrize("region", ["mars", "x" * 5000, "a/../b", "_all", "EAST", " east", "é"])
@pytest.mark.parametrize("command", [*ONE, "generate-embeddings", "publish-release"])
def test_an_unknown_region_is_named_with_the_known_ones(
    tiny: Path, command: str, region: str
) -> None:
    view = VIEW if command == "generate-embeddings" else ()
    done = run_main(command, "--config", str(tiny), *DAY, *view, "--region", region)
    refused(done, "east")
    assert done.code == 2


@pytest.mark.parametrize("command", [*ONE, "generate-embeddings"])
def test_a_region_is_needed(tiny: Path, command: str) -> None:
    view = VIEW if command == "generate-embeddings" else ()
    for region in ((), ("--region", "")):
        refused(run_main(command, "--config", str(tiny), *DAY, *view, *region), "--region")


@pytest.mark.parametrize("command", ALL)
def test_a_step_of_all_regions_takes_none(tiny: Path, command: str) -> None:
    refused(run_main(command, "--config", str(tiny), *DAY, "--region", "east"), "all regions")


@pytest.mark.parametrize(
    "command",
    [*ONE, "generate-embeddings", "publish-release", "check-snapshot", "build-snapshot",
     "validate-source", "quarantine"],
)  # fmt: skip
@pytest.mark.parametrize("as_of", ["2030-01-01", "1950-01-01"])
def test_a_day_that_was_never_built(tiny: Path, tmp_path: Path, command: str, as_of: str) -> None:
    given = ("--config", str(tiny), "--as-of", as_of, *more(command, tmp_path))
    refused(run_main(command, *given))


WRONG_VALUES = [
    ("generate-embeddings", *DAY, "--region", "east", "--view", "sideways"),
    ("generate-embeddings", *DAY, "--region", "east"),
    ("query", "nobody"),
    ("query", ""),
    ("query", "--region", "mars"),
    ("query", "--k", "0"),
    ("query", "--k", "-1"),
    ("query", "--k", "1001"),
    ("query", "--k", "many"),
    ("query", "--lake", "{empty}"),
    ("recommend",),
    ("recommend", "--output", "{folder}"),
    ("recommend", "--output", "/proc/none/top.parquet"),
    ("recommend", "--output", "{file}/top.parquet"),
    ("recommend", "--output", "a\0b"),
    ("recommend", "--output", "{folder}/t", "--k", "0"),
    ("recommend", "--output", "{folder}/t", "--release", "deadbeef"),
    ("recommend", "--output", "{folder}/t", "--release", "../../etc/passwd"),
    ("recommend", "--output", "{folder}/t", "--lake", "{empty}"),
    ("rollback-release", "--to", "deadbeef"),
    ("rollback-release", "--to", "../x"),
    ("rollback-release", "--lake", "{empty}"),
    ("status", "--as-of", "yesterday"),
    ("quarantine", *DAY, "--limit", "-1"),
    ("sweep", "--older-than-hours", "-1"),
    ("sweep", "--older-than-hours", "nan"),
    ("sweep", "--older-than-hours", "soon"),
    ("serve", "--port", "0"),
    ("serve", "--port", "65536"),
    ("serve", "--port", "http"),
    ("wait-for-source", *DAY, "--timeout-s", "soon"),
    ("wait-for-source", *DAY, "--timeout-s", "-1"),
    ("build-snapshot", *DAY, "--accept"),
    ("build-snapshot", *DAY, "--rebuild", "--accept", "--by", " ", "--reason", "x"),
    ("unknown-command",),
]


@pytest.mark.parametrize("words", WRONG_VALUES, ids=lambda words: repr(" ".join(words)))
def test_a_wrong_value(tiny: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    places = {"file": tiny, "folder": tmp_path, "empty": tmp_path / "empty"}
    command, *rest = (word.format(**places) if "{" in word else word for word in words)
    refused(run_main(command, "--config", str(tiny), *rest))


def test_a_fault_is_still_a_fault(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failing twin: what is nobody's input keeps its trace, and 1."""
    monkeypatch.setattr("graphrec.jobs.show_config.run", lambda _: 1 / 0)
    done = run_main("show-config", "--config", str(tiny))
    assert done.code == 1
    assert "ZeroDivisionError" in done.err


NUM_TRIES = 120 * TIMES
PIECES = [
    "", "-1", "0", "1", "1e400", ".nan", ".inf", "null", "~", "yes", "[]", "[1", "{}", "{a: b}",
    "x", "2026-02-30", "2026-01-01", "9999-12-31", "'", '"', "\\", "\t", "\n", "é", "\ud800",
    "!!int x", "!!python/name:os.system", "&a [*a]", "*a", "<<: *a", "{<<: {x: 1}}", "0b2",
    "0x" + "f" * 40, "9" * 30, "a" * 300, "select 1", "select 1; select 2", "s3://k:v@b",
    "../..", "%", "--", "=",
]  # fmt: skip


def all_of(path: Path) -> dict[str, object]:
    """Returns a pipeline with every key, those that its file leaves out too."""
    return load_pipeline(path).model_dump(mode="json")


def a_setting(draw: random.Random, keys: list[str]) -> str:
    key = draw.choice(keys)
    if draw.random() < 0.1:
        key += draw.choice([".x", ".", " ", "..", ".0"])
    return f"{key}={draw.choice(PIECES)}{draw.choice(['', '', draw.choice(PIECES)])}"


def keys_of(data: dict[str, object], above: str = "") -> Iterator[str]:
    for key, value in data.items():
        yield f"{above}{key}"
        if isinstance(value, dict):
            yield from keys_of(value, f"{above}{key}.")


@fuzz
def test_no_setting_whatever_is_a_fault(tiny: Path) -> None:
    """Random settings: a command that does nothing else accepts them, or ends with 2."""
    keys = list(keys_of(all_of(tiny)))
    good = run_main("show-config", "--config", str(tiny), "--set", "evaluation.k=5")
    seen = {good.code}
    for draw in map(random.Random, range(NUM_TRIES)):
        settings = [a_setting(draw, keys) for _ in range(draw.randint(1, 3))]
        words = [word for setting in settings for word in ("--set", setting)]
        done = run_main("show-config", "--config", str(tiny), *words)
        assert done.code in (0, 2), (settings, done.err)
        seen.add(done.code)
    assert seen == {0, 2}


@fuzz
def test_no_yaml_whatever_is_a_fault(tiny: Path, tmp_path: Path) -> None:
    """Random damage to a good file: lines cut, doubled, moved, overwritten."""
    lines, path, seen = yaml.safe_dump(all_of(tiny)).splitlines(), tmp_path / "damaged.yaml", set()
    for draw in map(random.Random, range(NUM_TRIES)):
        text = list(lines)
        for _ in range(draw.randint(1, 4)):
            damage(draw, text)
        path.write_bytes("\n".join(text).encode(errors="surrogatepass"))
        done = run_main("show-config", "--config", str(path))
        assert done.code in (0, 2), ("\n".join(text), done.err)
        seen.add(done.code)
    assert seen == {0, 2}


def damage(draw: random.Random, text: list[str]) -> None:
    at, other = draw.randrange(len(text)), draw.randrange(len(text))
    kind = draw.randrange(5)
    if kind == 0:
        del text[at]
    elif kind == 1:
        text.insert(other, text[at])
    elif kind == 2:
        text[at] = text[at][: draw.randrange(len(text[at]) + 1)]
    elif kind == 3:
        text[at] = text[at].partition(":")[0] + ": " + draw.choice(PIECES)
    else:
        place = draw.randrange(len(text[at]) + 1)
        text[at] = text[at][:place] + draw.choice(PIECES) + text[at][place:]


@fuzz
def test_no_arguments_whatever_are_a_fault(tiny: Path, tmp_path: Path) -> None:
    """Random arguments of the commands that are quick: 0, 2 or 3, never 1."""
    options = ["--region", "--as-of", "--k", "--json", "--view", "--limit", "--table", "--to",
               "--release", "--dry-run", "--older-than-hours", "--lake", "--set"]  # fmt: skip
    values = [*PIECES, "east", "mars", AS_OF.isoformat(), "train", "0", str(tmp_path / "lake")]
    quick = [*ONE, "generate-embeddings", "status", "query", "quarantine", "check-snapshot"]
    for draw in map(random.Random, range(NUM_TRIES)):
        command = draw.choice(quick)
        words = list(more(command, tmp_path)) + (list(DAY) if draw.random() < 0.8 else [])
        if draw.random() < 0.8:
            words += ["--set", "training.num_epochs=0"]
        for _ in range(draw.randint(0, 3)):
            words += [draw.choice(options), *([draw.choice(values)] * draw.randint(0, 1))]
        done = run_main(command, "--config", str(tiny), *words)
        assert done.code in (0, 2, 3), (command, words, done.err)
