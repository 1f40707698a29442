"""Reads a pipeline's YAML and overrides; the only reader of the process environment."""

import os
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from graphrec_core.config.auto import AUTO, is_auto
from graphrec_core.config.former import refuse_former
from graphrec_core.config.looseness import gate_of_yaml
from graphrec_core.config.overrides import (
    Override,
    read_overrides,
    refuse_beyond,
    without_overtaken,
)
from graphrec_core.config.pipeline import PipelineConfig
from graphrec_core.config.problems import note_override, problems
from graphrec_core.config.recommender import RANKER, SECTION, SOURCES, prepare
from graphrec_core.config.yaml_reader import MAX_BYTES, KeyPath, YamlProblem, read_yaml
from graphrec_core.errors import ConfigError
from graphrec_core.redaction import learn_secrets

INSTEAD_OF_AUTO: tuple[KeyPath, ...] = ((), ("model",), (SOURCES,))
"""Keys of ``recommender`` that take the place of ``auto``."""
CHANGES_AUTO = 2
"""The turn of an override that changes a part of what ``auto`` stands for."""
CONFIG_DIR_VARIABLE = "GRAPHREC_CONFIG_DIR"


def config_dir() -> Path:
    """Returns the folder whose YAML files become DAGs, or the one file.

    That is ``GRAPHREC_CONFIG_DIR``, or else configs/ in the working folder.
    """
    return Path(os.environ.get(CONFIG_DIR_VARIABLE) or "configs").absolute()


def child_environment(**extra: str) -> dict[str, str]:
    """Returns this process's environment with ``extra`` set, for a child process."""
    return {**os.environ, **extra}


def set_default_environment(name: str, value: str) -> None:
    """Sets a variable that a library reads at its start, unless the user set it."""
    os.environ.setdefault(name, value)


def load_pipeline(path: Path, overrides: Sequence[str] = ()) -> PipelineConfig:
    """Reads one pipeline.

    Args:
        path: A YAML file.
        overrides: ``section.key=value`` strings; the value is read as YAML.

    Raises:
        ConfigError: The file is missing, is not YAML, or holds an unknown, former or wrong key.
    """
    data, lines = _read_file(path)
    return _validated(path, data, lines, read_overrides(overrides))


def names_sources(path: Path) -> bool:
    """Tells whether a pipeline's file says itself which sources it has, source by source.

    Raises:
        ConfigError: The file is missing or is not YAML.
    """
    section = _read_file(path)[0].get(SECTION)
    return isinstance(section, dict) and SOURCES in section


def triggered_overrides(path: Path, overrides: Sequence[object]) -> list[str]:
    """Returns the overrides that a triggered run carries, if the pipeline lets it carry them.

    Args:
        path: The pipeline's YAML; its ``schedule.overridable`` decides, as the file has it.
        overrides: What whoever triggered the run wrote.

    Raises:
        ConfigError: One is misshapen or not on the list, or the file is no pipeline.
    """
    if not overrides:
        return []
    wanted = read_overrides(overrides)
    refuse_former(path, _read_file(path)[0], wanted)
    refuse_beyond(load_pipeline(path).schedule.overridable, wanted)
    return [str(override) for override in overrides]


def _read_file(path: Path) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    try:
        data, lines = read_yaml(_text(path))
    except YamlProblem as problem:
        raise ConfigError(
            must=f"{path} must be YAML that settings can be made of.",
            found=str(problem),
            fix="Correct this line; configs/town.yaml shows every key.",
        ) from None  # the cause quotes the line, which may hold a password
    if not isinstance(data, dict):
        raise ConfigError(
            must=f"{path} must hold a mapping of sections.",
            found=type(data).__name__,
            fix="Start from configs/town.yaml.",
        )
    learn_secrets(data)
    return data, lines


def _text(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            return handle.read(MAX_BYTES + 1).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte {error.start} is not UTF-8 ({error.reason})"
        raise _unreadable(path, found) from error
    except (OSError, ValueError) as error:  # ValueError: a path with a null byte
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, found: str) -> ConfigError:
    return ConfigError(
        must=f"The configuration file {path} must be readable, and text in UTF-8.",
        found=found,
        fix="Give the path of a YAML file; `graphrec init` writes configs/town.yaml.",
    )


def _validated(
    path: Path, data: dict[str, Any], lines: dict[KeyPath, int], overrides: Sequence[Override]
) -> PipelineConfig:
    refuse_former(path, data, overrides)
    try:
        written = deepcopy(data)
        for override in sorted(without_overtaken(overrides), key=_turn):
            if _turn(override) == CHANGES_AUTO:
                _spell_out(data)
            prepare(data, override.path, override.value)
            override.apply(data)
            note_override(lines, override.path)
        config = PipelineConfig.model_validate(data)  # first, for it says all that is wrong
        return config.with_yaml_gate(gate_of_yaml(written))
    except ValidationError as error:
        raise ConfigError(
            must=f"{path} must be a valid pipeline.",
            found="; ".join(problems(error, lines)),
            fix="Correct these keys; configs/town.yaml comments every key with its default.",
        ) from None  # the cause quotes values, which may be passwords


def _turn(override: Override) -> int:
    """Returns when it is applied: first what ``auto`` follows from, last what changes a part."""
    section, *keys = override.path
    if section != SECTION:
        return 0
    return 1 if tuple(keys) in INSTEAD_OF_AUTO or keys[0] == RANKER else CHANGES_AUTO


def _spell_out(data: dict[str, Any]) -> None:
    """Writes out what ``auto`` stands for, so that an override can change a part of it."""
    if is_auto(data.get(SECTION, AUTO)):
        config = PipelineConfig.model_validate(data)
        data[SECTION] = config.recommender.model_dump(mode="json")
