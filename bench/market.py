"""A generated market of any size: users rate items of eight regions over 110 days.

Everything is one vectorised DuckDB statement per table that streams to Parquet, so that 200
million events need no memory. Every value is a hash of its row's number: equal sizes, equal rows
(for one version of DuckDB).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import yaml

START = datetime(2026, 1, 1, tzinfo=UTC)
NUM_DAYS = 110
NUM_REGIONS = 8
AS_OF = START + timedelta(days=107)
"""The train view of 100 days then begins with the first event."""
WINDOW_DAYS, HORIZON_DAYS, ACTIVE_DAYS = 100, 7, 90
EVENTS_PER_USER, EVENTS_PER_ITEM = 40, 200
"""20 million events: 500,000 users and 100,000 items. All tables grow alike."""
EVENTS_PER_PARTITION = 1_250_000
"""Of a Spark shuffle: 16 partitions at 20 million events; a task's share stays the same."""

MEMORY = {"duckdb": "9g", "spark": "6g"}
"""DuckDB's is nearly all that its process takes; a JVM takes much beside its heap."""

DRAW = "create macro draw(i, salt) as (hash(64 * i + salt) % 4294967296) / 4294967296.0"
"""A number in [0, 1) for row ``i``; each salt is a stream of its own.

One number is hashed, because ``hash(i, salt)`` of two salts are not independent.
"""

NODES = """
copy (
    with drawn as (
        select
            i // 3 as node,
            i % 3 as version,
            case i % 3
                when 0 then -365 * draw(i // 3, 11)
                when 1 then 10 + 40 * draw(i // 3, 12)
                else 60 + 48 * draw(i // 3, 13)
            end as from_day,
            case i % 3
                when 0 then 10 + 40 * draw(i // 3, 12)
                when 1 then 60 + 48 * draw(i // 3, 13)
            end as to_day
        from range(3 * {num_nodes}) as rows (i)
    )
    select
        '{prefix}' || node as id,
        {start} + to_microseconds(cast(from_day * 86400e6 as bigint)) as valid_from,
        {start} + to_microseconds(cast(to_day * 86400e6 as bigint)) as valid_to,
        valid_from + case
            when version > 0 and draw(node, 14 + version) < 0.01
                then to_seconds(cast(172800 * draw(node, 17) as bigint))
            else interval 0 second
        end as known_at,
        'r' || case
            when version > 0 and draw(node, 20 + version) < 0.03
                then cast(floor({num_regions} * draw(node, 23 + version)) as bigint)
            else node % {num_regions}
        end as region,
        floor(1000 * draw(node, 30 + version)) / 10 as {feature}
    from drawn
) to '{path}' (format parquet, compression zstd)
"""

EVENTS = """
copy (
    with drawn as (
        select
            i,
            cast(floor({num_users} * power(draw(i, 1), 1.5)) as bigint) as user_number,
            {start} + to_microseconds(cast(i * {step_us} as bigint)) as known_at
        from range({num_events}) as rows (i)
    )
    select
        'u' || user_number as user_id,
        'i' || (
            {num_regions}
            * cast(floor({num_items} // {num_regions} * power(draw(i, 2), 2)) as bigint)
            + case
                when draw(i, 3) < 0.9 then user_number % {num_regions}
                else cast(floor({num_regions} * draw(i, 4)) as bigint)
            end
        ) as item_id,
        known_at - to_microseconds(cast(
            1e6 * draw(i, 6) * case when draw(i, 5) < 0.01 then 172800 else 60 end as bigint
        )) as event_time,
        known_at,
        1 + cast(floor(5 * draw(i, 7)) as integer) as rating
    from drawn
) to '{path}' (format parquet, compression zstd)
"""


@dataclass(frozen=True)
class MarketSize:
    """How large a market is.

    Attributes:
        num_events: Ratings, in the order in which they became known.
        num_users: Users, three versions each.
        num_items: Items, three versions each; a multiple of the number of regions.
    """

    num_events: int
    num_users: int
    num_items: int


def market_size(num_events: int) -> MarketSize:
    """Returns the size whose tables have the proportions of 20 million : 500,000 : 100,000."""
    num_items = max(num_events // EVENTS_PER_ITEM // NUM_REGIONS, 1) * NUM_REGIONS
    return MarketSize(num_events, max(num_events // EVENTS_PER_USER, NUM_REGIONS), num_items)


def write_market(folder: Path, size: MarketSize) -> None:
    """Writes users.parquet, items.parquet and events.parquet.

    Events come in the order of ``known_at``; one in a hundred is up to two days late, the others
    up to a minute. Popularity is skewed; nine of ten ratings stay in the user's first region.
    Versions of a node follow each other without a gap; one in a hundred is known late, three in
    a hundred move the node to a region drawn at random.
    """
    folder.mkdir(parents=True, exist_ok=True)
    start = f"timestamptz '{START.isoformat()}'"
    with duckdb.connect() as database:
        database.execute("set threads = 2; set memory_limit = '4GB'; set timezone = 'UTC'")
        database.execute(DRAW)
        for table, prefix, num_nodes, feature in (
            ("users", "u", size.num_users, "age"),
            ("items", "i", size.num_items, "price"),
        ):
            database.execute(
                NODES.format(
                    prefix=prefix,
                    num_nodes=num_nodes,
                    feature=feature,
                    start=start,
                    num_regions=NUM_REGIONS,
                    path=folder / f"{table}.parquet",
                )
            )
        database.execute(
            EVENTS.format(
                num_events=size.num_events,
                num_users=size.num_users,
                num_items=size.num_items,
                start=start,
                step_us=NUM_DAYS * 86_400_000_000 / size.num_events,
                num_regions=NUM_REGIONS,
                path=folder / "events.parquet",
            )
        )


def write_pipeline(path: Path, data: Path, lake: Path, engine: str) -> Path:
    """Writes the YAML of the pipeline that reads the market in ``data``, and returns its path."""
    path.write_text(yaml.safe_dump(pipeline(data, lake, engine)), encoding="utf-8")
    return path


def pipeline(data: Path, lake: Path, engine: str) -> dict[str, Any]:
    """Returns the pipeline that reads the market in ``data``, as it stands in YAML."""
    num_events = pq.read_metadata(data / "events.parquet").num_rows
    versions = "id as node_id, valid_from, valid_to, known_at, region"
    return {
        "pipeline": "market",
        "source": {
            "root": str(data),
            "tables": {name: {"path": f"{name}.parquet"} for name in ("users", "items", "events")},
            "nodes": {
                "user": f"select {versions}, age from users",
                "item": f"select {versions}, price from items",
            },
            "edges": {
                "rated": "select user_id as src, item_id as dst, event_time, known_at, "
                "rating as weight from events"
            },
            "earliest_time": "2020-01-01T00:00:00Z",
        },
        "task": {"query": "user", "candidate": "item", "edge": "rated"},
        "time": {
            "window_days": WINDOW_DAYS,
            "horizon_days": HORIZON_DAYS,
            "active_days": ACTIVE_DAYS,
        },
        "region": {"user": "column", "item": "column", "border": "halo"},
        "snapshot": {
            "engine": engine,
            "memory": MEMORY[engine],
            "threads": 2,
            "spark_master": "local[2]",
            "shuffle_partitions": max(4, num_events // EVENTS_PER_PARTITION),
        },
        "recommender": {"model": "lightgcn"},
        "schedule": {"start": AS_OF.date().isoformat()},
        "lake": {"root": str(lake)},
    }
