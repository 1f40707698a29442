"""DuckDB, the embedded engine: one process, no Java; larger data than memory goes to disk."""

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pyarrow as pa
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from typing_extensions import override

from graphrec_core.config import PipelineConfig
from graphrec_core.config.source import SourceConfig, TableConfig, resolve_path
from graphrec_core.engine.csv_tables import copy_csv, typed_csv
from graphrec_core.engine.dialect import SCHEMA, derived_queries, tables_read, to_duckdb
from graphrec_core.engine.duckdb_faults import (
    files_there,
    refuse_error,
    refuse_place,
    without_macros,
)
from graphrec_core.engine.duckdb_parquet import (
    as_spark_has_them,
    literal,
    may_be_renamed,
    parquet_call,
    quoted,
    repeated_column,
)
from graphrec_core.engine.duckdb_query import Query
from graphrec_core.engine.duckdb_types import spark_type
from graphrec_core.engine.engine import NO_NAMES, Engine, Partition, Relation
from graphrec_core.engine.faults import (
    first_line,
    refuse_repeated,
    refuse_select,
    refuse_table,
    refuse_twins,
)
from graphrec_core.engine.folders import (
    NULL_PARTITION,
    linked_folders,
    pattern_files,
    table_files,
)
from graphrec_core.engine.lock import OWN_MACRO, Judge, lock
from graphrec_core.engine.macros import Macros
from graphrec_core.engine.odd_texts import register_odd_texts
from graphrec_core.engine.slices import cut
from graphrec_core.engine.source_size import is_small
from graphrec_core.engine.spill import spill_folder
from graphrec_core.errors import GraphrecError
from graphrec_core.lake import Lake
from graphrec_core.lake.listing import is_folder

BATCH_ROWS = 2**17
STRICT = re.compile("explicit (type )?cast|template type")
"""What DuckDB says of values of types that it does not convert."""
FILE = "graphrec_file"
"""Column of the file that a row is from, while a folder is read."""


@contextmanager
def open_duckdb(config: PipelineConfig, lake: Lake) -> Iterator["DuckDbEngine"]:
    """Opens a database in memory that spills to a temporary folder of this machine."""
    settings = config.snapshot
    with spill_folder() as folder:
        options: dict[str, Any] = {
            "memory_limit": f"{settings.memory.upper()}B",
            "temp_directory": folder,
            "preserve_insertion_order": "false",
        }
        if settings.threads:
            options["threads"] = settings.threads
        connection = duckdb.connect(":memory:", config=options)
        connection.execute("set global timezone = 'UTC'")
        connection.execute(OWN_MACRO)
        register_odd_texts(connection)
        try:
            folders = (lake.layout.pipeline, lake.layout.snapshots)
            engine = DuckDbEngine(connection, folder, *map(lake.storage.uri, folders))
            # Binding what judges events takes DuckDB longer than reading a few of them.
            engine.keeps_events = is_small(config.source)
            yield engine
        finally:
            connection.close()


class DuckDbEngine(Engine):
    """Runs Spark SQL on DuckDB. A relation's handle is a ``Query``.

    Args:
        connection: An open connection whose time zone is UTC.
        folder: A local folder for temporary files.
        lake: URI of the pipeline's folder in the lake.
        snapshots: URI of the folder of the snapshots there.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, folder: str, lake: str, snapshots: str
    ) -> None:
        self.label = f"duckdb-{duckdb.__version__}"
        # A cursor of its own: the connection may run other queries while the rows are read.
        self._reader = connection.cursor()
        # DuckDB goes on while the reader writes a row group; by default it waits after 1 MB.
        self._reader.execute("set streaming_buffer_size = '256MB'")
        self._judge, self._macros = Judge(connection), Macros(connection)
        self._lake, self._snapshots = lake, snapshots
        self._sources, self._is_locked = dict[str, tuple[fsspec.AbstractFileSystem, str]](), False
        self._connection, self._folder = connection, folder
        self._numbers = itertools.count(1)
        self._tables: dict[str, str] = {}
        self._twins: dict[str, str] = {}  # table -> a column that it has twice

    @override
    def register_tables(self, source: SourceConfig, root: str) -> None:
        for name, table in source.tables.items():
            try:
                self._tables[name] = self._read(name, table, root)
            except GraphrecError:
                raise
            except Exception as error:  # a file system raises errors of its own library
                refuse_table(name, table, root, first_line(str(error) or repr(error)), error)
        if not self._is_locked:
            lock(self._connection, list(self._sources), [self._folder, *self._lake_folders()])
            self._is_locked = True

    @property
    @override
    def tables(self) -> Collection[str]:
        return self._tables

    @override
    def select_checked(self, where: str, text: str) -> Relation:
        try:
            translated = self._translated(text)
        except Exception as error:  # unexpected arguments make sqlglot fail in many ways
            refuse_select(where, first_line(str(error)), error)
        try:
            self._judge.check(where, translated, SCHEMA, set(self._tables.values()))
            refuse_repeated(where, self._names(translated))
            self._refuse_texts(where, text)
            for query in derived_queries(text):
                with suppress(duckdb.Error):  # it may need names of the query around it
                    refuse_repeated(where, self._names(self._translated(query)))
            for table in sorted(tables_read(text, self._twins)):
                refuse_twins(table, self._twins[table])
            return self._relation(self._without_huge_integers(translated))
        except duckdb.Error as error:
            plain = to_duckdb(text, self._tables, {}, schema=SCHEMA, is_plain=True)
            refuse_error(
                self._reader, self._sources, where,
                without_macros(error, lambda: self._names(plain)),
            )  # fmt: skip

    @override
    def query(self, text: str, reads: Mapping[str, Relation], **parameters: object) -> Relation:
        queries: dict[str, Query] = {name: rows.handle for name, rows in reads.items()}
        tables = {name: query.name for name, query in queries.items()}
        translated = self._with_macros(to_duckdb(text, tables, parameters))
        return self._relation(translated, *queries.values())

    @override
    def keep(self, where: str, relation: Relation, *, is_read_once: bool = False) -> Relation:
        name = f"kept_{next(self._numbers)}"
        try:
            self._connection.execute(f"create table {name} as {relation.handle.statement()}")
        except duckdb.Error as error:
            refuse_error(self._reader, self._sources, where, error)
        return Relation(Query(name))

    @override
    def drop(self, relation: Relation) -> None:
        self._connection.execute(f"drop table if exists {quoted(relation.handle.name)}")

    @override
    def schema(self, relation: Relation) -> dict[str, str]:
        rows = self._rows(relation)
        return {
            name: spark_type(str(kind))
            for name, kind in zip(rows.columns, rows.types, strict=True)
        }

    @override
    def arrow_schema(self, relation: Relation) -> pa.Schema:
        return self._rows(relation).limit(0).to_arrow_table().schema

    @override
    def collect(self, where: str, relation: Relation) -> pa.Table:
        try:
            return self._rows(relation).to_arrow_table()
        except duckdb.Error as error:
            refuse_error(self._reader, self._sources, where, error)

    @override
    def from_arrow(self, table: pa.Table) -> Relation:
        name = f"kept_{next(self._numbers)}"
        self._connection.register("arrow_rows", table)
        self._connection.execute(f"create table {name} as from arrow_rows")
        self._connection.unregister("arrow_rows")
        return Relation(Query(name))

    @override
    def read_parquet(
        self, uri: str, names: Mapping[str, Mapping[str, str]] = NO_NAMES
    ) -> Relation:
        name = f"read_{next(self._numbers)}"
        try:
            self._scan_folder(*self._file_system(uri), names).create_view(name)
        except duckdb.PermissionException as error:
            refuse_place(uri, error)
        return Relation(Query(name))

    @override
    def partitions(
        self, relation: Relation, by: str, sort_by: Sequence[str]
    ) -> Iterator[Partition]:
        order = ", ".join(f"{quoted(name)} nulls first" for name in (by, *sort_by))
        with files_there(self._sources):
            ordered = self._reader.sql(f"{relation.handle.statement()} order by {order}")
        slices = cut(ordered.to_arrow_reader(BATCH_ROWS), by)
        for value, group in itertools.groupby(slices, key=lambda item: item[0]):
            yield Partition(value, (batch for _, batch in group))

    @override
    def fingerprint(self, relation: Relation, cutoffs: Sequence[datetime] = ()) -> Relation:
        names = ", ".join(map(quoted, sorted(self._rows(relation).columns)))
        parts = ["count(*) as num_rows", "coalesce(sum(row_hash), 0)::varchar as digest"]
        for number, cutoff in enumerate(cutoffs):
            known = f"filter (known_at is null or known_at < '{cutoff.isoformat()}'::timestamptz)"
            parts.append(f"count(*) {known} as num_rows_{number}")
            parts.append(f"coalesce(sum(row_hash) {known}, 0)::varchar as digest_{number}")
        hashed = f"select *, hash({names}) as row_hash from {quoted(relation.handle.name)}"
        return self._relation(f"select {', '.join(parts)} from ({hashed})", relation.handle)

    def _translated(self, text: str, *, is_strict: bool = False) -> str:
        """Translates a SELECT over the raw tables."""
        return self._with_macros(
            to_duckdb(text, self._tables, {}, schema=SCHEMA, is_strict=is_strict)
        )

    def _with_macros(self, text: str) -> str:
        self._macros.make(text)
        return text

    def _names(self, query: str) -> list[str]:
        return [name for name, *_ in self._connection.execute(f"describe {query}").fetchall()]

    def _refuse_texts(self, where: str, text: str) -> None:
        """Refuses texts that DuckDB would convert by itself to compare them."""
        try:
            self._names(self._translated(text, is_strict=True))
        except duckdb.BinderException as error:
            if STRICT.search(str(error)):
                raise
        except (
            duckdb.Error
        ):  # the query itself can be bound: it is no more than another form of it
            return

    def _without_huge_integers(self, query: str) -> str:
        """Makes sums bigint, as Spark's are."""
        columns = self._connection.execute(f"describe {query}").fetchall()
        huge = [quoted(name) for name, kind, *_ in columns if kind == "HUGEINT"]
        if not huge:
            return query
        casts = ", ".join(f"cast({name} as bigint) as {name}" for name in huge)
        return f"select * replace ({casts}) from ({query})"

    def _relation(self, text: str, *reads: Query) -> Relation:
        return Relation(Query(f"query_{next(self._numbers)}", text, reads))

    def _rows(self, relation: Relation) -> duckdb.DuckDBPyRelation:
        """Binds a relation; its rows are computed when they are asked for."""
        with files_there(self._sources):
            return self._connection.sql(relation.handle.statement())

    def _read(self, name: str, table: TableConfig, root: str) -> str:
        if table.catalog:
            raise ValueError("a catalog table needs snapshot.engine: spark")
        view = f"source_{name}"
        if table.file_format == "parquet":
            fs, path = self._file_system(resolve_path(table.path, root))
            folder = is_folder(fs, path)
            rows = self._scan_folder(fs, path) if folder else self._scan_file(fs, path)
            as_spark_has_them(rows).create_view(view)
            if may_be_renamed(rows.columns):
                paths = table_files(fs, path)[0] if folder else pattern_files(fs, path)
                if twin := repeated_column(fs, paths):
                    self._twins[name] = twin
            return view
        path = str(Path(self._folder) / f"{view}.parquet")
        with Path(path).open("wb") as target:
            copy_csv(name, table, root, target)
        self._connection.read_parquet(path).create_view(view)
        if not table.columns:
            return view
        typed = f"typed_{name}"
        text = self._with_macros(to_duckdb(typed_csv(table, "raw_rows"), {"raw_rows": view}, {}))
        self._connection.execute(f"create view {quoted(typed)} as {text}")
        return typed

    def _scan_file(self, fs: fsspec.AbstractFileSystem, path: str) -> duckdb.DuckDBPyRelation:
        paths = [self._source(fs, found) for found in pattern_files(fs, path)]
        return self._connection.sql(f"from {parquet_call(self._connection, paths)}")

    def _lake_folders(self) -> list[str]:
        """Names the pipeline's folder, and where links in its upper folders lead to."""
        fs, path = self._file_system(self._lake)
        if not isinstance(fs, LocalFileSystem):
            return [_with_protocol(fs, path)]
        (_, snapshots) = self._file_system(self._snapshots)
        return [path, *linked_folders(path, 1), *linked_folders(snapshots, 2)]

    def _source(self, fs: fsspec.AbstractFileSystem, path: str) -> str:
        """Returns DuckDB's name of a file, and notes that it may be opened once all is locked."""
        name = _with_protocol(fs, path)
        if not self._is_locked:
            self._sources[name] = fs, path
        return name

    def _scan_folder(
        self,
        fs: fsspec.AbstractFileSystem,
        root: str,
        names: Mapping[str, Mapping[str, str]] = NO_NAMES,
    ) -> duckdb.DuckDBPyRelation:
        """Reads a folder with its partitions as text, as Spark does.

        DuckDB's own partitions are no help: they have guessed types, and take in the folders above
        the table.
        """
        paths, keys = table_files(fs, root)
        sources = [self._source(fs, path) for path in paths]
        rows = parquet_call(self._connection, sources, f"filename = '{FILE}'")
        taken = {FILE, *(key.lower() for key in keys)}
        columns = self._connection.sql(f"from {rows} limit 0").columns
        hidden = [column for column in columns if column.lower() in taken]
        start = len(_with_protocol(fs, root)) + 1
        values = {
            key: f"nullif(url_decode(regexp_extract(substr({FILE}, {start}), "
            f"{literal(f'/{re.escape(key)}=([^/]*)/')}, 1)), '{NULL_PARTITION}')"
            for key in keys
        }
        parts = [
            f"{_named(value, names.get(key, {}))} as {quoted(key)}"
            for key, value in values.items()
        ]
        kept = f"* exclude ({', '.join(map(quoted, hidden))})"
        return self._connection.sql(f"select {', '.join([kept, *parts])} from {rows}")

    def _file_system(self, uri: str) -> tuple[fsspec.AbstractFileSystem, str]:
        """Opens a URI's file system and makes DuckDB read through it; local paths stay its own."""
        fs, path = url_to_fs(uri, use_listings_cache=False)
        if not isinstance(fs, LocalFileSystem) and not self._connection.filesystem_is_registered(
            _protocol(fs)
        ):
            self._connection.register_filesystem(fs)
        return fs, path


def _protocol(fs: fsspec.AbstractFileSystem) -> str:
    return fs.protocol if isinstance(fs.protocol, str) else fs.protocol[0]


def _with_protocol(fs: fsspec.AbstractFileSystem, path: str) -> str:
    return path if isinstance(fs, LocalFileSystem) else f"{_protocol(fs)}://{path}"


def _named(value: str, names: Mapping[str, str]) -> str:
    """Writes an expression whose values stand for others."""
    if not names:
        return value
    whens = " ".join(f"when {literal(old)} then {literal(new)}" for old, new in names.items())
    return f"case {value} {whens} else {value} end"
