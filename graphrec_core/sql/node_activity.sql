-- Purpose:    how often and how lately a node took part in the events of a view's graphs.
-- Grain:      one row per node with an edge.
-- Reads:      edge_ends (node_id, num_half_events, last_event_time: by region, edge type and end)
-- Parameters: none
select
    node_id,
    cast(sum(num_half_events) / 2 as bigint) as num_events,
    max(last_event_time) as last_event_time
from edge_ends
group by node_id
