"""Spark: one machine, a standalone cluster, or whatever spark-submit starts."""

import logging
import secrets
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from typing import NoReturn
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
from pyspark import SparkContext
from pyspark.errors import AnalysisException, PySparkException, PySparkRuntimeError
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  (Spark's own convention)
from pyspark.sql.pandas.types import to_arrow_schema
from typing_extensions import override

from graphrec_core.config import PipelineConfig
from graphrec_core.config.loader import set_default_environment
from graphrec_core.config.source import SourceConfig, TableConfig, resolve_path
from graphrec_core.engine.csv_tables import copy_csv, typed_csv
from graphrec_core.engine.dialect import derived_queries
from graphrec_core.engine.engine import NO_NAMES, Engine, Partition, Relation
from graphrec_core.engine.faults import (
    refuse_column,
    refuse_repeated,
    refuse_table,
    refuse_twins,
)
from graphrec_core.engine.folders import check_links
from graphrec_core.engine.parquet_types import read_as_written
from graphrec_core.engine.queries import quoted
from graphrec_core.engine.sessions import shared_sessions
from graphrec_core.engine.spark_faults import SPARK_ERRORS, message_of, refuse_error
from graphrec_core.engine.spark_lock import LOCKED, judge, takes_user_for_a_function
from graphrec_core.engine.spark_small import (
    SMALL_JAVA_OPTIONS,
    SMALL_SETTINGS,
    cut,
    fits_one_task,
)
from graphrec_core.engine.spark_times import without_clock
from graphrec_core.engine.spark_types import refuse_unlike_types, without_floats
from graphrec_core.errors import ConfigError, GraphrecError
from graphrec_core.lake import Lake, Storage
from graphrec_core.lake.lease import held

logger = logging.getLogger(__name__)

SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # the default has no time zone
    "spark.sql.adaptive.enabled": "false",  # adaptive plans may change the number of files
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.legacy.parquet.nanosAsLong": "true",  # see parquet_types
    # Rows have few versions: a limit before the shuffle would only sort them once more.
    "spark.sql.optimizer.windowGroupLimitThreshold": "-1",
    "spark.sql.join.preferSortMergeJoin": "false",
    # A column under several names multiplies what Spark infers of every expression over them:
    # ten names of two columns filled a heap of 2 GB with conditions that no plan needs.
    "spark.sql.constraintPropagation.enabled": "false",
    # pairs.sql sorts what it aggregates: neighbours are summed without a hash table.
    "spark.sql.execution.replaceHashWithSortAgg": "true",
    # A task writes its few regions side by side, so that rows need no sort by region.
    "spark.sql.maxConcurrentOutputFileWriters": "1000",
    # Spark's own, said here since a session that served a small source may serve another one.
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
    "spark.sql.autoBroadcastJoinThreshold": "10m",
    "spark.log.level": "ERROR",
}
JAVA_OPTIONS = "-XX:+UseSerialGC -XX:+UseTransparentHugePages -XX:CompileThresholdScaling=5"
"""Other collectors let the heap grow more; hash tables of ids miss the TLB on small pages; and a
query's generated code runs for seconds, so that compiling it early costs more than it saves."""
LOCAL_SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": JAVA_OPTIONS,
    # Of use only where a task may run again on another machine.
    "spark.shuffle.checksum.enabled": "false",
    "spark.sql.shuffle.orderIndependentChecksum.enabled": "false",
}
HASH = "partition_hash"
SCRATCH_FORMAT = {
    "compression": "snappy",
    "parquet.enable.dictionary": "false",
    "parquet.column.statistics.enabled": "false",
    "parquet.page.write-checksum.enabled": "false",
}
"""Parquet that is quick to write: a scratch file is read once or twice and removed."""
BATCH_ROWS = 2**17
SPREAD = 8
"""Tasks that write partitions, per partition of a shuffle: regions are few, and each should have
a task of its own; a task without one takes milliseconds."""


@contextmanager
def open_spark(config: PipelineConfig, lake: Lake) -> Iterator["SparkEngine"]:
    """Opens a Spark session; at the end its scratch folder goes, and the session too.

    A session that this process runs already is used and left running; so is one that several
    steps share (``one_session``).
    """
    scratch = f"{lake.layout.scratch}/{secrets.token_hex(6)}"
    with held(lake.storage, scratch):
        try:
            with ExitStack() as own:
                session = _session(config, own)
                yield SparkEngine(session, lake.storage, scratch, is_small=fits_one_task(config))
        finally:
            lake.storage.remove(scratch)


def _session(config: PipelineConfig, own: ExitStack) -> SparkSession:
    """Returns the running session, or one that ends with what steps share, else with ``own``."""
    # Workers must run this interpreter, not whichever python3 is first on the PATH.
    set_default_environment("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(f"graphrec {config.pipeline}")
    for key, value in _settings(config).items():
        builder = builder.config(key, value)
    if config.snapshot.spark_master:
        builder = builder.master(config.snapshot.spark_master)
    is_guest = SparkSession.getActiveSession() is not None
    session = _started(builder)
    if not is_guest:
        if (shared := shared_sessions()) is not None:
            shared.callback(_end_jvm)
        (shared or own).callback(session.stop)
    return session


def _started(builder: SparkSession.Builder) -> SparkSession:
    try:
        return builder.getOrCreate()
    except PySparkRuntimeError as error:
        if error.getCondition() != "JAVA_GATEWAY_EXITED":
            raise
        raise ConfigError(
            must="Spark needs a Java runtime, 17 or newer, on PATH, that starts.",
            found=str(error),
            fix="On Debian: apt-get install openjdk-17-jre-headless; or run without Java: "
            "--set snapshot.engine=duckdb. If Java is there, its own words stand above.",
        ) from error


def _end_jvm() -> None:
    """Ends the JVM, which outlives its sessions: its heap would lie there for the whole day."""
    gateway, SparkContext._gateway, SparkContext._jvm = SparkContext._gateway, None, None
    if gateway is not None:
        gateway.shutdown()
        # Under spark-submit the JVM is the parent of this process, and ends after it.
        if (java := gateway.proc) is not None:  # type: ignore[attr-defined]
            java.stdin.close()  # the JVM ends when its standard input does
            java.wait()


def _settings(pipeline: PipelineConfig) -> dict[str, str]:
    config = pipeline.snapshot
    if fixed := sorted(set(LOCKED) & set(config.spark_settings)):
        raise ConfigError(
            must="snapshot.spark_settings must leave alone what keeps SELECTs to their tables.",
            found=", ".join(fixed),
            fix="Take these settings out.",
        )
    local = LOCAL_SETTINGS if config.spark_master.startswith("local") else {}
    small = (
        {**SMALL_SETTINGS, "spark.driver.extraJavaOptions": SMALL_JAVA_OPTIONS}
        if fits_one_task(pipeline)
        else {}
    )
    return {
        **SETTINGS,
        **local,
        "spark.driver.memory": config.memory,
        "spark.sql.shuffle.partitions": str(config.shuffle_partitions),
        **small,
        **config.spark_settings,
        **LOCKED,
    }


class SparkEngine(Engine):
    """Runs SQL on Spark.

    Args:
        session: A running session whose time zone is UTC.
        storage: The lake's storage.
        scratch: Folder of the lake for intermediate results, seen by every worker.
        is_small: Whether all rows fit one task with ease (see ``spark_small``).
    """

    def __init__(
        self, session: SparkSession, storage: Storage, scratch: str, *, is_small: bool
    ) -> None:
        self.label = f"spark-{pyspark.__version__}"
        self.session, self._storage, self._scratch = session, storage, scratch
        self._num_kept = 0
        self._tables: dict[str, DataFrame] = {}
        self._is_small = self.keeps_events = is_small

    @override
    def register_tables(self, source: SourceConfig, root: str) -> None:
        for name, table in source.tables.items():
            try:
                rows = without_floats(self._read(name, table, root))
                self._tables[name] = self._gathered(rows)
            except GraphrecError:
                raise
            except AnalysisException as error:
                if error.getCondition() == "COLUMN_ALREADY_EXISTS":
                    column = (error.getMessageParameters() or {}).get("columnName", "")
                    refuse_twins(name, column.strip("`"), error)
                refuse_table(name, table, root, message_of(error), error)
            except Exception as error:  # a file system raises errors of its own library
                refuse_table(name, table, root, message_of(error), error)

    @property
    @override
    def tables(self) -> Collection[str]:
        return self._tables

    @override
    def select_checked(self, where: str, text: str) -> Relation:
        try:
            judge(self.session, where, text, self._tables)
            rows = self._sql(without_clock(text), self._tables, {})
            refuse_repeated(where, rows.columns)
            for query in derived_queries(text):
                with suppress(PySparkException):  # it may need names of the query around it
                    refuse_repeated(where, self._sql(query, self._tables, {}).columns)
        except SPARK_ERRORS as error:
            self._refuse(where, error)
        if takes_user_for_a_function(rows):
            refuse_column(where, "`user`", "others")
        refuse_unlike_types(where, rows)
        return Relation(rows)

    @override
    def query(self, text: str, reads: Mapping[str, Relation], **parameters: object) -> Relation:
        return Relation(
            self._sql(text, {name: rows.handle for name, rows in reads.items()}, parameters)
        )

    @override
    def keep(self, where: str, relation: Relation, *, is_read_once: bool = False) -> Relation:
        """Computes a relation once, for further use.

        It is written to scratch files rather than cached: the next query's plan starts from the
        files (nested plans take Spark minutes to analyse), and a lost worker loses nothing. What
        is read once is part of the plan that reads it: the files would cost more. Of a small
        source the rows come here and go back.
        """
        if is_read_once:
            return relation
        if self._is_small:
            return self.from_arrow(self.collect(where, relation))
        rows: DataFrame = relation.handle
        uri = self._storage.uri(self._next_folder())
        try:
            rows.write.options(**SCRATCH_FORMAT).parquet(uri)
        except SPARK_ERRORS as error:
            self._refuse(where, error)
        return Relation(self.session.read.schema(rows.schema).parquet(uri))

    @override
    def drop(self, relation: Relation) -> None:
        """Does nothing: scratch files go at the end, no memory is held."""

    @override
    def schema(self, relation: Relation) -> dict[str, str]:
        return dict(relation.handle.dtypes)

    @override
    def arrow_schema(self, relation: Relation) -> pa.Schema:
        return to_arrow_schema(relation.handle.schema, timezone="UTC")

    @override
    def collect(self, where: str, relation: Relation) -> pa.Table:
        try:
            table: pa.Table = relation.handle.toArrow()
        except SPARK_ERRORS as error:
            self._refuse(where, error)
        return table

    @override
    def from_arrow(self, table: pa.Table) -> Relation:
        return Relation(self._gathered(self.session.createDataFrame(table)))

    def _gathered(self, rows: DataFrame) -> DataFrame:
        return rows.coalesce(1) if self._is_small else rows

    @override
    def read_parquet(
        self, uri: str, names: Mapping[str, Mapping[str, str]] = NO_NAMES
    ) -> Relation:
        rows = self._read_folder(uri)
        for key, values in names.items():
            if values:  # when().otherwise() would make one level of the plan of each
                rows = rows.replace(list(values), list(values.values()), subset=[key])
        return Relation(self._gathered(rows))

    def _read_folder(self, uri: str) -> DataFrame:
        rows = self.session.read.parquet(uri)
        files = rows.inputFiles()
        if all(unquote(unquote(file)).isascii() for file in files):  # inputFiles encodes once more
            return rows
        folders = [part for file in files[:1] for part in file.split("/")[:-1]]
        keys = {part.partition("=")[0] for part in folders if "=" in part} & set(rows.columns)
        # Folders are percent-encoded UTF-8, of which Spark makes one letter a byte.
        fixed = {key: F.decode(F.encode(F.col(key), "ISO-8859-1"), "UTF-8") for key in keys}
        return rows.withColumns(fixed) if fixed else rows

    @override
    def partitions(
        self, relation: Relation, by: str, sort_by: Sequence[str]
    ) -> Iterator[Partition]:
        if self._is_small:
            rows = relation.handle.coalesce(1).sortWithinPartitions(by, *sort_by)
            yield from cut(self.collect("source.tables", Relation(rows)), by, BATCH_ROWS)
            return
        folder = self._next_folder()
        num_tasks = SPREAD * int(str(self.session.conf.get("spark.sql.shuffle.partitions")))
        rows = relation.handle.repartition(num_tasks, by).sortWithinPartitions(*sort_by)
        # Folders are named by a hash: a value may be longer than a file system's names.
        writer = rows.withColumn(HASH, F.sha2(by, 256)).write.options(**SCRATCH_FORMAT)
        try:
            writer.partitionBy(HASH).parquet(self._storage.uri(folder))
        except SPARK_ERRORS as error:
            self._refuse("source.tables", error)
        paths = [path for path in self._storage.files(folder) if path.endswith(".parquet")]
        found = [(self._value(path, by), path) for path in paths]
        for value, path in sorted(found, key=lambda one: (one[0] is not None, one[0] or "")):
            with self._storage.open(path) as handle:
                batches = pq.ParquetFile(handle).iter_batches(batch_size=BATCH_ROWS)
                yield Partition(value, (batch.drop_columns([by]) for batch in batches))
        self._storage.remove(folder)

    def _value(self, path: str, by: str) -> str | None:
        """Reads the one value that a column has in a file."""
        with self._storage.open(path) as handle:
            first = next(pq.ParquetFile(handle).iter_batches(batch_size=1, columns=[by]))
        value: str | None = first.column(by)[0].as_py()
        return value

    @override
    def fingerprint(self, relation: Relation, cutoffs: Sequence[datetime] = ()) -> Relation:
        rows: DataFrame = relation.handle
        columns = [F.col(quoted(name)) for name in sorted(rows.columns)]
        # The hash skips nulls, so it is told where they are.
        nulls = [column.isNull() for column in columns]
        row_hash = F.xxhash64(*columns, *nulls).cast("decimal(38,0)")
        parts = [F.count("*").alias("num_rows"), _digest(row_hash).alias("digest")]
        for number, cutoff in enumerate(cutoffs):
            known = F.col("known_at").isNull() | (F.col("known_at") < F.lit(cutoff))
            parts.append(F.count_if(known).alias(f"num_rows_{number}"))
            parts.append(_digest(F.when(known, row_hash)).alias(f"digest_{number}"))
        return Relation(rows.agg(*parts))

    def _sql(
        self, text: str, reads: Mapping[str, DataFrame], parameters: Mapping[str, object]
    ) -> DataFrame:
        # A name is bound when the text is analysed, here, so names may be used again.
        for name, rows in reads.items():
            rows.createOrReplaceTempView(name)
        return self.session.sql(text, args=dict(parameters))

    def _refuse(self, where: str, error: Exception) -> NoReturn:
        refuse_error(self.session, self._scratch, where, error)

    def _next_folder(self) -> str:
        self._num_kept += 1
        return f"{self._scratch}/{self._num_kept:03d}"

    def _read(self, name: str, table: TableConfig, root: str) -> DataFrame:
        if table.catalog:
            return self.session.table(table.catalog)
        path = resolve_path(table.path, root)
        if table.file_format == "parquet":
            check_links(path)
            return read_as_written(self.session, path)
        copy = f"{self._next_folder()}/part-00000.parquet"
        with self._storage.create(copy) as target:
            copy_csv(name, table, root, target)
        rows = self.session.read.parquet(self._storage.uri(copy))
        return self._sql(typed_csv(table, "raw_rows"), {"raw_rows": rows}, {})


def _digest(row_hash: Column) -> Column:
    return F.coalesce(F.sum(row_hash), F.lit(0)).cast("string")
