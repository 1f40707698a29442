"""Keys of earlier versions: refused, with the lines to write instead."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic_core import to_jsonable_python

from graphrec_core.config.auto import AUTO, is_auto
from graphrec_core.config.model import LightGCNConfig
from graphrec_core.config.overrides import Override
from graphrec_core.config.recommender import SECTION, SOURCES
from graphrec_core.errors import ConfigError

MODEL, NAME = "model", "name"


def refuse_former(path: Path, data: Mapping[str, Any], overrides: Sequence[Override]) -> None:
    """Refuses the section ``model``, of which ``recommender`` took the place.

    Args:
        path: The pipeline's YAML.
        data: Its mapping, before any override.
        overrides: What is going to be set.

    Raises:
        ConfigError: Says what to write, with the values that were given.
    """
    former = [override for override in overrides if override.path[0] == MODEL]
    listed = _listed(data)
    if MODEL not in data and not former and not listed:
        return
    found = [f"{MODEL} in {path}"] if MODEL in data else []
    found += [f"the override {override.key}" for override in former]
    found += [f"{entry} in schedule.overridable" for entry in listed]
    fixes = [f"in {path}:\n{_lines(data[MODEL])}"] if MODEL in data else []
    fixes += [f"first: {SECTION}.{MODEL}={LightGCNConfig().model}"] * _need_a_model(data, former)
    fixes += [f"for {one.key}: {_override(one, _prefix(data))}" for one in former]
    fixes += [f"for {entry}: {SECTION}.*" for entry in listed]
    raise ConfigError(
        must=f"What recommends is the section `{SECTION}`; the section `{MODEL}` is gone.",
        found=", ".join(found),
        fix="Write " + "\n".join(fixes),
    )


def _need_a_model(data: Mapping[str, Any], former: Sequence[Override]) -> bool:
    """Tells whether they change settings of a model that only a former default names."""
    keys = [one.path[1:] for one in former]
    names_one = not keys or () in keys or (NAME,) in keys
    return is_auto(data.get(SECTION, AUTO)) and not names_one


def _listed(data: Mapping[str, Any]) -> list[str]:
    schedule = data.get("schedule")
    entries = schedule.get("overridable") if isinstance(schedule, Mapping) else None
    listed = entries if isinstance(entries, list) else []  # what else it is, is refused later
    texts = [entry for entry in listed if isinstance(entry, str)]
    return [entry for entry in texts if entry.partition(".")[0] == MODEL]


def _renamed(settings: object) -> object:
    if isinstance(settings, str) and settings:
        return {MODEL: settings}
    if not isinstance(settings, Mapping) or not settings:
        return {MODEL: LightGCNConfig().model}
    return {MODEL if key == NAME else key: value for key, value in settings.items()}


def _lines(settings: object) -> str:
    return yaml.safe_dump(
        {SECTION: to_jsonable_python(_renamed(settings))}, sort_keys=False, allow_unicode=True
    ).rstrip("\n")


def _prefix(data: Mapping[str, Any]) -> str:
    """Returns where the settings of the only source stand."""
    section = data.get(SECTION)
    sources = section.get(SOURCES) if isinstance(section, Mapping) else None
    if not isinstance(sources, Mapping):
        return SECTION
    return f"{SECTION}.{SOURCES}.{next(iter(sources)) if len(sources) == 1 else 'NAME'}"


def _override(override: Override, prefix: str) -> str:
    keys = [MODEL if key == NAME else key for key in override.path[1:2]] + [*override.path[2:]]
    value = override.value if keys else _renamed(override.value)
    plain = yaml.safe_dump(to_jsonable_python(value), default_flow_style=True, width=10**6)
    return f"{'.'.join([prefix, *keys])}={plain.removesuffix('...' + chr(10)).strip()}"
