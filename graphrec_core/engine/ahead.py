"""Loading what a step needs after its engine's work, while the engine works elsewhere."""

import importlib
from threading import Thread

from graphrec_core.config import PipelineConfig
from graphrec_core.engine.opening import load_engine


def load_ahead(config: PipelineConfig, module: str) -> None:
    """Begins to load a module in a thread, where that costs nothing.

    Spark starts and works in a process of its own, for which this one waits; great-expectations
    takes seconds to load. DuckDB works in this process: there the module is loaded when needed.

    Args:
        config: Says the engine; its libraries are loaded first, so that no two threads load them.
        module: The module's full name.
    """
    if config.snapshot.engine == "spark":
        load_engine(config)
        Thread(target=importlib.import_module, args=(module,), name=f"load {module}").start()
