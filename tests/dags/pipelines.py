"""Writes valid pipelines as YAML files."""

from pathlib import Path
from typing import Any

import yaml


def pipeline(name: str, **sections: Any) -> dict[str, Any]:
    """The smallest valid pipeline, sections replaced."""
    select = "select * from users"
    return {
        "pipeline": name,
        "source": {
            "tables": {"users": {"path": "users.parquet"}},
            "nodes": {"user": select, "place": select},
            "edges": {"visited": select},
        },
        "task": {"query": "user", "candidate": "place", "edge": "visited"},
        "region": {"user": "from_events", "place": "column"},
        "recommender": {"model": "lightgcn"},
        "schedule": {"start": "2026-01-01", "retries": 1, "wait_poll_s": 0.1},
        **sections,
    }


def write_pipeline(folder: Path, name: str, **sections: Any) -> Path:
    """Writes the pipeline to ``<folder>/<name>.yaml``."""
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(pipeline(name, **sections)))
    return path
