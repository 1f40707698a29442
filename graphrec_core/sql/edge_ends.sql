-- Purpose:    the nodes at one end of the edges of every region's graph.
-- Grain:      one row per region and node.
-- Reads:      region_edges (region, src, dst, num_events, last_event_time, crosses_border: edges
--             by region)
-- Parameters: :is_src  boolean; the end is src, else dst
-- An edge that crosses a border stands in two regions, so events count in halves there.
select
    region,
    case when :is_src then src else dst end as node_id,
    cast(
        sum(case when crosses_border then num_events else 2 * num_events end) as bigint
    ) as num_half_events,
    max(last_event_time) as last_event_time
from region_edges
group by region, case when :is_src then src else dst end
