"""Loading a pipeline: every mistake is one ConfigError that names the key."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from graphrec_core.config import GraphSAGEConfig, child_environment, config_dir, load_pipeline
from graphrec_core.config.loader import CONFIG_DIR_VARIABLE, names_sources
from graphrec_core.errors import ConfigError
from tests.support.snapshots import tiny_config

MINIMAL = """
pipeline: tiny
source:
  tables: {users: {path: users.parquet}}
  nodes: {user: select 1, place: select 1}
  edges: {visited: select 1}
task: {query: user, candidate: place, edge: visited}
region: {user: from_events, place: column}
schedule: {start: 2026-01-01}
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(text: str) -> Path:
        path = tmp_path / "pipeline.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def test_a_minimal_pipeline_has_every_default(write: Write) -> None:
    config = load_pipeline(write(MINIMAL))
    assert config.pipeline == "tiny"
    assert config.region.home == {"user": "from_events", "place": "column"}
    assert config.source.edges["visited"].select == "select 1"
    assert config.evaluation.k == 20
    assert config.lake.root == "lake"


def test_overrides_are_yaml_and_make_their_sections(write: Write) -> None:
    overrides = [
        "training.num_epochs=0",
        "recommender.model=graphsage",
        "recommender.fanouts=[5, 5]",
    ]
    config = load_pipeline(write(MINIMAL), overrides)
    assert config.training.num_epochs == 0
    (source,) = config.recommender.sources.values()
    assert isinstance(source, GraphSAGEConfig)
    assert source.fanouts == (5, 5)


@pytest.mark.parametrize(
    ("section", "is_named"),
    [
        ("", False),
        ("recommender: auto\n", False),
        ("recommender: {ranker: {model: logistic}}\n", False),
        ("recommender: {model: ease}\n", False),
        ("recommender: {sources: {a: {model: ease}}}\n", True),
    ],
)
def test_a_file_names_its_sources_or_leaves_them(
    write: Write, section: str, *, is_named: bool
) -> None:
    assert names_sources(write(MINIMAL + section)) == is_named


def test_the_last_override_of_a_key_wins(write: Write) -> None:
    config = load_pipeline(write(MINIMAL), ["gate.min_queries=1", "gate.min_queries=2"])
    assert config.gate.min_queries == 2


def test_an_override_may_hold_an_equals_sign(write: Write) -> None:
    config = load_pipeline(write(MINIMAL), ["source.nodes.user=select a = b"])
    assert config.source.nodes["user"] == "select a = b"


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        (["trainings.num_epochs=1"], "unknown key trainings (an override)"),
        (["training.num_epoch=1"], "unknown key training.num_epoch"),
        (["task.start_node=true"], "task.start_node (an override), it is gone: a source"),
        (["training.validation_frac=.1"], "training.validation_frac (an override), it is gone"),
        (["training.num_epochs=-1"], "training.num_epochs"),
        (["training.num_epochs=many"], "training.num_epochs"),
        (["training.loss=hinge"], "training.loss"),
        (["recommender.model=magic"], "its model must be one of lightgcn, graphsage, popularity"),
        (
            ["recommender.sources.more.quota=4"],
            "transitions, attribute, friends, reciprocal (an override)",
        ),
        (["evaluation.depth=5"], "evaluation.depth"),
        (["time.horizon_days=400"], "time.horizon_days"),
        (["task.query=ghost"], "task.query"),
        (["region.ghost=column"], "ghost"),
        (["region.user=everywhere"], "everywhere"),
        (["publish.mode=force"], "publish.forced_by"),
        (["source.tables.users.path=users.txt"], "source.tables.users"),
        (["source.tables.users.catalog=db.users"], "source.tables.users"),
    ],
)
def test_a_wrong_key_or_value_is_named(write: Write, overrides: list[str], key: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_pipeline(write(MINIMAL), overrides)
    assert key in error.value.found
    assert error.value.exit_code == 2


def test_all_mistakes_are_named_at_once(write: Write) -> None:
    with pytest.raises(ConfigError) as error:
        load_pipeline(write(MINIMAL), ["gate.sed=1", "index.nprobe=0"])
    assert "unknown key gate.sed" in error.value.found
    assert "index.nprobe" in error.value.found


@pytest.mark.parametrize("override", ["training.num_epochs", "=5", "training.=5", ".seed=1", ""])
def test_a_misshapen_override_is_shown(write: Write, override: str) -> None:
    with pytest.raises(ConfigError, match=r"section\.key=value") as error:
        load_pipeline(write(MINIMAL), [override])
    assert repr(override) == error.value.found


def test_an_override_whose_value_is_no_yaml(write: Write) -> None:
    with pytest.raises(ConfigError, match="must be YAML") as error:
        load_pipeline(write(MINIMAL), ["gate.min_queries=[1"])
    assert "gate.min_queries=...: while parsing a flow sequence" in error.value.found


@pytest.mark.parametrize(
    ("text", "must"),
    [
        ("pipeline: [unclosed", "must be YAML"),
        ("- a\n- list", "mapping"),
        ("", "mapping"),
        ("pipeline: tiny", "valid pipeline"),
    ],
)
def test_a_file_that_is_no_pipeline(write: Write, text: str, must: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_pipeline(write(text))
    assert must in error.value.must


def test_required_sections_are_named(write: Write) -> None:
    with pytest.raises(ConfigError) as error:
        load_pipeline(write("pipeline: tiny"))
    for section in ("source", "task", "region", "schedule"):
        assert f"{section}: Field required" in error.value.found


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        load_pipeline(tmp_path / "nowhere.yaml")


def test_a_dumped_pipeline_loads_again(write: Write, tmp_path: Path) -> None:
    config = tiny_config(tmp_path)
    text = yaml.safe_dump(config.model_dump(mode="json"))
    assert load_pipeline(write(text)) == config


def test_the_folder_of_dags_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFIG_DIR_VARIABLE, "/somewhere")
    assert config_dir() == Path("/somewhere")
    monkeypatch.delenv(CONFIG_DIR_VARIABLE)
    assert config_dir().name == "configs"


def test_a_child_sees_the_environment_and_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHREC_TEST", "parent")
    assert child_environment(EXTRA="x")["GRAPHREC_TEST"] == "parent"
    assert child_environment(GRAPHREC_TEST="child")["GRAPHREC_TEST"] == "child"


def test_a_key_of_an_earlier_version_says_what_to_write_instead(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    text = (config_dir() / "town.yaml").read_text()
    path.write_text(text.replace("  half_life_days: 0 ", "  calendar: true\n  half_life_days: 0 "))
    told = r"unknown key time.calendar \(line \d+\), it is gone: .*weekday"
    with pytest.raises(ConfigError, match=told):
        load_pipeline(path)
