"""The peer of the snapshot builder: the same tables of the generated market, by hand in DuckDB.

What an engineer who knows this market would write: the versions of a node do not overlap, events
are never corrected, so a plain filter is the as-of rule; one scan of the events feeds all views
and holdouts; ids come from the market, so nothing is checked. No code of graphrec is used.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from string import Template

import duckdb

from bench.market import ACTIVE_DAYS, HORIZON_DAYS, NUM_REGIONS, WINDOW_DAYS

NODES_AS_OF = """
create temp table ${ntype}_${view} as
select id, region, valid_from, known_at, $feature
from read_parquet('$data/${ntype}s.parquet')
where valid_from <= $end and (valid_to is null or valid_to > $end) and known_at < $end
"""

OF_VIEW = """,
    count(*) filter (in_$view) as num_events_$view,
    sum(rating) filter (in_$view) as weight_$view,
    min(event_time) filter (in_$view) as first_event_time_$view,
    max(event_time) filter (in_$view) as last_event_time_$view,
    max(known_at) filter (in_$view) as last_known_at_$view"""

OF_HOLDOUT = """,
    count(*) filter (in_$holdout) as num_events_$holdout,
    min(event_time) filter (in_$holdout) as first_event_time_$holdout,
    max(event_time) filter (in_$holdout) as last_event_time_$holdout,
    max(known_at) filter (in_$holdout) as last_known_at_$holdout"""

PAIRS = """
create temp table pairs as
select
    user_id as src,
    item_id as dst$columns
from (
    select
        *,
        event_time < $fit_cut and known_at < $fit_cut as in_fit,
        event_time >= $cut - $window and event_time < $cut and known_at < $cut as in_train,
        event_time >= $as_of - $window as in_serve,
        event_time >= $fit_cut and event_time < $cut and known_at < $cut as in_fit_holdout,
        event_time >= $cut as in_holdout
    from read_parquet('$data/events.parquet')
    where event_time >= $fit_cut - $window and event_time < $as_of and known_at < $as_of
)
group by src, dst
"""

EDGES = """
create temp table edges_$view as
select
    pairs.src,
    pairs.dst,
    cast(weight_$view as double) as weight,
    num_events_$view as num_events,
    first_event_time_$view as first_event_time,
    last_event_time_$view as last_event_time,
    last_known_at_$view as last_known_at,
    users.region <> items.region as crosses_border,
    users.region as src_region,
    items.region as dst_region
from pairs
join user_$view as users on pairs.src = users.id
join item_$view as items on pairs.dst = items.id
where num_events_$view > 0
"""

ACTIVITY = """
create temp table ${ntype}_activity_${view} as
select
    $side as id,
    cast(sum(num_events) as bigint) as num_events,
    max(last_event_time) as last_event_time
from edges_$view
group by $side
"""

NODES_BY_REGION = """
select
    placed.region,
    nodes.id as node_id,
    nodes.valid_from,
    nodes.known_at,
    nodes.$feature,
    nodes.region as home_region,
    coalesce(activity.num_events, 0) as num_events,
    activity.last_event_time,
    coalesce(activity.last_event_time >= $end - $active, false) as is_active,
    placed.role,
    $is_candidate and is_active and placed.role = 'home' as is_candidate
from (
    select region, id, 'home' as role from ${ntype}_$view
    union all
    select distinct $other_region, $side, 'halo' from edges_$view where crosses_border
) as placed
join ${ntype}_$view as nodes on placed.id = nodes.id
left join ${ntype}_activity_$view as activity on placed.id = activity.id
"""

HOLDOUT = """
select
    users.region,
    pairs.src as query_id,
    pairs.dst as candidate_id,
    num_events_$holdout as num_events,
    first_event_time_$holdout as first_event_time,
    last_event_time_$holdout as last_event_time,
    last_known_at_$holdout as last_known_at,
    num_events_$view > 0 as is_seen,
    items.id is not null as is_candidate
from pairs
join user_$view as users on pairs.src = users.id
left join (
    select nodes.id, nodes.region
    from item_$view as nodes
    join item_activity_$view as activity on nodes.id = activity.id
    where activity.last_event_time >= $end - $active
) as items
    on pairs.dst = items.id and users.region = items.region
where num_events_$holdout > 0
"""

REGIONS = tuple(f"r{number}" for number in range(NUM_REGIONS))
ENDS = {"fit": "fit_cut", "train": "cut", "serve": "as_of"}
HOLDOUTS = {"fit": "fit_holdout", "train": "holdout"}
NODE_TYPES = (("user", "src", "dst_region", "age"), ("item", "dst", "src_region", "price"))


def build_by_hand(data: Path, out: Path, as_of: datetime) -> Iterator[str]:
    """Writes the views and holdouts of the market in ``data``, region by region.

    The folders and columns are those of a snapshot, without the columns that are always null.

    Args:
        data: Folder of the market's tables.
        out: Folder to write to.
        as_of: The instant; UTC.

    Yields:
        What was done, after each statement.
    """
    cut = as_of - timedelta(days=HORIZON_DAYS)
    fit_cut = cut - timedelta(days=HORIZON_DAYS)
    names = {
        "data": str(data),
        "as_of": f"timestamptz '{as_of.isoformat()}'",
        "cut": f"timestamptz '{cut.isoformat()}'",
        "fit_cut": f"timestamptz '{fit_cut.isoformat()}'",
        "window": f"interval {WINDOW_DAYS} days",
        "active": f"interval {ACTIVE_DAYS} days",
    }
    with duckdb.connect() as database:
        database.execute("set threads = 2; set memory_limit = '9GB'; set timezone = 'UTC'")
        database.execute(f"set preserve_insertion_order = false; set temp_directory = '{out}.tmp'")

        def run(statement: str, **more: str) -> None:
            database.execute(Template(statement).substitute(names, **more))

        columns = [Template(OF_VIEW).substitute(view=view) for view in ENDS]
        columns += [Template(OF_HOLDOUT).substitute(holdout=name) for name in HOLDOUTS.values()]
        run(PAIRS, columns="".join(columns))
        yield "pairs"
        for view, end in ((view, names[instant]) for view, instant in ENDS.items()):
            for ntype, _, _, feature in NODE_TYPES:
                run(NODES_AS_OF, view=view, end=end, ntype=ntype, feature=feature)
            run(EDGES, view=view)
            for ntype, side, _, _ in NODE_TYPES:  # an event of an unknown node counts nothing
                run(ACTIVITY, view=view, ntype=ntype, side=side)
            yield f"{view}: nodes, edges, activity"
            _write_edges(database, view, out / f"view={view}/edges/rated")
            yield f"{view}: edges written"
            for ntype, side, other_region, feature in NODE_TYPES:
                nodes = Template(NODES_BY_REGION).substitute(
                    names,
                    view=view,
                    end=end,
                    ntype=ntype,
                    side=side,
                    other_region=other_region,
                    feature=feature,
                    is_candidate=str(ntype == "item"),
                )
                _write(database, nodes, "node_id", out / f"view={view}/nodes/{ntype}")
            run("drop table edges_$view", view=view)
            yield f"{view}: nodes written"
        for view, holdout in HOLDOUTS.items():
            end = names[ENDS[view]]
            rows = Template(HOLDOUT).substitute(names, view=view, end=end, holdout=holdout)
            _write(database, rows, "query_id, candidate_id", out / holdout)
            yield f"{holdout} written"


def _write_edges(database: duckdb.DuckDBPyConnection, view: str, folder: Path) -> None:
    for region in REGIONS:
        _copy(
            database,
            f"select * exclude (src_region, dst_region) from edges_{view} "
            f"where src_region = '{region}' or dst_region = '{region}' order by src, dst",
            folder / f"region={region}",
        )


def _write(database: duckdb.DuckDBPyConnection, query: str, order: str, folder: Path) -> None:
    database.execute(f"create or replace temp table by_region as {query}")
    for region in REGIONS:
        _copy(
            database,
            f"select * exclude (region) from by_region where region = '{region}' order by {order}",
            folder / f"region={region}",
        )


def _copy(database: duckdb.DuckDBPyConnection, query: str, folder: Path) -> None:
    # One sorted file per region: `partition_by` does not keep the order of its rows.
    folder.mkdir(parents=True)
    path = folder / "part-00000.parquet"
    database.execute(f"copy ({query}) to '{path}' (format parquet, compression zstd)")
