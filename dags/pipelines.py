"""One Airflow DAG per pipeline: every YAML file of the configuration folder."""

import logging

from dags.pipeline_dag import Pipeline
from graphrec_core.config import config_dir, load_pipeline
from graphrec_core.errors import ConfigError

logger = logging.getLogger(__name__)

for _path in sorted(config_dir().glob("*.yaml")):
    try:
        _config = load_pipeline(_path)
    except ConfigError:
        logger.warning("%s has no DAG: see the import error of broken_configs.py", _path.name)
        continue
    globals()[f"dag_{_config.pipeline}"] = Pipeline(_path, _config).dag()
