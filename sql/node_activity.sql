-- Purpose:    how often and how lately a node took part in the events of a view's graphs.
-- Grain:      one row per node with an edge.
-- Reads:      node_edges (node_id, num_events, last_event_time: one row per edge and end of this
--             node type)
-- Parameters: none
select
    node_id,
    cast(sum(num_events) as bigint) as num_events,
    max(last_event_time) as last_event_time
from node_edges
group by node_id
