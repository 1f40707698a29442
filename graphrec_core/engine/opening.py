"""Opens the configured engine. An engine's libraries are loaded only where it is chosen."""

import pkgutil
from collections.abc import Callable
from contextlib import AbstractContextManager

from graphrec_core.config import PipelineConfig
from graphrec_core.engine.engine import Engine
from graphrec_core.lake import Lake
from graphrec_core.selects.selects import check_selects

Opener = Callable[[PipelineConfig, Lake], AbstractContextManager[Engine]]
ENGINES = {
    "spark": "graphrec_core.engine.spark:open_spark",
    "duckdb": "graphrec_core.engine.embedded:open_duckdb",
}


def open_engine(config: PipelineConfig, lake: Lake) -> AbstractContextManager[Engine]:
    """Opens ``snapshot.engine``; at the end its intermediate files go.

    Raises:
        ConfigError: A SELECT of the YAML is more than a query over its tables.
    """
    check_selects(config.source)
    return load_engine(config)(config, lake)


def load_engine(config: PipelineConfig) -> Opener:
    """Loads the libraries of ``snapshot.engine``; returns what opens it."""
    opener: Opener = pkgutil.resolve_name(ENGINES[config.snapshot.engine])
    return opener
