"""The committed defaults are those of the code, and a changed one cannot go unnoticed."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from graphrec_core.config import STEPS, GraphSAGEConfig, LightGCNConfig, PipelineConfig
from graphrec_core.config.base import Section
from graphrec_core.config.defaults import (
    TABLES,
    departures,
    own_departures,
    path_of,
    schema_version,
)
from graphrec_core.config.steps import OWN_SETTINGS
from graphrec_core.lake.identity import digest
from tests.support.snapshots import tiny_config

PINNED: dict[tuple[str, int], str] = {
    ("evaluation", 1): "29afed8061834888",
    ("gate", 1): "d7214d790c4bdf16",
    ("index", 1): "db5763a6044d3b51",
    ("publish", 1): "f2f019a21b778b74",
    ("quality", 1): "fadcf9d6f77547dc",
    ("recommender", 1): "a172632467be841b",
    ("region", 1): "e7220684e60e046a",
    ("source", 1): "b15a73c45b85a86a",
    ("task", 1): "201206fe78ecec45",
    ("time", 1): "b7f113b2c13d9da0",
    ("training", 2): "9730ade0c879ff84",
}
"""Section and schema version -> digest of its defaults.

A default that changed: give the section a new version in ``defaults.json``, and a new line here.
A new key whose default changes no result: write it into the present version, and its digest here.
"""
SECTIONS = sorted({key.partition(".")[0] for spec in STEPS.values() for key in spec.settings})


def sections_in(annotation: object) -> Iterator[tuple[type[Section], bool]]:
    """Yields the sections that a field may hold, and whether they are values of a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation, False
        return
    is_mapping = get_origin(annotation) is dict
    for part in get_args(annotation):
        for found, inner in sections_in(part):
            yield found, inner or is_mapping


def defaults_in(field: FieldInfo, path: str) -> Iterator[tuple[str, Any]]:
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    found = list(sections_in(field.annotation))
    is_of_its_name = get_origin(field.annotation) is Literal and path.endswith("].model")
    if not field.is_required() and not isinstance(default, Section) and not is_of_its_name:
        yield path, to_jsonable_python(default)
    for section, is_value in found:
        place = path_of(f"{path}.*" if is_value else path, section)
        for name, inner in section.model_fields.items():
            yield from defaults_in(inner, f"{place}.{name}")


def defaults_of_the_code(section: str) -> dict[str, Any]:
    return dict(defaults_in(PipelineConfig.model_fields[section], section))


def faults(section: str, now: Mapping[str, Any], committed: Mapping[str, Any]) -> list[str]:
    """Says where the code and the committed defaults differ.

    A recommender without committed defaults is no fault: all its settings are in its ids, so that
    whoever adds one needs no third file. They are committed before it gets new keys.
    """
    kinds = {key.rpartition("].")[0] for key in committed}
    keys = sorted({*committed, *(key for key in now if key.rpartition("].")[0] in kinds)})
    return [
        f"{key}: {now.get(key, 'no default')!r} in the code, "
        f"{committed.get(key, 'no default')!r} in version {schema_version(section)}"
        for key in keys
        if now.get(key, ...) != committed.get(key, ...)
    ]


@pytest.mark.parametrize("section", SECTIONS)
def test_the_committed_defaults_are_the_codes(section: str) -> None:
    assert not faults(section, defaults_of_the_code(section), TABLES[section]["defaults"])


def test_only_sections_that_an_id_depends_on_are_committed() -> None:
    assert sorted(TABLES) == SECTIONS


def test_a_default_that_is_flipped_is_noticed() -> None:
    now = defaults_of_the_code("training")
    now["training.refit"] = not now["training.refit"]
    (fault,) = faults("training", now, TABLES["training"]["defaults"])
    assert fault == "training.refit: False in the code, True in version 2"


def test_a_new_recommender_needs_no_committed_defaults_and_a_new_key_of_a_known_one_does() -> None:
    committed = TABLES["recommender"]["defaults"]
    sources = "recommender.sources.*"
    assert not faults("recommender", {**committed, f"{sources}[newcomer].quota": 300}, committed)
    (fault,) = faults("recommender", {**committed, f"{sources}[lightgcn].new": 1}, committed)
    assert fault.startswith(f"{sources}[lightgcn].new: 1 in the code")


@pytest.mark.parametrize("section", SECTIONS)
def test_a_committed_default_is_not_changed_in_place(section: str) -> None:
    assert digest(TABLES[section]["defaults"]) == PINNED[section, schema_version(section)]


def test_what_is_as_committed_is_not_in_an_id() -> None:
    config = tiny_config(Path("lake"))
    assert departures("evaluation.k", config.evaluation.k) == {}
    assert departures("evaluation.k", 7) == {"evaluation.k": 7}
    assert departures("quality.on_broken_region", "stop") == {"quality.on_broken_region": "stop"}


def test_numbers_that_are_equal_are_one_value() -> None:
    assert departures("time.half_life_days", 0.0) == departures("time.half_life_days", 0) == {}


def test_a_section_that_is_off_by_default_is_in_an_id_once_it_is_on() -> None:
    time = tiny_config(Path("lake"), time={"freshness": {}}).time
    assert departures("time", time)["time.freshness"] == "given"
    other = tiny_config(Path("lake"), time={"freshness": {"bucket_days": 7}}).time
    assert departures("time", other)["time.freshness.bucket_days"] == 7


def test_the_entries_of_a_mapping_are_told_apart() -> None:
    data = tiny_config(Path("lake")).model_dump(mode="json")
    data["source"]["edges"]["visited"]["weight"] = "mean"
    source = PipelineConfig.model_validate(copy.deepcopy(data)).source
    found = departures("source.edges", source.edges)
    assert found["source.edges.visited"] == "given"
    assert found["source.edges.visited.weight"] == "mean"


def test_two_models_with_their_defaults_are_two() -> None:
    found = [
        own_departures(OWN_SETTINGS, settings)
        for settings in (LightGCNConfig(), GraphSAGEConfig(quota=7))
    ]
    assert found == [{f"{OWN_SETTINGS}.model": one} for one in ("lightgcn", "graphsage")]
