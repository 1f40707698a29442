"""One Airflow DAG per pipeline: every YAML file of the configuration folder, or one file."""

import logging

from graphrec.dags.config_files import read_pipelines
from graphrec.dags.pipeline_dag import Pipeline
from graphrec_core.config import config_dir

logger = logging.getLogger(__name__)

_pipelines, _problems = read_pipelines(config_dir())
for _problem in _problems:
    logger.warning("no DAG (see the import error of broken_configs.py): %s", _problem)
for _path, _config in _pipelines.items():
    globals()[f"dag_{_config.pipeline}"] = Pipeline(_path, _config).dag()
