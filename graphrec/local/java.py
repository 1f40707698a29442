"""Whether Spark can start here: ``python -m graphrec.local.java`` exits 0 where it can.

Spark takes the ``java`` of ``JAVA_HOME``, else the first on ``PATH``.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from graphrec_core.config import PipelineConfig, child_environment, load_pipeline

OLDEST = 17
"""The oldest Java that Spark 4 runs on."""
ENGINE = "snapshot.engine"


def has_java() -> bool:
    """Tells whether the Java that Spark would start is new enough."""
    home = child_environment().get("JAVA_HOME")
    program = shutil.which(Path(home) / "bin" / "java" if home else "java")
    if program is None:
        return False
    done = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r' version "(\d+)', done.stderr)
    return version is not None and int(version[1]) >= OLDEST


def needs_java(config: PipelineConfig) -> bool:
    """Tells whether a day would fail here for want of Java."""
    return config.snapshot.engine == "spark" and not has_java()


def load_for_here(path: Path, overrides: Sequence[str]) -> tuple[PipelineConfig, str]:
    """Reads a pipeline; where Spark cannot start, on the embedded engine.

    Both engines make the same rows. An engine that ``overrides`` name stays.

    Args:
        path: The pipeline's YAML.
        overrides: ``section.key=value`` strings.

    Returns:
        The pipeline, and a line that says if the engine is another one; else nothing.

    Raises:
        ConfigError: The pipeline is not valid, or what it reads only Spark can.
    """
    config = load_pipeline(path, overrides)
    is_named = any(override.partition("=")[0].strip() == ENGINE for override in overrides)
    if is_named or not needs_java(config):
        return config, ""
    embedded = f"{ENGINE}=duckdb"
    note = f"Spark needs Java {OLDEST} or newer, and there is none: DuckDB runs this day"
    return load_pipeline(path, [*overrides, embedded]), f"{note} ({embedded})."


if __name__ == "__main__":
    sys.exit(not has_java())
