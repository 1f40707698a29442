"""Two configurations have equal ids for a step exactly where it may not tell them apart.

Judged against a naive reading of the table of steps: a changed key concerns the steps that declare
it, and every step that reads what one of these makes.
"""

import copy
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from graphrec_core.config import STEPS, PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.lake import artifact_id
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.support.snapshots import AS_OF, tiny_config

Key = tuple[str, ...]

ABOVE = {
    StepName.VALIDATE: (),
    StepName.SNAPSHOT: (),
    StepName.CHECK: (StepName.SNAPSHOT,),
    StepName.TRAIN: (StepName.SNAPSHOT,),
    StepName.EMBED: (StepName.TRAIN,),
    StepName.EVALUATE: (StepName.EMBED,),
    StepName.SHARD: (StepName.EMBED,),
}
TEXTS = (
    "drop", "stop", "never", "popular", "duckdb", "cpu", "sampled_softmax", "graphsage", "global",
    "csv", "mean", "Flat", "4g", "2026-02-01", "1999-01-01T00:00:00Z",
    "1999-01-01T00:00:00.000001Z", "select a from users", "other", "user", "place", "column",
    "spark", "auto", "bpr", "text", "bigint", "false",
)  # fmt: skip
"""Values of which at least one is valid in place of every text of a configuration."""
PLACES = {("source", "root"), ("source", "ready_marker")}
"""Where data lies; no step declares it."""
BOUND_TO_OTHERS = {
    ("task", "query"), ("task", "candidate"), ("task", "edge"), ("region", "areas"),
    ("region", "home", "place"), ("task", "kind"),
}  # fmt: skip
"""Keys that change only together with another one, or have one value so far."""


def rich() -> dict[str, Any]:
    """A configuration that has a value at most keys."""
    data = tiny_config(Path("lake")).model_dump(mode="json")
    data["source"]["tables"] |= {
        "places": {
            "path": "places",
            "format": "csv",
            "columns": {"place": "string", "name": "string"},
        },
        "trips": {"path": "trips", "format": "csv", "options": {"header": "true", "sep": ";"}},
    }
    data["source"]["features"] = {"user": "select * from users"}
    data["source"]["edges"]["visited"]["features"] = {"price": "last", "nights": "sum"}
    data["source"]["tables"]["u"] = {"path": "u.parquet"}
    data["time"]["freshness"] = {}
    data["region"] |= {
        "split": {"us": "state", "fr": "part"},
        "merge": {"south": ["it", "es"], "north": ["no"]},
        "tiny": {"below": 10, "into": "rest"},
    }
    return PipelineConfig.model_validate(data).model_dump(mode="json")


BASE = rich()


def leaves(value: object, path: Key = ()) -> Iterator[Key]:
    """Yields the path of every single value."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path


def others(value: object) -> tuple[object, ...]:
    """Returns values that may be valid where this one is."""
    match value:
        case bool():
            return (not value,)
        case int() | float():
            return (value + 1, value - 1, value / 2, value / 2 + 0.1)
        case list():
            return (value[:-1], value[::-1], ["east"])
        case None:
            return ("2027-02-01", "1999-01-01T00:00:00.000001Z", 3, {}, "text")
        case dict():
            return ({"visited": 0.5}, {"header": "true"}, {"a": "string"}, {"a": "b"})
        case _:
            return TEXTS


def changed(path: Key, value: object) -> PipelineConfig | None:
    """Builds the configuration with another value; None where that is no configuration."""
    data = copy.deepcopy(BASE)
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    try:
        return PipelineConfig.model_validate(data)
    except ValidationError:
        return None


def ids(config: PipelineConfig) -> dict[StepName, tuple[str, ...]]:
    """Returns the ids of a day, by step."""
    day, east = Day(config, AS_OF, fixed_revision=0), Region("east")
    return {
        StepName.VALIDATE: (artifact_id(StepName.VALIDATE, config, AS_OF, ALL_REGIONS, {}),),
        StepName.SNAPSHOT: (day.ref(StepName.SNAPSHOT).id,),
        StepName.CHECK: (day.ref(StepName.CHECK).id,),
        StepName.TRAIN: (day.ref(StepName.TRAIN, east).id,),
        StepName.EMBED: tuple(day.ref(StepName.EMBED, east, view).id for view in View),
        StepName.EVALUATE: (day.ref(StepName.EVALUATE, east).id,),
        StepName.SHARD: (day.ref(StepName.SHARD, east).id,),
    }


def concerned(path: Key) -> set[StepName]:
    """Returns the steps that declare a key, and those below them."""
    if path[:2] == ("source", "tables"):
        path = ("source", "formats")  # how a table is read; `moved` covers where it lies
    found: set[StepName] = set()
    for step, above in ABOVE.items():
        keys = (tuple(key.split(".")) for key in STEPS[step].settings)
        if found.intersection(above) or any(path[: len(key)] == key for key in keys):
            found.add(step)
    return found


PATHS = sorted(path for path in leaves(BASE) if path[0] != "pipeline" and path not in PLACES)
BASE_CONFIG = PipelineConfig.model_validate(BASE)
BASE_IDS = ids(BASE_CONFIG)


def differing(config: PipelineConfig) -> set[StepName]:
    found = ids(config)
    for step, names in found.items():
        assert len(set(names)) == len(names), step
    return {step for step, names in found.items() if set(names).isdisjoint(BASE_IDS[step])}


@settings(max_examples=300)
@given(st.sampled_from(PATHS), st.integers(0, len(TEXTS) - 1))
@example(("source", "earliest_time"), TEXTS.index("1999-01-01T00:00:00.000001Z"))
def test_another_value_changes_the_steps_that_declare_it_and_those_below(
    path: Key, which: int
) -> None:
    values = others(_at(path))
    config = changed(path, values[which % len(values)])
    is_place = path[:2] == ("source", "tables") and path[-1] == "path"
    assume(not is_place)  # a suffix is a format, the rest is a place
    assume(config not in (None, BASE_CONFIG))
    assert config is not None
    assert differing(config) == concerned(path), path


def test_every_key_was_changed() -> None:
    """Else the property above would say little; a Parquet table has no options or columns."""
    untried = {
        path
        for path in PATHS
        if all(config in (None, BASE_CONFIG) for config in _configs(path))
        and path[:2] != ("source", "tables")
    }
    assert untried == BOUND_TO_OTHERS
    assert any(_configs(("source", "tables", "places", "columns", "name")))
    assert any(_configs(("source", "tables", "trips", "options", "sep")))


def _configs(path: Key) -> list[PipelineConfig | None]:
    return [changed(path, value) for value in others(_at(path))]


def _at(path: Key) -> Any:
    value: Any = BASE
    for key in path:
        value = value[key]
    return value


def shuffled(value: object, rng: random.Random, path: Key = ()) -> Any:
    """Writes the keys of every mapping in another order, but a file's columns, which have one."""
    if not isinstance(value, dict):
        return value
    keys = list(value)
    if path[-1:] != ("columns",):
        rng.shuffle(keys)
    return {key: shuffled(value[key], rng, (*path, key)) for key in keys}


@settings(max_examples=50)
@given(st.integers(0, 2**32))
def test_the_order_of_keys_changes_no_id(seed: int) -> None:
    config = PipelineConfig.model_validate(shuffled(BASE, random.Random(seed)))
    assert ids(config) == BASE_IDS


def test_the_order_of_a_files_columns_changes_all_ids() -> None:
    columns = _at(("source", "tables", "places", "columns"))
    turned = changed(("source", "tables", "places", "columns"), dict(reversed(columns.items())))
    assert turned is not None
    assert differing(turned) == set(ABOVE)


def test_where_data_lies_changes_no_id() -> None:
    for path, place in (
        (("source", "root"), "/elsewhere"),
        (("source", "tables", "places", "path"), "moved/places"),
        (("lake", "root"), "s3://bucket/lake"),
    ):
        moved = changed(path, place)
        assert moved is not None
        assert ids(moved) == BASE_IDS, path


INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda instant: instant.replace(tzinfo=UTC)
)


@given(INSTANTS, INSTANTS | st.integers(1, 999_999), st.integers(-12, 14))
def test_instants_have_one_name_each(one: datetime, other: datetime | int, hours: int) -> None:
    """Also those that differ by less than a second, and whatever zone they are given in."""
    if isinstance(other, int):
        other = one + timedelta(microseconds=other)
    config = PipelineConfig.model_validate(BASE)
    names = [
        artifact_id(StepName.TRAIN, config, instant, ALL_REGIONS, {})
        for instant in (one, other, one.astimezone(timezone(timedelta(hours=hours))))
    ]
    assert (names[0] == names[1]) == (one == other)
    assert names[0] == names[2]
