"""Compares two snapshots of Parquet files, table by table, without bringing rows together."""

from pathlib import Path

import duckdb

RELATIVE = 1e-9
"""Largest difference of two sums of floats, as a share of them."""
FLOATS = ("FLOAT", "DOUBLE")


def differing_tables(ours: Path, theirs: Path) -> list[str]:
    """Names the tables whose rows differ, each with what differs; empty: equal rows.

    The columns of ``theirs`` decide. Of every table the number of rows and an order-free hash of
    all columns but floats must be equal; a float column must have the same sum, each value
    weighted by the hash of its row, up to 1e-9. The region comes from the folder's name.

    Args:
        ours: Folder of a snapshot's files.
        theirs: Folder of the files to compare with.
    """
    tables = sorted(_tables(theirs) | _tables(ours))
    differences = []
    with duckdb.connect() as database:
        database.execute("set threads = 2; set memory_limit = '6GB'; set timezone = 'UTC'")
        for table in tables:
            if not all(any((root / table).rglob("*.parquet")) for root in (ours, theirs)):
                differences.append(f"{table}: on one side only")
                continue
            columns = _columns(database, theirs / table)
            missing = sorted(set(columns) - set(_columns(database, ours / table)))
            if missing:
                differences.append(f"{table}: no column {', '.join(missing)}")
                continue
            mine, other = (_summary(database, root / table, columns) for root in (ours, theirs))
            wrong = [name for name in mine if not _is_close(mine[name], other[name])]
            if wrong:
                found = ", ".join(f"{name} {mine[name]} <> {other[name]}" for name in wrong)
                differences.append(f"{table}: {found}")
    return differences


def count_rows(folder: Path, table: str) -> int:
    """Returns the number of rows of one table of a snapshot."""
    with duckdb.connect() as database:
        return int(_rows(database, f"select count(*) from {_source(folder / table)}")[0][0])


def _tables(root: Path) -> set[str]:
    return {path.parent.relative_to(root).as_posix() for path in root.rglob("region=*")}


def _source(folder: Path) -> str:
    return (
        f"read_parquet('{folder}/region=*/*.parquet', hive_partitioning = true, "
        "hive_types = {'region': varchar})"
    )


def _columns(database: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, str]:
    return {
        str(row[0]): str(row[1]) for row in _rows(database, f"describe from {_source(folder)}")
    }


def _summary(
    database: duckdb.DuckDBPyConnection, folder: Path, columns: dict[str, str]
) -> dict[str, int | float]:
    exact = [
        f"cast(epoch_us({name}) as varchar)"
        if kind.startswith("TIMESTAMP")
        else f"cast({name} as varchar)"
        for name, kind in sorted(columns.items())
        if kind not in FLOATS
    ]
    # Nulls are marked, because concat_ws leaves them out.
    text = ", ".join(f"coalesce({value}, chr(30))" for value in exact)
    sums = "".join(
        f", count({name}) as num_{name}, sum({name} * (1 + row_hash % 1000)) as {name}"
        for name, kind in sorted(columns.items())
        if kind in FLOATS
    )
    query = (
        f"with hashed as (select *, hash(concat_ws(chr(31), {text})) as row_hash "
        f"from {_source(folder)}) select count(*) as num_rows, "
        f"cast(coalesce(sum(cast(row_hash as hugeint)), 0) as varchar) as digest{sums} from hashed"
    )
    found = database.execute(query)
    names = [column[0] for column in found.description]
    return dict(zip(names, found.fetchall()[0], strict=True))


def _rows(database: duckdb.DuckDBPyConnection, query: str) -> list[tuple]:
    return database.execute(query).fetchall()


def _is_close(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= RELATIVE * max(abs(one), abs(other))
    return one == other
