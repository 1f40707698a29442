"""The defaults that ids are measured by, committed per section and schema version.

An id hashes the section's schema version and the settings that differ from ``defaults.json``, not
every setting: a new key whose default changes no result re-identifies nothing. A default that
changes a result needs a new version of its section, and with it new ids; ``tests/config/
test_defaults.py`` holds the file to the code.
"""

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, Literal, get_origin

from pydantic_core import to_jsonable_python

from graphrec_core.config.base import Section
from graphrec_core.config.model import ModelConfig, ScorerConfig

TABLES: Mapping[str, Mapping[str, Any]] = json.loads(
    resources.files(__package__).joinpath("defaults.json").read_text(encoding="utf-8")
)
"""Section -> its schema ``version`` and its ``defaults``: key -> JSON value.

``source.edges.*.weight`` is a key of every entry of a mapping, and
``recommender.sources.*[lightgcn].num_layers`` one of those of one kind.
"""
NO_DEFAULT = object()
"""Stands for the default of a key that has none: it equals no value."""


def schema_version(section: str) -> int:
    """Returns the schema version of a section of the YAML."""
    return int(TABLES[section]["version"])


def own_departures(key: str, settings: ModelConfig) -> dict[str, Any]:
    """Returns what of a source's own settings differs from its model's defaults.

    Args:
        key: Stands for them, such as ``recommender.sources.*``.
        settings: The source's.
    """
    place = path_of(key, type(settings))
    return {
        f"{key}.{name}": value
        for name, value in settings.made_by().items()
        if _default_of(f"{place}.{name}") != value
    }


def departures(key: str, value: object) -> dict[str, Any]:
    """Returns what of a setting differs from its default.

    Args:
        key: Its dotted key, such as ``training`` or ``evaluation.k``.
        value: What the configuration has there: a section, or one setting.

    Returns:
        Dotted key -> JSON value; empty where everything is as committed.
    """
    return dict(_departures(key, key, value))


def path_of(path: str, section: type[Section]) -> str:
    """Returns the place of a section's defaults; sections that a ``model`` picks have one each."""
    model = section.model_fields.get("model")
    if model is None or get_origin(model.annotation) is not Literal:
        return path
    return f"{path}[{model.default}]"


def _departures(path: str, key: str, value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Section):
        if _default_of(path) is None:
            yield key, "given"
        inner = path_of(path, type(value))
        for name in type(value).model_fields:
            yield from _departures(f"{inner}.{name}", f"{key}.{name}", getattr(value, name))
        if isinstance(value, ScorerConfig) and value.version > 1:
            yield f"{key}.version", value.version  # as made_by has it
    elif isinstance(value, dict) and any(isinstance(one, Section) for one in value.values()):
        for name, one in value.items():
            yield f"{key}.{name}", "given"
            yield from _departures(f"{path}.*", f"{key}.{name}", one)
    else:
        plain = to_jsonable_python(value)
        if _default_of(path) != plain:
            yield key, plain


def _default_of(path: str) -> object:
    section = path.partition(".")[0].partition("[")[0]
    return TABLES[section]["defaults"].get(path, NO_DEFAULT)
