-- Purpose:    the edges of every region's graph: all that touch one of its home nodes.
-- Grain:      one row per region, src and dst.
-- Reads:      view_events (src, dst, event_time, known_at, weight),
--             src_homes, dst_homes (node_id, home_region: every node of the view; a null region
--             is a node that lives everywhere or nowhere)
-- Parameters: :drop_border  boolean; leave out edges whose ends have different homes
-- An edge between two regions stands in both. The maxima let the audit see what fed an edge.
-- Weights are summed as decimals, to nine places: sums of floats depend on the order of rows.
with placed as (
    select
        view_events.*,
        src_homes.home_region as src_region,
        dst_homes.home_region as dst_region,
        coalesce(src_homes.home_region <> dst_homes.home_region, false) as crosses_border
    from view_events
    join src_homes on view_events.src = src_homes.node_id
    join dst_homes on view_events.dst = dst_homes.node_id
),
kept as (
    select
        *,
        explode(array_distinct(array_compact(array(src_region, dst_region)))) as region
    from placed
    where not (:drop_border and crosses_border)
)
select
    region,
    src,
    dst,
    cast(sum(cast(weight as decimal(28, 9))) as double) as weight,
    count(*) as num_events,
    max(event_time) as last_event_time,
    max(known_at) as last_known_at,
    crosses_border
from kept
group by region, src, dst, crosses_border
