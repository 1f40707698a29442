"""Edge features as the YAML names them: which columns, of which types, under which names."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from graphrec_core.config import PipelineConfig
from graphrec_core.errors import SchemaError
from graphrec_core.intake.canonical import TableKind, TableName
from graphrec_core.intake.edge_features import fit_edge_features, undeclared
from tests.support.snapshots import tiny_config

STAYED = TableName(TableKind.EDGES, "stayed")
SCHEMA = {
    "src": "string",
    "dst": "string",
    "event_time": "timestamp",
    "Weight": "double",
    "Rating": "int",
    "paid": "boolean",
    "note": "string",
    "price": "decimal(10,2)",
}


def test_what_is_not_named_is_left_out() -> None:
    assert undeclared(STAYED, SCHEMA, {"rating": "last"}) == ["note", "paid", "price"]
    assert fit_edge_features(STAYED, SCHEMA, {}) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("stars", "must have the column `stars`, which its `features` name"),
        ("note", "must hold numbers or booleans"),
        ("Weight", "must not name a feature like a column of the snapshot"),
        ("num_events", "must not name a feature like a column of the snapshot"),
        ("first_event_time", "must not name a feature like a column of the snapshot"),
        ("row_text", "must not name a feature like a column of the snapshot"),
    ],
)
def test_a_name_or_a_type_that_is_no_feature_is_refused(name: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message) as refused:
        fit_edge_features(STAYED, SCHEMA, {"rating": "last", name: "max"})
    assert "source.edges.stayed" in refused.value.fix or name in refused.value.fix


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"rating": "median"}, "'sum', 'mean', 'max', 'last' or 'first'"),
        ({"rating": "last", "Rating": "max"}, "more than once"),
        ({" ": "last"}, "must name every column"),
    ],
)
def test_a_wrong_setting_is_refused(features: dict[str, str], message: str) -> None:
    data = tiny_config(Path("lake")).model_dump(mode="json")
    data["source"]["edges"]["visited"]["features"] = features
    with pytest.raises(ValidationError, match=message):
        PipelineConfig.model_validate(data)


def test_a_model_that_is_to_read_edge_features_needs_some() -> None:
    data = tiny_config(Path("lake")).model_dump(mode="json")
    data["recommender"] = {"model": "graphsage", "edge_features": True}
    with pytest.raises(ValidationError, match="needs edge features"):
        PipelineConfig.model_validate(data)
    data["source"]["edges"]["visited"]["features"] = {"rating": "last"}
    PipelineConfig.model_validate(data)
