"""The configuration's own promises: frozen, strict, and consistent between sections."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from graphrec_core.config import GraphSAGEConfig, LightGCNConfig, PipelineConfig
from graphrec_core.config.base import Section
from graphrec_core.types import ALL_REGIONS, Region
from tests.support.snapshots import SOURCE, tiny_config

ROOT = Path("lake")


def _sections(section: type[Section]) -> Iterator[type[Section]]:
    for kind in section.__subclasses__():
        if kind.__module__.startswith("graphrec_core."):
            yield kind
        yield from _sections(kind)


@pytest.mark.parametrize("section", _sections(Section))
def test_every_section_is_frozen_strict_and_documented(section: type[Section]) -> None:
    assert section.model_config["frozen"]
    assert section.model_config["extra"] == "forbid"
    assert section.__doc__
    for name, field in section.model_fields.items():
        nested = isinstance(field.default, BaseModel) or name in PipelineConfig.model_fields
        assert field.description or nested, f"{section.__name__}.{name} needs a description"


def test_a_loaded_pipeline_cannot_be_changed() -> None:
    config = tiny_config(ROOT)
    with pytest.raises(ValidationError, match="frozen"):
        config.gate.min_queries = 1  # type: ignore[misc]


def test_the_name_chooses_the_model() -> None:
    assert isinstance(tiny_config(ROOT).recommender.sources["lightgcn"], LightGCNConfig)
    sage = tiny_config(ROOT, recommender={"model": "graphsage"}).recommender
    assert isinstance(sage.sources["graphsage"], GraphSAGEConfig)


def test_a_key_of_another_model_is_refused() -> None:
    with pytest.raises(ValidationError, match="fanouts"):
        tiny_config(ROOT, recommender={"model": "lightgcn", "fanouts": [5]})


def test_fanouts_match_the_layers() -> None:
    with pytest.raises(ValidationError, match="one number per layer"):
        tiny_config(ROOT, recommender={"model": "graphsage", "num_layers": 2, "fanouts": [5]})


def test_scope_decides_which_model_serves() -> None:
    own = tiny_config(ROOT)
    shared = tiny_config(ROOT, recommender={"model": "lightgcn", "scope": "global"})
    assert own.recommender.sources[SOURCE].region_of(Region("east")) == "east"
    assert shared.recommender.sources[SOURCE].region_of(Region("east")) == ALL_REGIONS


def test_edges_join_query_and_candidate_unless_they_say_so() -> None:
    config = tiny_config(ROOT, source=_source({"select": "s", "src": "user", "dst": "user"}))
    assert config.endpoints("visited") == ("user", "place")
    assert config.endpoints("knows") == ("user", "user")


def test_an_edge_to_an_unknown_node_type_is_refused() -> None:
    with pytest.raises(ValidationError, match="unknown node types"):
        tiny_config(ROOT, source=_source({"select": "s", "dst": "ghost"}))


def test_an_edge_may_name_its_defaults_as_empty() -> None:
    config = tiny_config(ROOT, source=_source({"select": "s", "src": "", "dst": ""}))
    assert config.endpoints("knows") == ("user", "place")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "exactly one"),
        ({"path": "a.csv", "catalog": "db.a"}, "exactly one"),
        ({"path": "a"}, "format"),
        ({"path": "a.parquet", "columns": {"x": "int"}}, "CSV"),
    ],
)
def test_a_table_has_one_place_and_a_format(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        tiny_config(ROOT, source={**_source({"select": "s"}), "tables": {"a": table}})


def test_a_table_knows_its_format() -> None:
    tables = {
        "a": {"path": "x/a.csv"},
        "b": {"path": "x/a.data", "format": "csv"},
        "packed": {"path": "x/2026.01.csv.gz"},
        "loud": {"path": "x/A.CSV"},
        "c": {"path": "x/a.parquet"},
    }
    config = tiny_config(ROOT, source={**_source({"select": "s"}), "tables": tables})
    formats = [table.file_format for table in config.source.tables.values()]
    assert formats == ["csv", "csv", "csv", "csv", "parquet"]


def test_forcing_needs_who_and_why() -> None:
    with pytest.raises(ValidationError, match="forced_by"):
        tiny_config(ROOT, publish={"mode": "force", "forced_by": "me"})
    forced = {"mode": "force", "forced_by": "me", "forced_why": "holiday"}
    assert tiny_config(ROOT, publish=forced).publish.mode == "force"


def test_lengths_of_time_are_durations() -> None:
    time = tiny_config(ROOT, time={"horizon_days": 28, "lateness_hours": 6.5}).time
    assert time.horizon.days == 28
    assert time.lateness.total_seconds() == 6.5 * 3600


def _source(knows: dict[str, str]) -> dict[str, Any]:
    return {
        "tables": {"users": {"path": "users.parquet"}},
        "nodes": {"user": "s", "place": "s"},
        "edges": {"visited": "s", "knows": knows},
    }
