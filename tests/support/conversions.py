"""Every conversion of a text that a SELECT may make, as an expression over the column ``text``."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from graphrec_core.config.source import SourceConfig
from graphrec_core.engine import Engine

PATTERNS = (
    "yyyy-MM-dd",
    "dd/MM/yyyy",
    "d/M/yyyy",
    "yyyyMMdd",
    "yyyy-MM-dd HH:mm:ss",
    "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "M/d/yy h:mm a",
    "d MMM yyyy",
    "HH:mm",
)
CONVERSIONS: dict[str, str] = {
    **{kind: f"try_cast(text as {kind})" for kind in ("tinyint", "smallint", "int", "bigint")},
    **{kind: f"try_cast(text as {kind})" for kind in ("double", "boolean")},
    **{
        f"decimal({size})": f"cast(try_cast(text as decimal({size})) as string)"
        for size in ("10,2", "38,0", "38,30")
    },
    "date": "cast(try_cast(text as date) as string)",
    "timestamp": "unix_micros(try_cast(text as timestamp))",
    "timestamp_ntz": "cast(try_cast(text as timestamp_ntz) as string)",
    "try_to_timestamp": "unix_micros(try_to_timestamp(text))",
    "try_to_date": "cast(try_to_date(text) as string)",
    **{pattern: f'''unix_micros(try_to_timestamp(text, "{pattern}"))''' for pattern in PATTERNS},
}
"""Its name -> the expression; times as numbers or texts, which have no range of Python's."""


def converted(engine: Engine, root: Path, texts: list[str]) -> dict[str, dict[str, str]]:
    """Converts texts; returns name -> text -> value's repr, without nulls."""
    register(engine, root, pa.table({"text": texts}))
    parts = [f"{call} as c{number}" for number, call in enumerate(CONVERSIONS.values())]
    found = select(engine, f"text, {', '.join(parts)}")
    return {
        name: {
            row["text"]: repr(row[f"c{number}"]) for row in found if row[f"c{number}"] is not None
        }
        for number, name in enumerate(CONVERSIONS)
    }


def register(engine: Engine, root: Path, rows: pa.Table) -> None:
    """Makes a table, ``t``, of the source, in a folder of files."""
    pq.write_table(rows, root / "rows.parquet")
    tables = {"t": {"path": "rows.parquet"}}
    source = {"tables": tables, "nodes": {"a": "x"}, "edges": {"b": "x"}}
    engine.register_tables(SourceConfig.model_validate(source), str(root))


def select(engine: Engine, columns: str) -> list[dict[str, Any]]:
    """Selects columns of the registered table as a SELECT of the YAML would."""
    relation = engine.select("source.edges.e", f"select {columns} from t")
    rows: list[dict[str, Any]] = engine.collect("source.edges.e", relation).to_pylist()
    return rows
