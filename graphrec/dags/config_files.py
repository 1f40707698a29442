"""The pipelines that become DAGs: every YAML file of the configuration folder, or one file."""

from pathlib import Path

from graphrec_core.config import PipelineConfig, load_pipeline
from graphrec_core.errors import ConfigError

SUFFIXES = (".yaml", ".yml")


def read_pipelines(place: Path) -> tuple[dict[Path, PipelineConfig], list[str]]:
    """Reads every pipeline of a folder, or the one file.

    Args:
        place: What ``config_dir`` returns.

    Returns:
        The pipelines by file, each name once: the first file in order of names has it. And one
        line for every file that is not a valid pipeline or repeats a name.
    """
    pipelines: dict[Path, PipelineConfig] = {}
    problems: list[str] = []
    owners: dict[str, str] = {}
    for path in _files(place):
        try:
            config = load_pipeline(path)
        except ConfigError as error:
            problems.append(f"{path.name}: {error}")
            continue
        if (owner := owners.setdefault(config.pipeline, path.name)) != path.name:
            problems.append(f"{path.name}: the pipeline {config.pipeline} is {owner}'s already")
        else:
            pipelines[path] = config
    return pipelines, problems


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    return sorted(path for path in place.iterdir() if path.suffix in SUFFIXES)
