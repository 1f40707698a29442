-- Purpose:    how often and how lately a node took part in a view's events.
-- Grain:      one row per node with an event in the view.
-- Reads:      node_pairs (node_id, num_events, last_event_time: one row per pair and end of this
--             node type)
-- Parameters: none
select
    node_id,
    cast(sum(num_events) as bigint) as num_events,
    max(last_event_time) as last_event_time
from node_pairs
group by node_id
