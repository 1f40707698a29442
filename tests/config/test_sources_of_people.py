"""Sources that walk between people are refused where the task or the edge type has none."""

from pathlib import Path
from typing import Any

import pytest

from graphrec_core.config import PipelineConfig
from tests.support.snapshots import tiny_config


def configured(source: dict[str, Any], **task: str) -> PipelineConfig:
    """Users who visit places and follow users."""
    config = tiny_config(Path("lake"))
    data = config.model_dump(mode="json")
    follows = {"src": "user", "dst": "user", "select": "select * from users"}
    data["source"]["edges"]["visited"] |= {"src": "user", "dst": "place"}
    data["source"]["edges"]["follows"] = follows
    data["task"] |= task
    data["recommender"] = {"sources": {"mine": source}}
    return PipelineConfig.model_validate(data)


PEERS = {"query": "user", "candidate": "user", "edge": "follows"}


def test_who_has_people_is_served() -> None:
    configured({"model": "friends", "edge": "follows"})
    configured({"model": "friends"}, **PEERS)
    configured({"model": "reciprocal"}, **PEERS)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"model": "friends", "edge": "knows"}, r"edge must be one of \['follows', 'visited'\]"),
        ({"model": "friends", "edge": "visited"}, r"sources\.mine\.edge must join user to user"),
        ({"model": "friends"}, r"sources\.mine needs a task from people to people"),
        ({"model": "reciprocal"}, r"sources\.mine needs a task from people to people"),
    ],
    ids=str,
)
def test_who_has_none_is_refused(source: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        configured(source)


def test_a_measure_of_people_is_refused_too() -> None:
    with pytest.raises(ValueError, match=r"gate\.baselines: reciprocal needs a task from people"):
        tiny_config(Path("lake"), gate={"baselines": ["reciprocal"]})
