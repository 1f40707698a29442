-- Purpose:    how often and how lately a node took part in a view's events.
-- Grain:      one row per node with an event in the view.
-- Reads:      node_events (node_id, event_time: one row per event and end of this node type)
-- Parameters: none
select node_id, count(*) as num_events, max(event_time) as last_event_time
from node_events
group by node_id
