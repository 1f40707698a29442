import pytest

from graphrec_core.errors import SchemaError
from graphrec_core.sources.canonical import TableKind, TableName, feature_columns, fit

PLACES = TableName(TableKind.NODES, "place")
VISITED = TableName(TableKind.EDGES, "visited")


def test_fit_casts_fills_and_appends_features_by_name() -> None:
    schema = {"dst": "int", "src": "string", "event_time": "date"}
    assert fit(VISITED, schema).split(",\n    ") == [
        "cast(src as string) as src",
        "cast(dst as string) as dst",
        "cast(event_time as timestamp) as event_time",
        "cast(null as string) as event_id",
        "cast(event_time as timestamp) as known_at",
        "cast(false as boolean) as is_deleted",
        "cast(1 as double) as weight",
    ]


def test_a_blank_event_id_is_none() -> None:
    schema = {"dst": "int", "src": "string", "event_time": "date", "event_id": "string"}
    text = "cast(event_id as string)"
    assert f"case when trim({text}) <> '' then {text} end as event_id" in fit(VISITED, schema)


def test_given_known_at_falls_back_to_the_time_of_the_row() -> None:
    schema = {"node_id": "string", "valid_from": "timestamp", "known_at": "timestamp"}
    assert (
        "coalesce(cast(known_at as timestamp), cast(valid_from as timestamp)) as known_at"
        in fit(PLACES, schema)
    )


def test_features_are_the_columns_that_are_not_canonical() -> None:
    schema = {"node_id": "string", "valid_from": "timestamp", "z": "int", "a`b": "array<string>"}
    assert feature_columns(PLACES, schema) == ("a`b", "z")
    assert fit(PLACES, schema).endswith("`a``b`,\n    cast(`z` as double) as `z`")
    assert feature_columns(VISITED, {"mood": "string"}) == ()


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"node_id": "string"}, "nodes/place must have the column `valid_from`"),
        ({"node_id": "double", "valid_from": "date"}, "nodes/place column `node_id`"),
        ({"node_id": "string", "valid_from": "string"}, "nodes/place column `valid_from`"),
        (
            {"node_id": "string", "valid_from": "date", "when": "timestamp"},
            "nodes/place column `when`",
        ),
        (
            {"node_id": "string", "valid_from": "date", "Role": "string"},
            "nodes/place must not name a feature like a column of the snapshot",
        ),
        (
            {"node_id": "string", "valid_from": "date", "bad_because": "string"},
            "nodes/place must not name a feature like a column of the snapshot",
        ),
    ],
)
def test_schema_faults_name_table_and_column(schema: dict[str, str], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        fit(PLACES, schema)
