-- Purpose:    the first event of every query node, as if its region's start node had it.
-- Grain:      one row per query node with a home and an event in the view.
-- Reads:      view_events (src, dst, event_time, known_at, weight),
--             src_homes, dst_homes (node_id, home_region: every node of the view)
-- Parameters: :prefix  string; begins the id of a start node
-- Of events at the same time the first dst counts.
with ranked as (
    select
        src_homes.home_region as region,
        view_events.dst,
        view_events.event_time,
        view_events.known_at,
        row_number() over (
            partition by view_events.src
            order by view_events.event_time, view_events.dst, view_events.known_at
        ) as place
    from view_events
    join src_homes on view_events.src = src_homes.node_id
    join dst_homes on view_events.dst = dst_homes.node_id
    where src_homes.home_region is not null
)
select concat(:prefix, region) as src, dst, event_time, known_at, 1D as weight, region
from ranked
where place = 1
