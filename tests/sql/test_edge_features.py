"""Edge features of pairs, by hand: five aggregations, values that say nothing, ties."""

import itertools
from collections.abc import Iterable
from typing import get_args

import numpy as np
import pytest

from graphrec_core.config.source import Aggregation
from graphrec_core.engine import Engine
from graphrec_core.intake.canonical import TableKind, TableName
from graphrec_core.intake.edge_features import fit_edge_features
from graphrec_core.snapshot.edge_features import with_features
from tests.support.engines import collected, day, relation_of

EVENTS = "src string, dst string, event_time timestamp, known_at timestamp, x double"
RULES = get_args(Aggregation)


def values(engine: Engine, events: Iterable[tuple], rule: Aggregation) -> dict[str, float | None]:
    """Returns dst -> the value of ``x``; ``sql/pairs_with_features.sql`` joins it to the pair."""
    events = list(events)
    view_events = relation_of(engine, EVENTS, events)
    pairs = engine.query(
        "select src, dst, count(*) as num_events from e group by src, dst", {"e": view_events}
    )
    found = collected(engine, with_features(engine, pairs, view_events, {"x": rule}))
    assert sum(row["num_events"] for row in found) == len(events)
    return {row["dst"]: row["x"] for row in found}


@pytest.mark.parametrize(
    ("rule", "value"),
    [("sum", 2.5), ("mean", 2.5 / 3), ("max", 7.0), ("last", -6.25), ("first", 1.75)],
)
def test_a_pairs_value_is_the_aggregation_of_its_events(
    engine: Engine, rule: Aggregation, value: float
) -> None:
    """Events without a value count for none: neither as the last, nor in the mean."""
    events = [
        ("u", "p", day(3), day(3), 7.0),
        ("u", "p", day(5), day(5), -6.25),
        ("u", "p", day(2), day(9), 1.75),
        ("u", "p", day(9), day(9), None),
        ("u", "p", day(1), day(1), None),
        ("u", "q", day(4), day(4), None),
    ]
    assert values(engine, events, rule) == {"p": value, "q": None}


@pytest.mark.parametrize(("rule", "value"), [("last", 4.0), ("first", -2.0)])
def test_of_events_at_one_time_the_last_was_known_last_and_is_the_greatest(
    engine: Engine, rule: Aggregation, value: float
) -> None:
    events = [
        ("u", "p", day(2), day(5), 4.0),
        ("u", "p", day(2), day(5), 1.0),
        ("u", "p", day(2), day(2), -2.0),
        ("u", "p", day(2), day(2), 9.0),
    ]
    orders = itertools.permutations(events)
    assert {values(engine, order, rule)["p"] for order in orders} == {value}


def test_no_feature_changes_nothing(duckdb: Engine) -> None:
    pairs = relation_of(duckdb, "src string, dst string", [("u", "p")])
    assert with_features(duckdb, pairs, pairs, {}) is pairs


@pytest.mark.spark
@pytest.mark.parametrize("rule", RULES)
def test_values_are_equal_to_the_bit_on_both_engines(
    spark: Engine, duckdb: Engine, rule: Aggregation
) -> None:
    rng = np.random.default_rng(0)
    amounts = (rng.normal(size=4000) * 10.0 ** rng.integers(-6, 14, 4000)).round(3).tolist()
    events = [
        ("u", f"p{n % 900}", day(1 + n % 7), day(9), None if n % 11 == 0 else amount)
        for n, amount in enumerate(amounts)
    ]
    assert values(spark, events, rule) == values(duckdb, events, rule)


def test_values_become_doubles_and_what_is_no_number_says_nothing(engine: Engine) -> None:
    table_name = TableName(TableKind.EDGES, "stayed")
    ddl = "at timestamp, x double, paid boolean, n int"
    inf = float("inf")
    values = [1.5, None, float("nan"), inf, -inf, 1e15, -1e15, 9e14, -0.0]
    rows = [(day(1 + n), value, (None, True, False)[n % 3], n) for n, value in enumerate(values)]
    table = relation_of(engine, ddl, rows)
    named = {"x": "mean", "PAID": "max", "n": "sum"}
    parts = fit_edge_features(table_name, engine.schema(table), named)  # type: ignore[arg-type]
    found = collected(engine, engine.project(table, ", ".join(["at", *parts])))
    assert [row["x"] for row in found] == [1.5, None, None, None, None, None, None, 9e14, 0.0]
    assert str(found[-1]["x"]) == "0.0"  # there is one zero
    assert [row["PAID"] for row in found[:3]] == [None, 1.0, 0.0]
    assert [row["n"] for row in found[:3]] == [0.0, 1.0, 2.0]
