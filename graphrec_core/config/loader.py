"""Reads a pipeline's YAML and overrides; the only reader of the process environment."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from graphrec_core.config.pipeline import PipelineConfig
from graphrec_core.errors import ConfigError

CONFIG_DIR_VARIABLE = "GRAPHREC_CONFIG_DIR"


def config_dir() -> Path:
    """Returns the folder whose YAML files become DAGs, or the one file.

    That is ``GRAPHREC_CONFIG_DIR``, or else configs/.
    """
    default = Path(__file__).parents[2] / "configs"
    return Path(os.environ.get(CONFIG_DIR_VARIABLE) or default)


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
        ConfigError: The file is missing, is not YAML, or holds an unknown or wrong key.
    """
    data = _read_yaml(path)
    for override in overrides:
        _apply(data, override)
    try:
        return PipelineConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigError(
            must=f"{path} must be a valid pipeline.",
            found="; ".join(_problems(error)),
            fix="Correct these keys; configs/town.yaml comments every key with its default.",
        ) from error


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            must=f"The configuration file {path} must be readable.",
            found=str(error),
            fix="Give the path of a YAML file, such as configs/town.yaml.",
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(
            must=f"{path} must be YAML.", found=str(error), fix="Correct the syntax."
        ) from error
    if not isinstance(data, dict):
        raise ConfigError(
            must=f"{path} must hold a mapping of sections.",
            found=type(data).__name__,
            fix="Start from configs/town.yaml.",
        )
    return data


def _apply(data: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    parts = key.strip().split(".")
    if not separator or not all(parts):
        raise ConfigError(
            must="An override must look like section.key=value.",
            found=repr(override),
            fix="Write for example --set training.num_epochs=5.",
        )
    section = data
    for part in parts[:-1]:
        if not isinstance(section.get(part), dict):
            section[part] = {}
        section = section[part]
    try:
        section[parts[-1]] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(
            must="The value of an override must be YAML.",
            found=repr(override),
            fix="Quote the value, or write it as plain text or a number.",
        ) from error


def _problems(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        where = ".".join(str(part) for part in problem["loc"]) or "the pipeline"
        if problem["type"] == "extra_forbidden":
            yield f"unknown key {where}"
        else:
            yield f"{where}: {problem['msg'].removeprefix('Value error, ')}"
