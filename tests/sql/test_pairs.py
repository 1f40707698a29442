"""From events to pairs: weights, half-lives and the freshness rule, by hand."""

import hashlib
import itertools
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import get_args

import numpy as np
import pytest

from graphrec_core.config.source import Aggregation
from graphrec_core.engine import Engine, Relation
from tests.support.engines import day, relation_of, rows_of

EVENTS = "src string, dst string, event_time timestamp, known_at timestamp, weight double"
INSTANT = day(31)


def pairs(
    engine: Engine, events: Iterable[tuple], weight: str = "sum", half_life_days: float = 0
) -> list[dict]:
    return rows_of(
        engine,
        "pairs",
        {"view_events": relation_of(engine, EVENTS, list(events))},
        weight=weight,
        half_life_days=half_life_days,
        instant=INSTANT,
    )


@pytest.mark.parametrize(
    ("rule", "weight"),
    [("sum", 6.0), ("mean", 3.0), ("max", 5.0), ("last", 1.0), ("first", 5.0)],
)
def test_a_pair_holds_its_events_weight_count_and_latest_times(
    engine: Engine, rule: str, weight: float
) -> None:
    events = [
        ("u", "p", day(3), day(4), 1.0),
        ("u", "p", day(1), day(9), 5.0),
        ("u", "q", day(2), day(2), 1.0),
    ]
    pair = {"src": "u", "dst": "p", "weight": weight, "num_events": 2}
    assert pairs(engine, events, rule) == [
        {
            **pair,
            "first_event_time": day(1),
            "last_event_time": day(3),
            "last_known_at": day(9),
        },
        {
            "src": "u",
            "dst": "q",
            "weight": 1.0,
            "num_events": 1,
            "first_event_time": day(2),
            "last_event_time": day(2),
            "last_known_at": day(2),
        },
    ]


@pytest.mark.parametrize(
    ("rule", "weight"),
    [
        ("sum", 4 * 0.5 + 8 * 0.25 + 1),
        ("mean", (4 * 0.5 + 8 * 0.25 + 1) / (0.5 + 0.25 + 1)),
        ("max", 2.0),
        ("last", 1.0),
        ("first", 8 * 0.25),
    ],
)
def test_an_event_one_half_life_old_counts_half(engine: Engine, rule: str, weight: float) -> None:
    events = [
        ("u", "p", INSTANT - timedelta(days=10), day(1), 4.0),
        ("u", "p", INSTANT - timedelta(days=20), day(1), 8.0),
        ("u", "p", INSTANT, day(1), 1.0),
    ]
    (pair,) = pairs(engine, events, rule, half_life_days=10)
    assert (pair["weight"], pair["num_events"]) == (weight, 3)
    (old,) = pairs(engine, events[:1], rule, half_life_days=10)
    assert old["weight"] == (4.0 if rule == "mean" else 2.0)


def test_a_half_life_may_be_part_of_a_day(engine: Engine) -> None:
    events = [("u", "p", INSTANT - timedelta(hours=36), day(1), 1.0)]
    assert pairs(engine, events, half_life_days=0.75)[0]["weight"] == 0.25


def test_weights_are_summed_independently_of_their_order(engine: Engine) -> None:
    weights = [0.1, 0.2, 0.3, 1e9, 1e-9]
    orders = itertools.permutations(weights)
    events = [
        (f"u{number}", "p", day(1), day(1), weight)
        for number, order in enumerate(orders)
        for weight in order
    ]
    found = {pair["weight"] for pair in pairs(engine, events)}
    assert found == {1000000000.600000001}


def test_a_null_weight_counts_as_an_event_without_weight(engine: Engine) -> None:
    events = [("u", "p", day(1), day(1), None), ("u", "p", day(1), day(1), 2.0)]
    (pair,) = pairs(engine, events)
    assert (pair["weight"], pair["num_events"]) == (2.0, 2)


@pytest.mark.parametrize(("rule", "weight"), [("last", 4.0), ("first", 2.0)])
def test_of_events_at_one_time_the_last_was_known_last_and_is_the_heaviest(
    engine: Engine, rule: str, weight: float
) -> None:
    """And the first was known first and is the lightest; the order of rows plays no part."""
    events = [
        ("u", "p", day(2), day(3), 3.0),
        ("u", "p", day(2), day(5), 4.0),
        ("u", "p", day(2), day(5), 1.0),
        ("u", "p", day(2), day(2), 2.5),
        ("u", "p", day(2), day(2), 2.0),
        ("u", "p", day(2), day(9), None),
    ]
    found = {pairs(engine, order, rule)[0]["weight"] for order in (events, events[::-1])}
    assert found == {weight}


def test_an_ancient_event_still_counts_a_little(engine: Engine) -> None:
    """Without that, the mean of ancient events would divide by zero."""
    ancient = [("u", "p", INSTANT - timedelta(days=365), day(1), 5.0)]
    assert pairs(engine, ancient, "mean", half_life_days=1)[0]["weight"] == 5.0
    assert pairs(engine, ancient, "sum", half_life_days=1)[0]["weight"] == 5e-9


@pytest.mark.spark
@pytest.mark.parametrize("rule", get_args(Aggregation))
@pytest.mark.parametrize("half_life_days", [0, 17.3])
def test_weights_are_equal_to_the_bit_on_both_engines(
    spark: Engine, duckdb: Engine, rule: str, half_life_days: float
) -> None:
    """Engines round decimals and powers differently: amounts in cents and decay show it."""
    rng = np.random.default_rng(0)
    seconds = rng.integers(0, 30_000_000, 6000).tolist()
    amounts = (rng.random(6000) * 10.0 ** rng.integers(-6, 14, 6000)).round(2)
    events = [
        (f"u{n % 2000}", "p", INSTANT - timedelta(seconds=age), day(1), amount)
        for n, (age, amount) in enumerate(zip(seconds, amounts.tolist(), strict=True))
    ]
    found = [pairs(engine, events, rule, half_life_days) for engine in (spark, duckdb)]
    assert found[0] == found[1]


def event_hash(src: str, dst: str, at: datetime) -> int:
    micros = int(at.timestamp()) * 1_000_000 + at.microsecond
    return int(hashlib.md5(f"{src} {dst} {micros}".encode()).hexdigest()[:8], 16)


def steps(engine: Engine, drop_frac: float, buckets: int) -> Relation:
    bounds = [round((1 - drop_frac) ** bucket * 16**8) for bucket in range(buckets)]
    texts = [f"{bound:08x}" if bound < 16**8 else "g" for bound in bounds]
    return relation_of(engine, "bucket int, keep_below string", list(enumerate(texts)))


def fresh(
    engine: Engine, events: list[tuple], instant: datetime, drop_frac: float = 0.1
) -> set[str]:
    reads = {
        "view_events": relation_of(engine, EVENTS, events),
        "freshness_steps": steps(engine, drop_frac, 14),
    }
    rows = rows_of(engine, "fresh_events", reads, bucket_days=30, instant=instant)
    return {row["src"] for row in rows}


def test_an_event_stays_while_its_hash_is_below_the_step_of_its_age(engine: Engine) -> None:
    """Ages stand on both sides of the first two steps; bounds are inclusive at whole buckets."""
    ages = {
        "today": timedelta(microseconds=1),
        "just below": timedelta(days=30) - timedelta(microseconds=1),
        "just one": timedelta(days=30),
        "two": timedelta(days=60),
    }
    events = [
        (f"{name} {number} ü", "p", INSTANT - age, day(1), 1.0)
        for name, age in ages.items()
        for number in range(20)
    ]
    buckets = {"today": 0, "just below": 0, "just one": 1, "two": 2}
    expected = {
        src
        for src, dst, at, _, _ in events
        if event_hash(src, dst, at) < 0.5 ** buckets[src.rsplit(" ", 2)[0]] * 16**8
    }
    assert fresh(engine, events, INSTANT, drop_frac=0.5) == expected
    assert 40 + 3 < len(expected) < 40 + 32  # the rule dropped some of the old ones


def test_a_dropped_event_stays_dropped_and_a_tenth_goes_with_every_bucket(engine: Engine) -> None:
    num = 20_000
    events = [(f"u{number}", "p", day(1), day(1), 1.0) for number in range(num)]
    kept = [fresh(engine, events, day(1) + timedelta(days=30 * b, hours=1)) for b in (0, 1, 2, 6)]
    assert len(kept[0]) == num
    for younger, older in itertools.pairwise(kept):
        assert older < younger
    for bucket, names in zip((1, 2, 6), kept[1:], strict=True):
        share = 0.9**bucket
        tolerance = 4 * (share * (1 - share) / num) ** 0.5  # four standard deviations
        assert len(names) / num == pytest.approx(share, abs=tolerance)
