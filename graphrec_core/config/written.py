"""A recommender as a person writes it: YAML without what is as by default."""

from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

import yaml
from pydantic_core import to_jsonable_python

from graphrec_core.config.base import Section
from graphrec_core.config.recommender import (
    CHALLENGERS,
    RANKER,
    SECTION,
    SOURCES,
    RecommenderConfig,
)

CONTEXT = 1
"""Equal lines around those that differ."""


def recommender_lines(recommender: RecommenderConfig) -> list[str]:
    """Writes the section ``recommender``, a line for each source and the ranker."""
    lines = [f"{SECTION}:", f"  {SOURCES}:"]
    lines += [f"    {name}: {_flow(one)}" for name, one in recommender.sources.items()]
    lines.append(f"  {RANKER}: {_flow(recommender.ranker)}")
    if recommender.challengers:
        lines.append(f"  {CHALLENGERS}:")
        for name, one in recommender.challengers.items():
            lines.append(f"    {name}: {_flow(one)}")
    return lines


def changed_lines(old: RecommenderConfig, new: RecommenderConfig) -> list[str]:
    """Returns the lines to take out (-) and to put in (+); none where nothing differs."""
    return list(_differences(recommender_lines(old), recommender_lines(new)))


def _differences(old: list[str], new: list[str]) -> Iterator[str]:
    found = unified_diff(old, new, lineterm="", n=CONTEXT)
    return (line for line in found if not line.startswith(("---", "+++", "@@")))


def _flow(settings: Section) -> str:
    text: str = yaml.safe_dump(
        _without_defaults(settings), default_flow_style=True, sort_keys=False, width=10**6
    )
    return text.strip()


def _plain(value: object) -> object:
    """Writes a value as YAML has it, 30.0 as 30."""
    return (
        int(value)
        if isinstance(value, float) and value.is_integer()
        else to_jsonable_python(value)
    )


def _without_defaults(settings: Section) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        is_default = not field.is_required() and value == field.get_default(
            call_default_factory=True
        )
        if name == "model" or not is_default:
            found[name] = _without_defaults(value) if isinstance(value, Section) else _plain(value)
    return found
