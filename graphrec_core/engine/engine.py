"""What both engines can do: run SQL over relations, keep results, and hand sorted rows over."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from graphrec_core.config.source import SourceConfig
from graphrec_core.engine.queries import load_query
from graphrec_core.selects.selects import check_select


@dataclass(frozen=True)
class Relation:
    """A lazily computed table of the engine that made it.

    Attributes:
        handle: What the engine knows it by.
    """

    handle: Any


@dataclass(frozen=True)
class Partition:
    """The rows of one value of a partition column.

    Attributes:
        value: The value; None for null.
        batches: Its rows in order, without the partition column.
    """

    value: str | None
    batches: Iterator[pa.RecordBatch]


NO_NAMES: Mapping[str, Mapping[str, str]] = {}
"""Every folder's value stands for itself."""


class Engine(ABC):
    """Runs Spark SQL, the language of ``sql/`` and of the SELECTs in a pipeline's YAML.

    Attributes:
        label: Engine and version; digests of rows are comparable within one label.
        keeps_events: Whether judged events are kept, since the engine reads them again at a
            higher price.
    """

    label: str
    keeps_events = False

    @abstractmethod
    def register_tables(self, source: SourceConfig, root: str) -> None:
        """Makes every raw table readable under its name by ``select``.

        An engine may be locked then: it opens other files no more.

        Raises:
            UnreadableSourceError: A path cannot be read.
        """

    @property
    @abstractmethod
    def tables(self) -> Collection[str]:
        """Names of the raw tables that were registered."""

    def select(self, where: str, text: str) -> Relation:
        """Runs a SELECT from a pipeline's YAML over the raw tables.

        Args:
            where: The key of the YAML that holds it, for messages.
            text: The SELECT.

        Raises:
            ConfigError: It is not a query, or does more than read these tables.
            SchemaError: It refers to a column that is not there, or its types do not fit.
        """
        return self.select_checked(where, check_select(where, text, self.tables))

    @abstractmethod
    def select_checked(self, where: str, text: str) -> Relation:
        """Runs a SELECT that ``check_select`` let pass; the engine's own parser judges it too.

        Raises:
            ConfigError: The engine reads in it more than a query over the raw tables.
            SchemaError: It refers to a column that is not there, or its types do not fit.
        """

    @abstractmethod
    def query(self, text: str, reads: Mapping[str, Relation], **parameters: object) -> Relation:
        """Runs Spark SQL with bound parameters (``:name``) over named relations."""

    @abstractmethod
    def keep(self, where: str, relation: Relation, *, is_read_once: bool = False) -> Relation:
        """Computes a relation once, for further use.

        Args:
            where: What it is, for errors.
            relation: The relation.
            is_read_once: Just one query will read it; an engine may leave it to that one.

        Raises:
            SchemaError: A value could not be converted while it was computed.
        """

    @abstractmethod
    def drop(self, relation: Relation) -> None:
        """Frees what ``keep`` stored; the relation must not be used any more."""

    @abstractmethod
    def schema(self, relation: Relation) -> dict[str, str]:
        """Returns column name -> Spark SQL type."""

    @abstractmethod
    def arrow_schema(self, relation: Relation) -> pa.Schema:
        """Returns the Arrow schema of the relation's rows."""

    @abstractmethod
    def collect(self, where: str, relation: Relation) -> pa.Table:
        """Brings a small result to this process.

        Raises:
            SchemaError: A value could not be converted while it was computed.
        """

    @abstractmethod
    def from_arrow(self, table: pa.Table) -> Relation:
        """Makes a relation of rows of this process."""

    @abstractmethod
    def read_parquet(
        self, uri: str, names: Mapping[str, Mapping[str, str]] = NO_NAMES
    ) -> Relation:
        """Reads the Parquet files below a folder; ``key=value`` folders become string columns.

        Args:
            uri: The folder.
            names: Key -> a folder's value, decoded -> the text that it stands for; any other value
                stands for itself.
        """

    @abstractmethod
    def partitions(
        self, relation: Relation, by: str, sort_by: Sequence[str]
    ) -> Iterator[Partition]:
        """Computes a relation and hands its rows over, partition by partition, each sorted.

        A partition's batches must be read before the next partition is taken.
        """

    @abstractmethod
    def fingerprint(self, relation: Relation, cutoffs: Sequence[datetime] = ()) -> Relation:
        """Returns one row: num_rows and an order-free digest of all rows, as text.

        For each cutoff it has two more columns, ``num_rows_<n>`` and ``digest_<n>``, of the rows
        that the table held then: those whose ``known_at`` is null or before it. Digests are equal
        for equal rows within one ``label``.
        """

    def run(self, name: str, reads: Mapping[str, Relation], **parameters: object) -> Relation:
        """Runs ``sql/<name>.sql``."""
        return self.query(load_query(name), reads, **parameters)

    def project(self, relation: Relation, select_list: str) -> Relation:
        """Applies a SELECT list to a relation."""
        return self.query(f"select {select_list} from project_rows", {"project_rows": relation})

    def filter(self, relation: Relation, condition: str) -> Relation:
        """Returns the rows that fulfil a condition."""
        text = f"select * from filter_rows where {condition}"
        return self.query(text, {"filter_rows": relation})

    def union(self, relations: Sequence[Relation]) -> Relation:
        """Appends relations of equal columns in equal order."""
        reads = {f"union_rows_{number}": rows for number, rows in enumerate(relations)}
        return self.query(" union all ".join(f"select * from {name}" for name in reads), reads)
