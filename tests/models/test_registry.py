from pathlib import Path
from typing import get_args

import pytest

from graphrec.jobs import evaluate_model
from graphrec_core.config import PipelineConfig
from graphrec_core.config.gate import REFERENCES, GateConfig
from graphrec_core.config.model import PopularityConfig
from graphrec_core.config.recommender import RecommenderConfig
from graphrec_core.config.recommenders import (
    RECOMMENDERS,
    AnyModel,
    Recommender,
    baseline,
    encoders,
    models,
    scorers,
)
from graphrec_core.day import Day
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.models.encoder import Encoder
from graphrec_core.models.registry import build_encoder, build_scorer, reads_features
from graphrec_core.report.systems import short_titles, system_colours, system_title
from graphrec_core.types import ArtifactId
from tests.support.days import EAST, prepare_day
from tests.support.reverse_scorer import ReverseConfig
from tests.support.snapshots import AS_OF, tiny_config

REVERSE = Recommender(
    "reverse",
    title="turned round",
    colour="#123456",
    factory="tests.support.reverse_scorer:Reverse",
    settings=ReverseConfig,
    short_title="rev.",
)


@pytest.fixture
def newcomer(monkeypatch: pytest.MonkeyPatch) -> Recommender:
    """A scorer that is known by its file and its entry alone."""
    monkeypatch.setitem(RECOMMENDERS, REVERSE.name, REVERSE)
    return REVERSE


def recommender(**sources: str) -> RecommenderConfig:
    """Named sources of these models, with their defaults."""
    settings = {name: {"model": model} for name, model in sources.items()}
    return RecommenderConfig.model_validate({"sources": settings})


def test_every_entry_can_be_configured_and_built() -> None:
    assert {one.settings for one in models()} == set(get_args(get_args(AnyModel)[0]))
    for one in models():
        config = one.settings.model_validate({})
        assert config.model == one.name
        assert config.is_trained == one.is_encoder
    for one in encoders():
        assert isinstance(build_encoder(one.settings.model_validate({}), 3, {}), Encoder)


def test_the_gates_scorers_are_ready_made() -> None:
    built = {one.name: type(build_scorer(baseline(one.name, 28))).__name__ for one in scorers()}
    shipped = {
        "popularity": "Popularity",
        "recent_popularity": "Popularity",
        "covisitation": "Covisitation",
    }
    assert shipped.items() <= built.items()
    assert baseline("popularity", 28) == PopularityConfig()
    assert baseline("recent_popularity", 28) == PopularityConfig(window_days=28)


def test_no_two_look_the_same() -> None:
    for shown in (recommender(one="lightgcn"), recommender(a="lightgcn", b="covisitation")):
        colours = system_colours(shown)
        for of in (
            [one.title for one in RECOMMENDERS.values()],
            [one.colour for one in RECOMMENDERS.values()],
            list(colours.values()),
            [system_title(name) for name in colours],
        ):
            assert len(set(of)) == len(of)


def test_an_only_source_is_drawn_in_its_models_colour() -> None:
    for name in ("graphsage", "lightgcn"):
        assert system_colours(recommender(own=name))["model"] == RECOMMENDERS[name].colour


def test_only_an_encoder_that_reads_features_says_so() -> None:
    settings = [one.settings.model_validate({}) for one in encoders()]
    assert [one.model for one in settings if reads_features(one)] == ["graphsage"]


def test_what_is_no_scorer_is_refused_with_what_exists() -> None:
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
    assert system_title("reverse") == "turned round"
    assert system_colours(config.recommender)["reverse"] == "#123456"
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
