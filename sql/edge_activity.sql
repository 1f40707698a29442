-- Purpose:    the edges of a view, once each, seen from one of their ends.
-- Grain:      one row per pair of the view.
-- Reads:      region_edges (region, src, dst, num_events, last_event_time, crosses_border: edges
--             by region), src_homes (node_id, home_region)
-- Parameters: :is_src  boolean; the end is src, else dst
-- An edge that crosses a border stands in two regions; it counts in that of its src.
with edges as (
    select src, dst, num_events, last_event_time
    from region_edges
    where not crosses_border
    union all
    select region_edges.src, region_edges.dst, region_edges.num_events, region_edges.last_event_time
    from region_edges
    join src_homes
        on region_edges.src = src_homes.node_id and region_edges.region = src_homes.home_region
    where region_edges.crosses_border
)
select case when :is_src then src else dst end as node_id, num_events, last_event_time
from edges
