"""Identity: equal content, equal id; what a step does not declare cannot change its id."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.lake import artifact_id
from graphrec_core.lake.identity import ID_LENGTH, canonical_json, declared_config, digest
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.support.snapshots import AS_OF, SOURCE, tiny_config

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON))
def test_the_order_of_keys_does_not_matter(value: dict[str, Any]) -> None:
    turned = dict(reversed(list(value.items())))
    assert canonical_json(value) == canonical_json(turned)
    assert digest(value) == digest(turned)
    assert json.loads(canonical_json(value)) == value


@given(JSON, JSON)
def test_equal_ids_mean_equal_text(one: object, other: object) -> None:
    assert (digest(one) == digest(other)) == (canonical_json(one) == canonical_json(other))


def test_a_digest_computed_by_hand() -> None:
    # printf '{"a":1}' | sha256sum
    assert (
        digest({"a": 1})
        == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"[:ID_LENGTH]
    )


def test_everything_declared_changes_the_id() -> None:
    config = tiny_config(Path("lake"))
    base = artifact_id(StepName.TRAIN, config, AS_OF, Region("east"), {"snapshot": "s"}, SOURCE)
    slower = tiny_config(Path("lake"), training={"learning_rate": 0.02})
    others = [
        artifact_id(StepName.EMBED, config, AS_OF, Region("east"), {"snapshot": "s"}, SOURCE),
        artifact_id(StepName.TRAIN, slower, AS_OF, Region("east"), {"snapshot": "s"}, SOURCE),
        artifact_id(
            StepName.TRAIN, config, AS_OF + timedelta(1), Region("east"), {"snapshot": "s"}, SOURCE
        ),
        artifact_id(StepName.TRAIN, config, AS_OF, Region("west"), {"snapshot": "s"}, SOURCE),
        artifact_id(StepName.TRAIN, config, AS_OF, Region("east"), {"snapshot": "t"}, SOURCE),
        artifact_id(StepName.TRAIN, config, AS_OF, Region("east"), {"other": "s"}, SOURCE),
    ]
    assert len({base, *others}) == 7


def test_what_a_step_does_not_declare_leaves_its_id_alone() -> None:
    one = tiny_config(Path("here"))
    other = tiny_config(Path("there"), snapshot={"memory": "8g"}, gate={"min_recall": 0.5})
    ids = [artifact_id(StepName.TRAIN, c, AS_OF, ALL_REGIONS, {}, SOURCE) for c in (one, other)]
    assert ids[0] == ids[1]


def test_declared_config_reads_dotted_keys() -> None:
    config = tiny_config(Path("lake"), gate={"min_ann_recall": 0.9})
    assert declared_config(config, StepName.SHARD)["gate.min_ann_recall"] == 0.9


@pytest.mark.parametrize("scope", ["region", "global"])
def test_a_global_model_has_one_id_for_every_region(scope: str) -> None:
    config = tiny_config(Path("lake"), recommender={"model": "lightgcn", "scope": scope})
    day, regions = Day(config, AS_OF), (Region("east"), Region("west"))
    models = {day.ref(StepName.TRAIN, region, source=SOURCE).id for region in regions}
    vectors = {
        day.ref(StepName.EMBED, region, view, SOURCE).id for region in regions for view in View
    }
    assert len(models) == (1 if scope == "global" else 2)
    assert len(vectors) == (3 if scope == "global" else 6)
    assert day.ref(StepName.SHARD, regions[0]).id != day.ref(StepName.SHARD, regions[1]).id
