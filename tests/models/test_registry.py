from pathlib import Path
from typing import get_args

import pytest

from graphrec_core.config import LightGCNConfig, PipelineConfig
from graphrec_core.config.gate import REFERENCES, GateConfig
from graphrec_core.config.model import RECOMMENDERS, ModelConfig, Recommender, encoders, scorers
from graphrec_core.day import Day
from graphrec_core.errors import ConfigError
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.models.encoder import Encoder
from graphrec_core.models.registry import build_encoder, build_scorer, reads_features
from graphrec_core.report.systems import short_titles, system_colours, system_titles
from graphrec_core.types import ArtifactId
from jobs import evaluate_model
from tests.support.days import EAST, prepare_day
from tests.support.snapshots import AS_OF, tiny_config

REVERSE = Recommender(
    "reverse",
    title="turned round",
    colour="#123456",
    factory="tests.support.reverse_scorer:Reverse",
    short_title="rev.",
)


@pytest.fixture
def newcomer(monkeypatch: pytest.MonkeyPatch) -> Recommender:
    """A scorer that is known by its file and its entry alone."""
    monkeypatch.setitem(RECOMMENDERS, REVERSE.name, REVERSE)
    return REVERSE


def test_every_encoder_can_be_configured_and_built() -> None:
    configured = get_args(get_args(ModelConfig)[0])
    assert {one.settings for one in encoders()} == set(configured)
    for one in encoders():
        assert one.settings is not None
        config = one.settings()
        assert config.name == one.name
        assert one.name in str(one.settings.model_fields["name"].description)
        assert isinstance(build_encoder(config, 3, {}), Encoder)


def test_every_scorer_can_be_built() -> None:
    assert {type(build_scorer(one.name)).__name__ for one in scorers()} == {
        "Popularity",
        "RecentPopularity",
        "Covisitation",
    }


def test_no_two_look_the_same() -> None:
    for of in (
        [one.title for one in RECOMMENDERS.values()],
        [one.colour for one in RECOMMENDERS.values()],
        list(system_colours("lightgcn").values()),
        list(system_titles().values()),
    ):
        assert len(set(of)) == len(of)


def test_the_model_is_drawn_in_its_encoders_colour() -> None:
    assert system_colours("graphsage")["model"] == RECOMMENDERS["graphsage"].colour
    assert system_colours("lightgcn")["model"] == RECOMMENDERS["lightgcn"].colour


def test_only_an_encoder_that_reads_features_says_so() -> None:
    assert {one.name for one in encoders() if reads_features(one.settings())} == {"graphsage"}


@pytest.mark.parametrize("name", ["covisitation", "magic"])
def test_what_is_no_encoder_is_refused_with_what_exists(name: str) -> None:
    config = LightGCNConfig().model_copy(update={"name": name})
    with pytest.raises(ConfigError) as error:
        build_encoder(config, 3, {})
    assert error.value.found == repr(name)
    assert error.value.fix == "Choose one of lightgcn, graphsage."


def test_what_is_no_scorer_is_refused_with_what_exists() -> None:
    with pytest.raises(ConfigError, match="popularity, recent_popularity, covisitation"):
        build_scorer("lightgcn")
    with pytest.raises(ValueError, match="'lightgcn' is no scorer; choose from popularity, "):
        GateConfig(baselines=("lightgcn",))
    with pytest.raises(ValueError, match="'reverse' is no scorer"):
        GateConfig(baselines=("reverse",))


def test_a_newcomer_is_measured_judged_and_shown(tmp_path: Path, newcomer: Recommender) -> None:
    baselines = ("popularity", "reverse")
    config = tiny_config(tmp_path, gate={"min_queries": 20, "baselines": baselines})
    prepare_day(config)

    manifest = evaluate_model.run(Day(config, AS_OF), EAST)

    stats = manifest.stats
    assert set(stats["metrics"]) == {"model", *REFERENCES, "reverse"}
    judged = {rule["reference"] for rule in stats["rules"] if rule["rule"] == "baseline"}
    assert judged == {"popularity", "reverse"}
    found = _first_list(config, manifest.id, "reverse")
    assert len(found) > 20
    assert found == sorted(found, reverse=True)
    assert system_titles()["reverse"] == "turned round"
    assert system_colours("lightgcn")["reverse"] == "#123456"
    assert list(short_titles().values()) == ["model", "pop.", "co-v.", "rev."]


def test_who_is_not_asked_for_is_not_measured(tmp_path: Path, newcomer: Recommender) -> None:
    """A new entry changes the results of nobody who does not name it."""
    assert newcomer.name not in GateConfig().baselines
    assert newcomer.name not in tiny_config(tmp_path).gate.measured


def _first_list(config: PipelineConfig, evaluation_id: ArtifactId, system: str) -> list[str]:
    """Returns what a system recommends to the first query."""
    lake = Lake(config)
    evaluation = open_artifact(lake.storage, lake.layout.evaluation(EAST, evaluation_id))
    ranked = evaluation.read_table(f"topk_{system}.parquet").to_pylist()
    first = ranked[0]["query_id"]
    return [row["candidate_id"] for row in ranked if row["query_id"] == first]
