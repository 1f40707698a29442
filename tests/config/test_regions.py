"""What `region` accepts: rules, areas, splits, merges and tiny regions, and clear refusals."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from graphrec_core.config import PipelineConfig, StepName, load_pipeline
from graphrec_core.config.region import AreasConfig, RegionConfig, TinyConfig
from graphrec_core.errors import ConfigError
from graphrec_core.lake import artifact_id
from graphrec_core.types import Region
from tests.support.snapshots import AS_OF, tiny_config

TOWN = Path(__file__).parents[2] / "configs" / "town.yaml"
PLAIN: dict[str, Any] = {"user": "from_events", "place": "column"}
LOCATED: dict[str, Any] = {"user": "from_events", "place": "coordinates"}


def _region(text: str) -> RegionConfig:
    return RegionConfig.model_validate({**PLAIN, **yaml.safe_load(text)})


def _pipeline(**region: Any) -> PipelineConfig:
    return tiny_config(Path("lake"), region=region)


def test_without_a_rule_regions_stay_as_they_are() -> None:
    region = _region("border: halo")
    assert (region.areas, region.split, region.merge, region.tiny) == (None, {}, {}, None)


def test_every_rule_is_read() -> None:
    region = RegionConfig.model_validate(
        yaml.safe_load(
            """
            user: from_events
            place: coordinates
            areas: {polygons: areas.geojson, name: NAME}
            split: {us: state}
            merge: {benelux: [be, nl], fr: [mc, fr]}
            tiny: {below: 50, count: user, into: rest}
            """
        )
    )
    assert region.home == LOCATED
    assert region.areas == AreasConfig(polygons="areas.geojson", name="NAME")
    assert region.split == {"us": "state"}
    assert region.merge == {"benelux": ["be", "nl"], "fr": ["mc", "fr"]}
    assert region.tiny == TinyConfig(below=50, count="user", into="rest")


@pytest.mark.parametrize(
    ("areas", "message"),
    [
        ({}, "exactly one of `polygons` and `cells`"),
        ({"polygons": "a.geojson", "name": "n", "cells": 3}, "exactly one of"),
        ({"polygons": "a.geojson"}, "go together"),
        ({"cells": 3, "name": "n"}, "go together"),
        ({"cells": -1}, "greater than or equal to 0"),
        ({"cells": 16}, "less than or equal to 15"),
    ],
)
def test_areas_are_polygons_with_names_or_cells(areas: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RegionConfig.model_validate({**LOCATED, "areas": areas})


@pytest.mark.parametrize("resolution", [0, 15])
def test_every_resolution_of_h3_is_accepted(resolution: int) -> None:
    region = RegionConfig.model_validate({**LOCATED, "areas": {"cells": resolution}})
    assert region.areas is not None
    assert region.areas.cells == resolution


def test_coordinates_need_areas() -> None:
    with pytest.raises(ValidationError, match="place: coordinates needs `areas`"):
        RegionConfig.model_validate(LOCATED)


def test_areas_need_coordinates() -> None:
    with pytest.raises(ValidationError, match="`areas` needs a node type with the rule"):
        RegionConfig.model_validate({**PLAIN, "areas": {"cells": 3}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("merge: {a: [b], c: [b]}", "merge names 'b' twice: in 'a' and 'c'"),
        ("merge: {a: [b, b]}", "merge names 'b' twice: in 'a' and 'a'"),
        ("merge: {a: [b], b: [c]}", "merge puts 'b' into 'a' and others into 'b'"),
        ("merge: {a: []}", "at least 1 item"),
        ("merge: {nordic: [no, se]}", "not False: write it in quotes"),
        ("merge: {west: [8]}", "not 8: write it in quotes"),
        ("merge: {_all: [a]}", "'_all' is a reserved name"),
        ("merge: {a: [__HIVE_DEFAULT_PARTITION__]}", "is a reserved name"),
        ("split: {no: state}", "not False: write it in quotes"),
        ("split: {' ': state}", "must not be empty"),
        ("split: {us: ''}", "at least 1 character"),
        ("tiny: {below: 0, into: rest}", "greater than 0"),
        ("tiny: {below: 5}", "Field required"),
        ("tiny: {below: 5, into: _all}", "'_all' is a reserved name"),
        ("tiny: {below: 5, into: ''}", "must not be empty"),
        ("tiny: {below: 5, into: rest, keep: a}", "Extra inputs"),
    ],
)
def test_faults_are_named(text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        _region(text)


@pytest.mark.parametrize(
    "text",
    [
        "merge: {a: [a, b]}",
        "merge: {'no': ['8', 'são paulo/centro']}",
        "split: {us: state}\nmerge: {west: [us-ca, us-or]}",
        "tiny: {below: 1, into: rest}\nmerge: {rest: [a]}",
    ],
)
def test_what_looks_odd_but_is_clear_is_accepted(text: str) -> None:
    assert _region(text).home == PLAIN


def test_homes_from_events_may_lean_on_coordinates() -> None:
    assert _pipeline(**LOCATED, areas={"cells": 3}).region.home["place"] == "coordinates"
    with pytest.raises(ValidationError, match="its column or its coordinates"):
        _pipeline(user="from_events", place="everywhere")


def test_an_edge_type_whose_ends_are_everywhere_stands_nowhere() -> None:
    data = _pipeline(user="column", place="everywhere").model_dump(mode="json")
    data["source"]["edges"]["near"] = {"src": "place", "dst": "place", "select": "select 1"}
    with pytest.raises(ValidationError, match="joins place and place, which are both everywhere"):
        PipelineConfig.model_validate(data)


def test_an_unknown_key_is_no_node_type() -> None:
    with pytest.raises(ValidationError, match="'mergee' must be one of the keys areas, border"):
        _region("mergee: {a: [b]}")


@pytest.mark.parametrize("count", ["", "user", "place"])
def test_tiny_regions_are_counted_in_a_type_with_homes(count: str) -> None:
    tiny = {"below": 50, "count": count, "into": "rest"}
    assert _pipeline(**PLAIN, tiny=tiny).region.tiny == TinyConfig.model_validate(tiny)


@pytest.mark.parametrize("count", ["ghost", "place"])
def test_tiny_regions_cannot_be_counted_without_homes(count: str) -> None:
    tiny = {"below": 50, "count": count, "into": "rest"}
    with pytest.raises(ValidationError, match="node type with a home; found"):
        _pipeline(user="column", place="everywhere", tiny=tiny)


@pytest.mark.parametrize(
    "change",
    [
        {"split": {"us": "state"}},
        {"merge": {"a": ["b"]}},
        {"tiny": {"below": 50, "into": "rest"}},
        {"place": "coordinates", "areas": {"cells": 3}},
        {"place": "coordinates", "areas": {"cells": 4}},
        {"place": "coordinates", "areas": {"polygons": "a.geojson", "name": "n"}},
    ],
)
def test_another_rule_is_another_snapshot(change: dict[str, Any]) -> None:
    ids = {
        artifact_id(StepName.SNAPSHOT, config, AS_OF, Region("east"), {})
        for config in (_pipeline(**PLAIN), _pipeline(**{**PLAIN, **change}))
    }
    assert len(ids) == 2


def test_overrides_reach_the_rules() -> None:
    region = load_pipeline(
        TOWN, ["region.merge.trees=[ash, birch]", "region.tiny={below: 9, into: trees}"]
    ).region
    assert region.merge == {"trees": ["ash", "birch"]}
    assert region.tiny == TinyConfig(below=9, into="trees")
    with pytest.raises(ConfigError, match=r"region\.merge\.trees.*in quotes"):
        load_pipeline(TOWN, ["region.merge.trees=[no]"])
