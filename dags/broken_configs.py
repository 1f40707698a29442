"""Makes Airflow show a broken YAML as an import error, without taking any DAG down.

An import error blocks every DAG of its file, so it must not happen in ``pipelines.py``: this DAG
file holds no DAG and fails to import while a file of the configuration folder cannot be read.
"""

from pathlib import Path

from graphrec_core.config import config_dir, load_pipeline
from graphrec_core.errors import ConfigError


def check(folder: Path) -> None:
    """Reads every pipeline.

    Raises:
        ConfigError: Names every file that is not a valid pipeline, or repeats a pipeline's name.
    """
    problems: list[str] = []
    owners: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            name = load_pipeline(path).pipeline
        except ConfigError as error:
            problems.append(f"{path.name}: {error}")
            continue
        if owners.setdefault(name, path.name) != path.name:
            problems.append(f"{path.name}: the pipeline {name} is {owners[name]}'s already")
    if problems:
        raise ConfigError(
            must=f"Every YAML file in {folder} must be a valid pipeline of its own.",
            found="\n".join(problems),
            fix="Correct or move these files; the other pipelines run meanwhile.",
        )


check(config_dir())
