"""Makes Airflow show a broken YAML as an import error, without taking any DAG down.

An import error blocks every DAG of its file, so it must not happen in ``pipelines.py``: this DAG
file holds no DAG and fails to import while a file of the configuration folder cannot be read.
"""

from pathlib import Path

from graphrec.dags.config_files import read_pipelines
from graphrec_core.config import config_dir
from graphrec_core.errors import ConfigError


def check(place: Path) -> None:
    """Reads every pipeline.

    Raises:
        ConfigError: Names every file that is not a valid pipeline, or repeats a pipeline's name.
    """
    _, problems = read_pipelines(place)
    if problems:
        raise ConfigError(
            must=f"Every YAML file in {place} must be a valid pipeline of its own.",
            found="\n".join(problems),
            fix="Correct or move these files; the other pipelines run meanwhile.",
        )


check(config_dir())
