"""Raw tables as bytes, read by an engine into plain Python."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphrec_core.config.source import SourceConfig
from graphrec_core.engine import Engine
from tests.support.engines import collected


def read_csv(
    engine: Engine, root: Path, files: Mapping[str, bytes], **table: Any
) -> list[tuple[Any, ...]]:
    """The rows of a CSV table, with its column names first."""
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    tables = {"raw": {"path": next(iter(files)), "format": "csv", **table}}
    source = {"tables": tables, "nodes": {"a": "x"}, "edges": {"b": "x"}}
    engine.register_tables(SourceConfig.model_validate(source), str(root))
    relation = engine.select("here", "select * from raw")
    rows = collected(engine, relation)
    return [tuple(engine.schema(relation)), *(tuple(row.values()) for row in rows)]
