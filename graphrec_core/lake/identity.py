"""What makes two results the same: a hash over step, instant, region, settings and inputs."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python

from graphrec_core.config import STEPS, PipelineConfig, StepName
from graphrec_core.config.defaults import departures, own_departures, schema_version
from graphrec_core.config.hidden import without_secrets
from graphrec_core.config.steps import OWN_SETTINGS, versions_of
from graphrec_core.types import ArtifactId, Region, format_instant

ID_LENGTH = 16


def canonical_json(value: object) -> str:
    """Writes JSON with sorted keys and no spaces, so that equal values have equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(value: object) -> ArtifactId:
    """Hashes a JSON value to a short hexadecimal id."""
    text = canonical_json(value)
    return ArtifactId(hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH])


def declared_config(config: PipelineConfig, step: StepName, source: str = "") -> dict[str, Any]:
    """Returns the settings that ``step`` declares in the table of steps, by dotted key.

    Without secrets: a manifest stores them, and an id does not depend on a password.
    """
    shown = without_secrets(config)
    return {
        key: config.recommender.sources[source].made_by()
        if key == OWN_SETTINGS
        else to_jsonable_python(_lookup(shown, key))
        for key in STEPS[step].settings
    }


def departing_config(config: PipelineConfig, step: StepName, source: str = "") -> dict[str, Any]:
    """Returns what of the settings that ``step`` declares enters an id.

    It is the schema version of their sections, and those that differ from its defaults.
    """
    shown, keys = without_secrets(config), STEPS[step].settings
    found: dict[str, Any] = {}
    for key in keys:
        if key == OWN_SETTINGS:
            found |= own_departures(key, config.recommender.sources[source])
        else:
            found |= departures(key, _lookup(shown, key))
    schemas = {key.partition(".")[0]: schema_version(key.partition(".")[0]) for key in keys}
    return {"schemas": schemas, "settings": found}


def artifact_id(
    step: StepName,
    config: PipelineConfig,
    as_of: datetime,
    region: Region,
    inputs: Mapping[str, str],
    source: str = "",
) -> ArtifactId:
    """Names a step's result.

    Args:
        step: The step.
        config: Only the sections that the step declares enter the id.
        as_of: The run's instant.
        region: The region, or ``ALL_REGIONS``.
        inputs: Ids of the artefacts that the step reads, by role.
        source: The source whose result it is, where each has its own.
    """
    return digest(
        {
            "step": step,
            "version": _version(step),
            "as_of": format_instant(as_of),
            "region": region,
            "config": departing_config(config, step, source),
            "inputs": dict(inputs),
        }
    )


def _version(step: StepName) -> int | dict[StepName, int]:
    found = versions_of(step)
    return found if len(found) > 1 else found[step]


def _lookup(config: PipelineConfig, key: str) -> object:
    value: object = config
    for part in key.split("."):
        value = getattr(value, part)
    return value
