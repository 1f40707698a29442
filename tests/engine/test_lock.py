"""What a SELECT could do if the first check had been fooled: nothing beyond its tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb as library
import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec_core.config.source import SourceConfig
from graphrec_core.engine import Engine, open_engine
from graphrec_core.engine.lock import OWN_MACRO, lock, unsteady_functions, unsteady_of_duckdb
from graphrec_core.engine.macros import NAMES, Macros
from graphrec_core.engine.odd_texts import register_odd_texts
from graphrec_core.errors import ConfigError, SchemaError
from graphrec_core.lake import Lake
from tests.support.engines import collected
from tests.support.selects import SELECTS, TABLES
from tests.support.snapshots import tiny_config

ATTACKS = [
    "copy (select 1) to '{folder}/out.csv'",
    "from '{folder}/secret.csv'",
    "from read_text('{folder}/secret.csv')",
    "from read_csv('{folder}/declared/../secret.csv')",
    "from glob('{folder}/*')",
    "attach '{folder}/out.db'",
    "export database '{folder}/out'",
    "install httpfs",
    "load httpfs",
    "set memory_limit = '1GB'",
    "set enable_external_access = true",
    "reset lock_configuration",
    "pragma profiling_output = '{folder}/out'",
    "call enable_logging(storage = 'file', storage_path = '{folder}/out')",
    "from read_parquet('memory://other/secret.parquet')",
    "from a_variable_of_python",
]
QUIET = ("set memory_limit", "load", "install", "reset", "pragma", "call", "set enable")
"""What needs the lock and leaves no file or row behind."""


def write_tables(folder: Path) -> SourceConfig:
    """Writes the tables of the SELECTs as Parquet files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in TABLES.items():
        pq.write_table(table, folder / f"{name}.parquet")
    tables = {name: {"path": f"{name}.parquet"} for name in TABLES}
    return source_of(tables)


def source_of(tables: dict[str, dict[str, str]]) -> SourceConfig:
    """A source of tables; its SELECTs are not of interest."""
    rest = {"nodes": {"a": "select 1"}, "edges": {"b": "select 1"}}
    return SourceConfig.model_validate({"tables": tables, **rest})


@contextmanager
def connection_of(folder: Path, *, is_locked: bool) -> Iterator[library.DuckDBPyConnection]:
    """A connection that reads ``folder/declared``, next to a secret."""
    (folder / "declared").mkdir()
    (folder / "declared/rows.csv").write_text("a\n1\n")
    (folder / "secret.csv").write_text("a\nsecret\n")
    memory = fsspec.filesystem("memory")
    with memory.open("/other/secret.parquet", "wb") as file:
        pq.write_table(pa.table({"a": ["secret"]}), file)
    with library.connect(":memory:") as connection:
        connection.register_filesystem(memory)
        if is_locked:
            lock(connection, [f"{folder}/declared/rows.csv"], [])
        yield connection


def attack(connection: library.DuckDBPyConnection, text: str) -> object:
    """Runs a text, and returns what went wrong for it."""
    a_variable_of_python = pa.table({"a": ["secret"]})  # noqa: F841  (DuckDB would find it)
    try:
        connection.execute(text)
    except library.Error as error:
        return error
    return None


@pytest.mark.parametrize("text", ATTACKS)
def test_a_locked_database_opens_what_was_declared_and_nothing_else(
    tmp_path: Path, text: str
) -> None:
    with connection_of(tmp_path, is_locked=True) as connection:
        before = sorted(tmp_path.rglob("*"))
        assert attack(connection, text.format(folder=tmp_path)) is not None
        assert sorted(tmp_path.rglob("*")) == before
        assert connection.execute(f"from '{tmp_path}/declared/rows.csv'").fetchall() == [(1,)]


@pytest.mark.parametrize("text", [text for text in ATTACKS if not text.startswith(QUIET)])
def test_the_attacks_succeed_without_the_lock(tmp_path: Path, text: str) -> None:
    with connection_of(tmp_path, is_locked=False) as connection:
        assert attack(connection, text.format(folder=tmp_path)) is None


def test_a_locked_engine_spills(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).integers(0, 2**62, (16, 10**6))
    large = pa.table({f"c{number}": column for number, column in enumerate(rows)})  # 128 MB
    config = tiny_config(tmp_path, snapshot={"engine": "duckdb", "memory": "64m", "threads": 1})
    with open_engine(config, Lake(config)) as engine:
        engine.register_tables(write_tables(tmp_path / "in"), str(tmp_path / "in"))
        kept = engine.from_arrow(large)
        count = engine.query("select count(*) as n from kept", {"kept": kept})
        assert collected(engine, count) == [{"n": 10**6}]
    settings = {"memory_limit": "64MB", "threads": 1, "temp_directory": ""}
    with library.connect(":memory:", config=settings) as connection:
        connection.register("rows", large)
        with pytest.raises(library.OutOfMemoryException):
            connection.execute("create table kept as from rows")


def test_a_locked_engine_reads_its_lake_and_not_the_neighbours(
    duckdb: Engine, tmp_path: Path
) -> None:
    duckdb.register_tables(write_tables(tmp_path / "in"), str(tmp_path / "in"))
    for folder in (tmp_path / "own/tiny/view", tmp_path / "own/other/view"):
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"a": [1]}), folder / "part.parquet")
    assert collected(duckdb, duckdb.read_parquet(f"{tmp_path}/own/tiny/view")) == [{"a": 1}]
    with pytest.raises(ConfigError, match="must lie in the pipeline's folder"):
        duckdb.read_parquet(f"{tmp_path}/own/other/view")


def test_tables_and_lake_behind_a_uri_stay_readable(tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    for path in ("/market/in/t.parquet", "/market/lake/tiny/view/part.parquet"):
        with memory.open(path, "wb") as file:
            pq.write_table(pa.table({"a": [1]}), file)
    sections = {"lake": {"root": "memory://market/lake"}, "snapshot": {"engine": "duckdb"}}
    config = tiny_config(tmp_path, **sections)
    with open_engine(config, Lake(config)) as engine:
        engine.register_tables(source_of({"t": {"path": "t.parquet"}}), "memory://market/in")
        assert collected(engine, engine.select("here", "select a from t")) == [{"a": 1}]
        view = engine.read_parquet("memory://market/lake/tiny/view")
        assert collected(engine, view) == [{"a": 1}]


@pytest.mark.parametrize("text", SELECTS)
def test_an_allowed_select_runs_on_both_engines(engine: Engine, tmp_path: Path, text: str) -> None:
    engine.register_tables(write_tables(tmp_path / "in"), str(tmp_path / "in"))
    assert engine.collect("here", engine.select("here", text)).num_columns


FOOLING = [
    "select 1; select 2",
    "insert into users select * from users",
    "show tables",
    "select * from nowhere",
    "select * from parquet.`/etc/passwd`",
    "select * from range(3)",
    "select uuid() as u from users",
    "with a as (select uuid() as u) select * from a",
    "select current_timestamp() as t from users",
    "select unix_timestamp() as t from users",
]
OF_SPARK = [
    "select transform(user) using 'cat' from users",
    "from users insert overwrite directory '/tmp/x' select user",
    "select reflect('java.lang.System', 'lineSeparator') as r from users",
    "select upper(java_method('java.lang.System', 'lineSeparator')) as r from users",
    "select /*+ repartition(3) */ user from users",
    "select user from users tablesample (10 percent)",
    "select * from identifier('nowhere')",
    "select * from users version as of 1",
    "set spark.sql.ansi.enabled = false",
    "select user from users lateral view inline(array(struct(1))) e as x",
]
OF_DUCKDB = [
    "copy (select 1) to '/tmp/x'",
    "select getvariable('x') as v from users",
    "select current_setting('memory_limit') as v from users",
    "select * from duckdb_settings()",
    "select * from query('select 1')",
    "select * from glob('*')",
    "select nextval('x') from users",
    "select pg_postmaster_start_time() as t from users",
]


@pytest.mark.parametrize("text", [*FOOLING, *OF_DUCKDB])
def test_duckdb_refuses_what_the_first_check_would_have_let_pass(
    duckdb: Engine, tmp_path: Path, text: str
) -> None:
    duckdb.register_tables(write_tables(tmp_path / "in"), str(tmp_path / "in"))
    with pytest.raises((ConfigError, SchemaError), match="here must be"):
        duckdb.select_checked("here", text)


@pytest.mark.spark
@pytest.mark.parametrize("text", [*FOOLING, *OF_SPARK])
def test_spark_refuses_what_the_first_check_would_have_let_pass(
    spark: Engine, tmp_path: Path, text: str
) -> None:
    spark.register_tables(write_tables(tmp_path / "in"), str(tmp_path / "in"))
    with pytest.raises((ConfigError, SchemaError), match="here must be"):
        spark.select_checked("here", text)


@pytest.mark.spark
def test_spark_reads_no_variable_into_a_text(spark: Engine, tmp_path: Path) -> None:
    spark.register_tables(write_tables(tmp_path / "in"), str(tmp_path / "in"))
    text = "select '${spark.app.name}' as name from users where user = 'a'"
    assert collected(spark, spark.select_checked("here", text)) == [{"name": "${spark.app.name}"}]


@pytest.mark.parametrize("text", ["select user from t", "select `user` as node_id from t"])
def test_a_column_user_that_is_not_there_is_not_the_sessions(
    engine: Engine, tmp_path: Path, text: str
) -> None:
    """Both engines have a function of that name, which needs no brackets."""
    folder = tmp_path / "in"
    folder.mkdir()
    pq.write_table(pa.table({"name": ["a"]}), folder / "t.parquet")
    engine.register_tables(source_of({"t": {"path": "t.parquet"}}), str(folder))
    with pytest.raises(SchemaError, match="here must find the column `user`"):
        engine.collect("here", engine.select("here", text))


def test_a_macro_is_as_unsteady_as_what_it_calls() -> None:
    with library.connect() as connection:
        connection.execute("create macro tick(x) as x + random()")
        connection.execute("create macro tock(x) as abs(tick(x))")
        connection.execute("create macro still(x) as abs(x) + (x = 'now') + length('it''s today')")
        found = unsteady_functions(connection)
    assert {"random", "now", "uuid", "tick", "tock"} <= found
    assert not {"still", "abs", "md5", "error"} & found


def test_no_macro_of_ours_is_unsteady() -> None:
    """So what is unsteady is found once, in a database that has none of them."""
    with library.connect() as connection:
        connection.execute(OWN_MACRO)
        register_odd_texts(connection)
        Macros(connection).make(" ".join(NAMES))
        assert unsteady_functions(connection) == unsteady_of_duckdb()


@pytest.mark.spark
def test_a_locked_setting_of_spark_cannot_be_set(tmp_path: Path) -> None:
    settings = {"spark.sql.variable.substitute": "true"}
    config = tiny_config(tmp_path, snapshot={"engine": "spark", "spark_settings": settings})
    with (
        pytest.raises(ConfigError, match=r"spark\.sql\.variable\.substitute"),
        open_engine(config, Lake(config)),
    ):
        pass
