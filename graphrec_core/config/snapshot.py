"""Where the snapshot is computed."""

from typing import Literal

from pydantic import Field

from graphrec_core.config.base import Section


class SnapshotConfig(Section):
    """Where the snapshot is computed. Changes nothing in its rows."""

    engine: Literal["spark", "duckdb"] = Field("spark", description="Engine that runs the SQL.")
    reuse: bool = Field(
        True, description="Build on the snapshots of earlier days where their rows are unchanged."
    )
    memory: str = Field(
        "2g",
        pattern="^([1-9][0-9]{0,6}m|[1-9][0-9]{0,3}g)$",
        description="Memory of the engine, like 512m or 6g: the heap of Spark's driver, or "
        "DuckDB's limit.",
    )
    threads: int = Field(
        0, ge=0, le=1024, description="DuckDB: number of threads; 0: one per core."
    )
    spark_master: str = Field(
        "local[*]", description="Spark: URL of the master; empty: what spark-submit says."
    )
    shuffle_partitions: int = Field(
        4,
        gt=0,
        le=100_000,
        description="Spark: partitions of a shuffle; about one per million events; "
        "a small source on this machine has 1.",
    )
    spark_settings: dict[str, str] = Field(
        {}, description="Spark: further settings, such as those of executors or of s3a."
    )
