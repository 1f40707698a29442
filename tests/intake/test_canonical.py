import pytest

from graphrec_core.errors import SchemaError
from graphrec_core.intake.canonical import (
    TableKind,
    TableName,
    feature_columns,
    fit,
    has_column,
)

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


def schema_of(kind: TableKind, *names: str) -> dict[str, str]:
    """The required columns of a canonical table, and further columns of text."""
    required = {
        TableKind.NODES: {"node_id": "string", "valid_from": "timestamp"},
        TableKind.EDGES: {"src": "string", "dst": "string", "event_time": "timestamp"},
        TableKind.FEATURES: {"node_id": "string", "effective_at": "timestamp"},
    }
    return {**required[kind], **dict.fromkeys(names, "string")}


def test_canonical_names_match_in_any_case() -> None:
    schema = {
        "SRC": "string",
        "Dst": "int",
        "Event_Time": "timestamp",
        "Known_At": "timestamp",
        "IS_DELETED": "boolean",
        "Weight": "int",
        "Event_Id": "string",
    }
    parts = fit(VISITED, schema).split(",\n    ")
    assert parts[0] == "cast(SRC as string) as src"
    assert parts[3].endswith("end as event_id")
    assert parts[4:] == [
        "coalesce(cast(Known_At as timestamp), cast(event_time as timestamp)) as known_at",
        "coalesce(cast(IS_DELETED as boolean), cast(false as boolean)) as is_deleted",
        "coalesce(cast(Weight as double), cast(1 as double)) as weight",
    ]
    assert has_column(schema, "known_at")
    assert feature_columns(PLACES, {"Node_ID": "string", "VALID_FROM": "date", "Age": "int"}) == (
        "Age",
    )


@pytest.mark.parametrize(
    ("kind", "name", "near"),
    [
        (TableKind.EDGES, "knownat", "known_at"),
        (TableKind.EDGES, "known-at", "known_at"),
        (TableKind.EDGES, "known at", "known_at"),
        (TableKind.EDGES, " Known_At ", "known_at"),
        (TableKind.EDGES, "KnownAt", "known_at"),
        (TableKind.EDGES, "knwon_at", "known_at"),
        (TableKind.EDGES, "know_at", "known_at"),
        (TableKind.EDGES, "known_ta", "known_at"),
        (TableKind.EDGES, "known_at_utc", "known_at"),
        (TableKind.EDGES, "knownAtUtc", "known_at"),
        (TableKind.EDGES, "isdeleted", "is_deleted"),
        (TableKind.EDGES, "is_delete", "is_deleted"),
        (TableKind.EDGES, "is_deletted", "is_deleted"),
        (TableKind.EDGES, "eventid", "event_id"),
        (TableKind.EDGES, "event-time", "event_time"),
        (TableKind.EDGES, "wieght", "weight"),
        (TableKind.EDGES, "weights", "weight"),
        (TableKind.NODES, "valid_form", "valid_from"),
        (TableKind.NODES, "validTo", "valid_to"),
        (TableKind.NODES, "longtitude", "longitude"),
        (TableKind.NODES, "lattitude", "latitude"),
        (TableKind.NODES, "longitute", "longitude"),
        (TableKind.NODES, "regoin", "region"),
        (TableKind.NODES, "tilte", "title"),
        (TableKind.NODES, "label", "title"),
        (TableKind.NODES, "Label", "title"),
        (TableKind.FEATURES, "effectiveAt", "effective_at"),
        (TableKind.FEATURES, "known at", "known_at"),
        (TableKind.EDGES, "event_ts", "event_time"),
        (TableKind.EDGES, "eventTimestamp", "event_time"),
        (TableKind.EDGES, "EVENT_DATE", "event_time"),
        (TableKind.EDGES, "event_at", "event_time"),
        (TableKind.EDGES, "event_uuid", "event_id"),
        (TableKind.EDGES, "event_key", "event_id"),
        (TableKind.EDGES, "known_ts", "known_at"),
        (TableKind.EDGES, "known_since", "known_at"),
        (TableKind.EDGES, "row_known_at", "known_at"),
        (TableKind.EDGES, "edge_weight", "weight"),
        (TableKind.EDGES, "eventWeight", "weight"),
        (TableKind.EDGES, "edge_src", "src"),
        (TableKind.EDGES, "deleted", "is_deleted"),
        (TableKind.EDGES, "delete_flag", "is_deleted"),
        (TableKind.EDGES, "is_soft_deleted", "is_deleted"),
        (TableKind.NODES, "deleted", "is_deleted"),
        (TableKind.NODES, "Deleted", "is_deleted"),
        (TableKind.NODES, "deletedAt", "is_deleted"),
        (TableKind.NODES, "deleted_by", "is_deleted"),
        (TableKind.NODES, "was_deleted", "is_deleted"),
        (TableKind.NODES, "valid_until", "valid_to"),
        (TableKind.NODES, "valid_end", "valid_to"),
        (TableKind.NODES, "valid_since", "valid_from"),
        (TableKind.NODES, "node_region", "region"),
        (TableKind.NODES, "node_title", "title"),
        (TableKind.FEATURES, "effective_date", "effective_at"),
        (TableKind.FEATURES, "effective_ts", "effective_at"),
        (TableKind.FEATURES, "is_deleted_flag", "is_deleted"),
    ],
)
def test_a_name_close_to_a_canonical_one_is_refused_with_both_ways_out(
    kind: TableKind, name: str, near: str
) -> None:
    table = TableName(kind, "t")
    required = schema_of(kind)
    required.pop(near, None)
    with pytest.raises(SchemaError) as refusal:
        fit(table, {**required, name: "string"})
    text = str(refusal.value)
    assert f"close to `{near}`" in text
    assert f"`{name}`" in text
    assert f"Select it as `{near}`" in text
    assert "leave it out of" in text


@pytest.mark.parametrize(
    ("name", "found", "call", "outcome"),
    [
        ("event_time", "string", "try_to_timestamp(event_time)", "go to quarantine."),
        ("known_at", "string", "try_to_timestamp(known_at)", "counts as event_time."),
        (
            "known_at",
            "bigint",
            "timestamp_seconds(known_at), or timestamp_millis or timestamp_micros by its unit",
            "counts as event_time.",
        ),
        ("weight", "string", "try_cast(weight as double)", "counts as 1."),
        ("event_id", "double", "try_cast(event_id as string)", "becomes null."),
    ],
)
def test_a_wrong_type_is_refused_with_the_call_and_what_becomes_of_the_row(
    name: str, found: str, call: str, outcome: str
) -> None:
    with pytest.raises(SchemaError) as refusal:
        fit(VISITED, {**schema_of(TableKind.EDGES), name: found})
    assert f"for example {call}; " in refusal.value.fix
    assert refusal.value.fix.endswith(outcome)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (TableKind.NODES, ["altitude", "titles", "regions", "regional", "religion", "weights_kg"]),
        (TableKind.NODES, ["weight", "known_as", "node_ip", "valid", "is_active_user"]),
        (TableKind.NODES, ["days", "code_id", "legion", "validity", "title_en", "region_code"]),
        (TableKind.EDGES, ["height", "event_type", "event_ip", "freight", "src_ip", "dist"]),
        (
            TableKind.EDGES,
            ["rating", "timestamp", "desc", "sec", "region", "label", "is_sold"],
        ),
        (TableKind.FEATURES, ["weight", "stock", "titles_seen", "effective_price"]),
        (TableKind.NODES, ["weights", "source", "region_name", "region_id", "regional_code"]),
        (TableKind.NODES, ["title_1", "title_2", "region1", "latitude_1", "level", "tile"]),
        (TableKind.NODES, ["deleted_posts", "num_deleted", "is_depleted", "is_delayed"]),
        (TableKind.NODES, ["created_at_hour", "updated_days", "known_for", "known_languages"]),
        (
            TableKind.NODES,
            ["event_count", "num_edges", "node_degree", "edge_density", "source_ip"],
        ),
        (TableKind.NODES, ["name", "city", "country", "category", "brand", "price", "stars"]),
        (
            TableKind.NODES,
            [
                "record_title",
                "labels",
                "job_title",
                "valid_visits",
                "validated",
                "tableware",
                "reason",
            ],
        ),
        (TableKind.NODES, ["platitude", "long_name", "lat_long", "data", "dates_seen", "target"]),
        (
            TableKind.EDGES,
            ["source", "target", "created_at", "updated_at", "ts", "time_spent", "event_name"],
        ),
        (
            TableKind.EDGES,
            ["event_value", "event_label", "edge_type", "weight_unit", "amount", "duration_s"],
        ),
        (TableKind.FEATURES, ["effective_rate", "num_known", "deleted_share", "removed_items"]),
    ],
)
def test_honest_names_are_no_slips(kind: TableKind, names: list[str]) -> None:
    fit(TableName(kind, "t"), schema_of(kind, *names))


def test_a_further_column_beside_the_canonical_one_may_resemble_it() -> None:
    fit(VISITED, schema_of(TableKind.EDGES, "event_time_zone", "event_times", "event_date"))
    both = {**schema_of(TableKind.EDGES, "deleted_at"), "is_deleted": "boolean"}
    fit(VISITED, both)
    with pytest.raises(SchemaError, match="close to `event_time`"):
        fit(VISITED, schema_of(TableKind.EDGES, "eventtime"))
