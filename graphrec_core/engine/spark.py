"""A Spark session that reads raw tables, runs queries with bound parameters, and writes files."""

import logging
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias
from urllib.parse import urlsplit

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  (Spark's own convention)
from pyspark.sql.pandas.types import to_arrow_schema

from graphrec_core.config import PipelineConfig
from graphrec_core.config.loader import set_default_environment
from graphrec_core.config.source import SourceConfig, TableConfig
from graphrec_core.engine.faults import refuse_select, refuse_table
from graphrec_core.engine.queries import load_query
from graphrec_core.lake import Lake

logger = logging.getLogger(__name__)

Relation: TypeAlias = DataFrame
"""A lazily computed table of the engine."""

SPARK_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # the default has no time zone
    "spark.sql.adaptive.enabled": "false",  # adaptive plans may change the number of files
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.log.level": "ERROR",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
LOCAL_SETTINGS = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


@contextmanager
def open_engine(config: PipelineConfig, lake: Lake) -> Iterator["SparkEngine"]:
    """Opens the configured engine; at the end its scratch folder goes, and its session too.

    A session that this process runs already is used and left running.
    """
    settings = config.snapshot
    # Workers must run this interpreter, not whichever python3 is first on the PATH.
    set_default_environment("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(f"graphrec {config.pipeline}")
    local = LOCAL_SETTINGS if settings.spark_master.startswith("local") else {}
    options = {
        **SPARK_SETTINGS,
        **local,
        "spark.driver.memory": settings.driver_memory,
        "spark.sql.shuffle.partitions": str(settings.shuffle_partitions),
    }
    for key, value in options.items():
        builder = builder.config(key, value)
    is_guest = SparkSession.getActiveSession() is not None
    session = builder.master(settings.spark_master).getOrCreate()
    scratch = f"{lake.layout.scratch}/{secrets.token_hex(6)}"
    try:
        yield SparkEngine(session, lake.storage.uri(scratch))
    finally:
        if not is_guest:
            session.stop()
        lake.storage.remove(scratch)


class SparkEngine:
    """Runs SQL on Spark.

    Args:
        session: A running session whose time zone is UTC.
        scratch: URI of a folder for intermediate results, seen by every worker.
    """

    def __init__(self, session: SparkSession, scratch: str) -> None:
        self.session, self._scratch, self._num_kept = session, scratch, 0

    def register_tables(self, source: SourceConfig, root: str) -> None:
        """Makes every raw table readable under its name.

        Raises:
            UnreadableSourceError: A path cannot be read.
        """
        for name, table in source.tables.items():
            try:
                self.register(name, self._read(table, root))
            except (PySparkException, Py4JJavaError) as error:
                refuse_table(name, table, root, error)

    def run_select(self, where: str, text: str) -> Relation:
        """Runs a SELECT from a pipeline's YAML.

        Args:
            where: The key of the YAML that holds it, for messages.
            text: The SELECT.

        Raises:
            SchemaError: It refers to a table or column that is not there, or is not SQL.
        """
        try:
            return self.session.sql(text)
        except PySparkException as error:
            refuse_select(where, error)

    def run(self, name: str, **parameters: object) -> Relation:
        """Runs ``sql/<name>.sql`` with bound parameters over the registered relations."""
        return self.session.sql(load_query(name), args=parameters)

    def project(self, relation: Relation, select_list: str) -> Relation:
        """Applies a SELECT list to a relation."""
        return self.session.sql(f"select {select_list} from {{rows}}", rows=relation)

    def register(self, name: str, relation: Relation) -> Relation:
        """Makes a relation readable under ``name``."""
        relation.createOrReplaceTempView(name)
        return relation

    def union(self, relations: Sequence[Relation]) -> Relation:
        """Appends relations of equal columns."""
        result = relations[0]
        for relation in relations[1:]:
            result = result.unionByName(relation)
        return result

    def keep(self, where: str, relation: Relation) -> Relation:
        """Computes a relation once, for further use.

        It is written to scratch files rather than cached: the next query's plan starts from the
        files (nested plans take Spark minutes to analyse), and a lost worker loses nothing.

        Raises:
            SchemaError: A value could not be converted while it was computed.
        """
        self._num_kept += 1
        uri = f"{self._scratch}/{self._num_kept:03d}"
        try:
            relation.write.parquet(uri)
        except PySparkException as error:
            refuse_select(where, error)
        return self.session.read.schema(relation.schema).parquet(uri)

    def schema(self, relation: Relation) -> dict[str, str]:
        """Returns column name -> SQL type."""
        return dict(relation.dtypes)

    def collect(self, where: str, relation: Relation) -> pa.Table:
        """Brings a small result to this process.

        Raises:
            SchemaError: A value could not be converted while it was computed.
        """
        try:
            return relation.toArrow()
        except PySparkException as error:
            refuse_select(where, error)

    def arrow_schema(self, relation: Relation) -> pa.Schema:
        """Returns the Arrow schema that the relation's files have."""
        return to_arrow_schema(relation.schema, timezone="UTC")

    def fingerprint(self, relation: Relation) -> Relation:
        """Returns one row: num_rows and an order-free digest of all rows, as text."""
        columns = [F.col(f"`{name}`") for name in sorted(relation.columns)]
        row_hash = F.xxhash64(*columns).cast("decimal(38,0)")
        return relation.agg(
            F.count("*").alias("num_rows"),
            F.coalesce(F.sum(row_hash), F.lit(0)).cast("string").alias("digest"),
        )

    def write(
        self, relation: Relation, uri: str, sort_by: Sequence[str], partition_by: Sequence[str]
    ) -> None:
        """Writes Parquet files, one per value of ``partition_by``, rows sorted by ``sort_by``."""
        rows = relation.repartition(*partition_by).sortWithinPartitions(*partition_by, *sort_by)
        rows.write.partitionBy(*partition_by).parquet(uri)

    def read_parquet(self, uri: str) -> Relation:
        """Reads Parquet files; ``key=value`` folders become string columns."""
        return self.session.read.parquet(uri)

    def _read(self, table: TableConfig, root: str) -> Relation:
        if table.catalog:
            return self.session.table(table.catalog)
        reader = self.session.read.options(**table.options)
        path = resolve(table.path, root)
        if table.file_format == "parquet":
            return reader.parquet(path)
        if table.columns:
            ddl = ", ".join(f"`{name}` {kind}" for name, kind in table.columns.items())
            return reader.option("mode", "PERMISSIVE").csv(path, schema=ddl)
        return reader.option("header", table.options.get("header", "true")).csv(path)


def resolve(path: str, root: str) -> str:
    """Resolves a table's path against ``source.root``; absolute paths and URIs stay."""
    if path.startswith("/") or urlsplit(path).scheme:
        return path
    return f"{root.rstrip('/')}/{path}"
