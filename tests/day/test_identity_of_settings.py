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
from graphrec_core.config.steps import OWN_SETTINGS
from graphrec_core.day import Day
from graphrec_core.lake import artifact_id
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.support.snapshots import AS_OF, tiny_config

Key = tuple[str, ...]

Result = tuple[StepName, str]
"""A step, and the source whose result it is; empty: no single one's."""

SNAPSHOT = (StepName.SNAPSHOT, "")
EMBEDDED = tuple((StepName.EMBED, name) for name in ("recent", "taste", "walks"))
ABOVE: dict[Result, tuple[Result, ...]] = {
    (StepName.VALIDATE, ""): (),
    SNAPSHOT: (),
    (StepName.CHECK, ""): (SNAPSHOT,),
    (StepName.TRAIN, "taste"): (SNAPSHOT,),
    (StepName.EMBED, "recent"): (SNAPSHOT,),
    (StepName.EMBED, "taste"): ((StepName.TRAIN, "taste"),),
    (StepName.EMBED, "walks"): (SNAPSHOT,),
    (StepName.EVALUATE, ""): EMBEDDED,
    (StepName.SHARD, ""): EMBEDDED,
    (StepName.SCORE, ""): (SNAPSHOT,),
}
TEXTS = (
    "drop", "stop", "never", "popular", "duckdb", "cpu", "sampled_softmax", "graphsage", "global",
    "csv", "mean", "Flat", "4g", "2026-02-01", "1999-01-01T00:00:00Z",
    "1999-01-01T00:00:00.000001Z", "select a from users", "other", "user", "place", "column",
    "spark", "auto", "bpr", "text", "bigint", "false", "popularity",
)  # fmt: skip
"""Values of which at least one is valid in place of every text of a configuration."""
PLACES = {("source", "root"), ("source", "ready_marker")}
"""Where data lies; no step declares it."""
BOUND_TO_OTHERS = {
    ("task", "query"), ("task", "candidate"), ("task", "edge"), ("region", "areas"),
    ("region", "home", "place"), ("task", "kind"), ("recommender", "ranker", "model"),
    ("recommender", "sources", "recent", "model"), ("recommender", "challengers"),
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
    data["recommender"] = {
        "sources": {
            "taste": {"model": "lightgcn", "embedding_dim": 16, "num_layers": 2},
            "walks": {"model": "covisitation", "quota": 200},
            "recent": {"model": "popularity", "window_days": 14, "quota": 100},
        }
    }
    data["region"] |= {
        "split": {"us": "state", "fr": "part"},
        "merge": {"south": ["it", "es"], "north": ["no"]},
        "tiny": {"below": 10, "into": "rest"},
    }
    return PipelineConfig.model_validate(data).model_dump(mode="json")


BASE = rich()
OWN = tuple(OWN_SETTINGS.split("."))


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


def ids(config: PipelineConfig) -> dict[Result, tuple[str, ...]]:
    """Returns the ids of a day, by result; those of the views of an embedding together."""
    day, east = Day(config, AS_OF, fixed_revision=0), Region("east")
    return {
        (step, source): tuple(
            day.ref(step, east, view, source).id
            for view in (View if step is StepName.EMBED else [None])
        )
        for step, source in ABOVE
    }


def concerned(path: Key) -> set[Result]:
    """Returns the results whose steps declare a key, and those below them."""
    if path[:2] == ("source", "tables"):
        path = ("source", "formats")  # how a table is read; `moved` covers where it lies
    owner = ""
    if path[:2] == ("recommender", "sources"):
        owner = path[2] if path[3] != "quota" else ""
        path = OWN if owner else ("recommender", "quotas")
    found: set[Result] = set()
    for result, above in ABOVE.items():
        keys = (tuple(key.split(".")) for key in STEPS[result[0]].settings)
        declares = any(path[: len(key)] == key for key in keys)
        if found.intersection(above) or (declares and owner in ("", result[1])):
            found.add(result)
    return found


def sources(**changed: dict[str, Any] | None) -> PipelineConfig:
    """The same pipeline with other sources; None leaves one out."""
    data = copy.deepcopy(BASE)
    kept = {**data["recommender"]["sources"], **changed}
    data["recommender"]["sources"] = {name: one for name, one in kept.items() if one is not None}
    return PipelineConfig.model_validate(data)


def names_of(config: PipelineConfig, source: str) -> set[str]:
    """Returns the ids of what is one source's alone."""
    day, east = Day(config, AS_OF, fixed_revision=0), Region("east")
    refs = [day.ref(StepName.EMBED, east, view, source) for view in View]
    if config.recommender.sources[source].is_trained:
        refs.append(day.ref(StepName.TRAIN, east, source=source))
    return {ref.id for ref in refs}


def test_a_renamed_source_keeps_its_model_and_its_embeddings() -> None:
    config, old = BASE_CONFIG, BASE["recommender"]["sources"]
    renamed = sources(taste=None, walks=None, flavour=old["taste"], strolls=old["walks"])
    assert names_of(renamed, "flavour") == names_of(config, "taste")
    assert names_of(renamed, "strolls") == names_of(config, "walks")
    assert differing_below(renamed) == {StepName.EVALUATE, StepName.SHARD}  # they say the names


def test_another_source_leaves_the_others_alone() -> None:
    more = sources(sage={"model": "graphsage"}, walks=None)
    for name in ("taste", "recent"):
        assert names_of(more, name) == names_of(BASE_CONFIG, name)
    assert differing_below(more) == {StepName.EVALUATE, StepName.SHARD}


def test_a_scorers_tables_change_only_with_an_unusual_quota() -> None:
    """Up to the usual depth a quota is what is read of a table, not what is in it."""
    scorer = {"model": "covisitation"}
    usual, small, large = (sources(walks={**scorer, "quota": n}) for n in (300, 1, 301))
    assert names_of(usual, "walks") == names_of(small, "walks")
    assert names_of(usual, "walks").isdisjoint(names_of(large, "walks"))


def test_a_models_quota_never_retrains_it() -> None:
    taste = BASE["recommender"]["sources"]["taste"]
    more = sources(taste={**taste, "quota": 9999})
    assert names_of(more, "taste") == names_of(BASE_CONFIG, "taste")


def differing_below(config: PipelineConfig) -> set[StepName]:
    """Returns which steps after the embeddings have another id."""
    day, base, east = Day(config, AS_OF, 0), Day(BASE_CONFIG, AS_OF, 0), Region("east")
    steps = (StepName.EVALUATE, StepName.SHARD)
    return {step for step in steps if day.ref(step, east).id != base.ref(step, east).id}


PATHS = sorted(path for path in leaves(BASE) if path[0] != "pipeline" and path not in PLACES)
BASE_CONFIG = PipelineConfig.model_validate(BASE)
BASE_IDS = ids(BASE_CONFIG)


def differing(config: PipelineConfig) -> set[Result]:
    found = ids(config)
    for result, names in found.items():
        assert len(set(names)) == len(names), result
    return {one for one, names in found.items() if set(names).isdisjoint(BASE_IDS[one])}


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
        artifact_id(StepName.SNAPSHOT, config, instant, ALL_REGIONS, {})
        for instant in (one, other, one.astimezone(timezone(timedelta(hours=hours))))
    ]
    assert (names[0] == names[1]) == (one == other)
    assert names[0] == names[2]
