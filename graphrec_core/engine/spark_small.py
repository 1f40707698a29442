"""Spark on a small source: what starts a query costs more than its rows.

Starting a query takes Spark a second in a new process: code is generated and compiled, tasks and
jobs are set up, scratch files are written and read. A small source needs none of it. Its rows are
one partition, so a query is one task without a shuffle, and what is kept stays in memory.
"""

from collections.abc import Iterator

import pyarrow as pa

from graphrec_core.config import PipelineConfig
from graphrec_core.engine.engine import Partition
from graphrec_core.engine.source_size import is_small

SMALL_SETTINGS = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.autoBroadcastJoinThreshold": "-1",  # a broadcast is a job of its own
}
SMALL_JAVA_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""No code runs long enough to be worth the second compiler, which would take most of the CPU."""


def fits_one_task(config: PipelineConfig) -> bool:
    """Says whether all rows of the source fit one task with ease; no cluster is asked for that."""
    return config.snapshot.spark_master.startswith("local") and is_small(config.source)


def cut(table: pa.Table, by: str, batch_rows: int) -> Iterator[Partition]:
    """Cuts rows into partitions.

    Args:
        table: The rows, sorted by ``by`` first, nulls first.
        by: The column of text that says the partition.
        batch_rows: Most rows of a batch.
    """
    rows, start = table.combine_chunks(), 0
    for found in rows[by].value_counts().to_pylist():  # in the order of the rows
        part = rows.slice(start, found["counts"]).drop_columns([by])
        yield Partition(found["values"], iter(part.to_batches(max_chunksize=batch_rows)))
        start += found["counts"]
